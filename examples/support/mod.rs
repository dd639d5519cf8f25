//! What the examples share: an organisation of a size that occurs, what it records and votes on, and databases of their own.

pub(crate) mod databases;
pub(crate) mod organisation;
pub(crate) mod record;
pub(crate) mod vote;

/// The program's, so that figures are the program's too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The value that so large a share of them does not exceed, by nearest rank; sorts them. At least one.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values[rank.clamp(1, values.len()) - 1]
}
