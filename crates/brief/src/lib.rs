//! A brief in words: what is to be known before meeting a customer (P3), from facts to sentences. Knows no storage and no
//! domain of the server; what the facts are, the server finds.
//!
//! [`fact`] is what can be said, [`words`] keeps what others wrote in quotation marks, [`language`] makes sentences of both. All
//! words are in `languages/`, a file for each language, in the syntax of [Fluent](https://projectfluent.org).

pub mod fact;
pub mod language;
pub mod words;

/// Microseconds since 1970-01-01, UTC; or as many microseconds.
pub type Micros = i64;

pub use language::{Language, Wall};
pub use words::Words;
