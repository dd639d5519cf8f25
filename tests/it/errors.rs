//! x
use crate::support::Test;
pub(crate) fn tests() -> Vec<Test> { vec![] }
