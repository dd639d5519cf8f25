//! How a habit is inferred from what somebody did before: pure arithmetic, without time zones, rows or messages.
//!
//! For one dimension with values v, a customer's evidence a(v) at an instant is the sum over what they did of outcome weight
//! times 2^(-age / half-life), of which some goes to neighbouring hours; ages count from that instant. What they will do next is
//!
//! > p(v) = (a(v) + k · prior(v)) / (Σ a + k)
//!
//! the posterior mean of a multinomial under a Dirichlet prior (Minka, Estimating a Dirichlet distribution, 2000) whose
//! centre is what all customers did, which makes it empirical Bayes (Robbins, 1956): somebody of whom little is known is
//! taken to be like the others, and k is how many contacts it takes to be believed as much as they are.
//!
//! [`model`] answers at an instant, and is the only code that does: a server asks it as of now, and [`replay`] as of the instant
//! of each contact on record, before that contact is known. [`learner`] finds from the replay what [`model`] answers with, and
//! [`calibration`] how often its claims came true; [`prior`] is what all customers did, [`figures`] how well it went;
//! [`simulation`] makes up customers to measure it with.

pub mod calibration;
pub mod figures;
pub mod learner;
pub mod model;
pub mod prior;
pub mod replay;
pub mod simulation;
