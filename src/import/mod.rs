//! Files of other systems, read for those who have them in their hands: `reading` does it, RPCs are in `service`.
//!
//! The engine is `rapport_import`'s, the one behind `rapport import`. Nothing of a file is kept, and nothing is recorded: its rows come
//! back as messages for the methods that record.

mod reading;
pub mod service;
