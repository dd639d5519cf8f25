//! What somebody may try against the record, the ballots or the service: one file an attacker. `docs/threats.md` says what is
//! promised against each.

mod accused;
mod administrator;
mod colleague;
mod greedy;
mod importer;
mod stranger;
mod supervisor;

use crate::support::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        accused::tests(),
        administrator::tests(),
        colleague::tests(),
        greedy::tests(),
        importer::tests(),
        stranger::tests(),
        supervisor::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
