//! What somebody may try against the record, the ballots or the service: one file an attacker. `docs/threats.md` says what is
//! promised against each.

mod accused;
mod administrator;
mod colleague;
mod copyist;
mod forger;
mod greedy;
mod importer;
mod impostor;
mod oneself;
mod printer;
mod stopwatch;
mod stranger;
mod supervisor;

use crate::support::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        accused::tests(),
        administrator::tests(),
        colleague::tests(),
        copyist::tests(),
        forger::tests(),
        greedy::tests(),
        importer::tests(),
        impostor::tests(),
        oneself::tests(),
        printer::tests(),
        stopwatch::tests(),
        stranger::tests(),
        supervisor::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
