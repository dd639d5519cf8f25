//! What somebody may try against the record, the ballots or the service: one file an attacker. `docs/threats.md` says what is
//! promised against each.

mod greedy;
mod importer;
mod printer;
mod stranger;

use crate::support::Test;

pub(crate) fn tests() -> Vec<Test> {
    [greedy::tests(), importer::tests(), printer::tests(), stranger::tests()].into_iter().flatten().collect()
}
