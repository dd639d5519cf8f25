//! What somebody may try against the record, the ballots or the service: one file an attacker. `docs/threats.md` says what is
//! promised against each.

mod importer;

use crate::support::Test;

pub(crate) fn tests() -> Vec<Test> {
    [importer::tests()].into_iter().flatten().collect()
}
