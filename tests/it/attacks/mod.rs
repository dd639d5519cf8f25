//! What somebody may try against the record, the ballots or the service: one file an attacker. `docs/threats.md` says what is
//! promised against each.

mod copyist;
mod forger;
mod greedy;
mod importer;
mod impostor;
mod oneself;
mod stranger;

use crate::support::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        copyist::tests(),
        forger::tests(),
        greedy::tests(),
        impostor::tests(),
        importer::tests(),
        oneself::tests(),
        stranger::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
