//! Work that keeps a processor busy: counting and dealing votes, comparing ranks. It runs beside the server's threads, and
//! gives way to them: with two processors, one long count would otherwise be felt by every call (issue 13, C).

use crate::error::{Error, Result};

/// How far the work stands back behind calls, as `nice` counts it: about a tenth of a processor that others want too, all of
/// one that is idle.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Does it on a thread of its own, of low priority where the system knows priorities of threads.
///
/// # Errors
/// [`Error::Internal`] if there is no thread to be had, or the work panicked.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("offload".to_owned());
    let begun = thread.spawn(move || {
        stand_back();
        // Nobody waits any longer once the call is given up.
        _ = done.send(work());
    });
    begun.map_err(Error::internal)?;
    result.await.map_err(Error::internal)
}

#[cfg(target_os = "linux")]
fn stand_back() {
    // Of this thread alone: Linux counts priorities by thread.
    if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%cause, "long work runs at the priority of calls");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_stands_back_and_the_caller_does_not() {
        #[cfg(target_os = "linux")]
        let priority = || rustix::process::getpriority_process(None).unwrap_or_default();
        #[cfg(not(target_os = "linux"))]
        let priority = || 0;
        let before = priority();
        let within = run(priority).await.expect("done");
        assert!(cfg!(not(target_os = "linux")) || within >= NICENESS.max(before), "{within}");
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_call() {
        let panicked = run(|| panic!("a fault")).await;
        assert!(matches!(panicked, Err::<(), _>(Error::Internal(_))));
    }
}
