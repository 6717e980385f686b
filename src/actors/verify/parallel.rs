//! Independent checks on all processors, with their results in order.

use std::{
    io,
    num::NonZero,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    thread::{self, Scope, ScopedJoinHandle},
};

/// What a check reports while it runs: what is being read, how much is done, and how much there is.
pub type Report = (String, u64, u64);

/// The receiver of what the checks of one run report.
pub type Reports = Sender<Report>;

/// Reports progress. A verification that is given up does not receive it.
pub fn report(reports: &Reports, what: &str, done: u64, total: u64) {
    let _ = reports.send((what.to_owned(), done, total));
}

/// The reason why there is no result of a thread that panicked.
pub const ENDED_EARLY: &str = "a thread has ended early";

/// Starts a thread of a verification.
///
/// # Errors
/// When the system does not start it.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().name("verify".to_owned()).spawn_scoped(scope, work)
}

/// Returns the number of processors that this process may use.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Runs `check` for each of these, several at once, and returns the results in order. What the
/// checks report goes to `reported`, on this thread. A check that panics, or has no thread, is an
/// error.
pub fn in_parallel<T: Sync, R: Send>(
    of: &[T],
    check: impl Fn(&T, &Reports) -> Result<R, String> + Sync,
    reported: &mut dyn FnMut(Report),
) -> Vec<Result<R, String>> {
    let (report, reports) = channel();
    let (next, check) = (&AtomicUsize::new(0), &check);
    let unchecked = || Err("no thread has checked it to the end".to_owned());
    let mut results: Vec<Result<R, String>> = of.iter().map(|_| unchecked()).collect();
    thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads().min(of.len()) {
            let report = report.clone();
            let work = move || {
                let mut done = Vec::new();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = of.get(nth) else { return done };
                    done.push((nth, check(one, &report)));
                }
            };
            running.extend(spawn(scope, work));
        }
        // The reports end with the threads that send them.
        drop(report);
        reports.iter().for_each(reported);
        for (nth, result) in running.into_iter().filter_map(|it| it.join().ok()).flatten() {
            results[nth] = result;
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_what_is_checked_and_reports_arrive_meanwhile() {
        let numbers: Vec<u64> = (0..1_000).collect();
        let mut reported = 0;
        let check = |number: &u64, reports: &Reports| {
            report(reports, "numbers", *number, 1_000);
            Ok(number * 2)
        };
        let doubled = in_parallel(&numbers, check, &mut |(_, number, _)| reported += number);
        assert!(doubled.iter().zip(&numbers).all(|(found, number)| *found == Ok(number * 2)));
        assert_eq!(reported, 499_500);
    }
}
