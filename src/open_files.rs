//! The limit of open files of this process, and the number of connections that fits below it.
//!
//! The store, the views and the calls to outside services open files at any time. Without free file
//! descriptors their errors look like damage. Connections therefore get only the descriptors that
//! are left after a reserve.

use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs;

/// File descriptors reserved for files that are not connections.
const RESERVE: u64 = 256;

/// File descriptors per worker for sockets beyond its connections, such as sockets above the limit
/// while other connections are closed.
const PER_WORKER: u64 = 64;

/// The fewest connections per worker with which the server starts.
const CONNECTIONS_MIN: u64 = 8;

/// The files that this process may have open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    max: u64,
}

/// The limit of open files is too low to serve.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this process may have {max} files open at once, but needs at least {needed} (ulimit -n)")]
pub struct TooFew {
    max: u64,
    needed: u64,
}

impl OpenFiles {
    /// Raises the limit of open files to the hard limit. Call it before the store is opened: the
    /// store fails with misleading errors when the limit is too low.
    ///
    /// # Errors
    /// When the limit is too low for this number of workers, even with no file open.
    pub fn raise(workers: usize) -> Result<Self, TooFew> {
        let files = Self::raised();
        files.per_worker(workers as u64, 0)?;
        Ok(files)
    }

    fn raised() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let mut raised = limit;
        raised.current = raised.maximum;
        let is_raised =
            limit.current == limit.maximum || setrlimit(Resource::Nofile, raised).is_ok();
        let max = if is_raised { limit.maximum } else { limit.current };
        Self { max: max.unwrap_or(u64::MAX) }
    }

    /// The number of connections that each worker may have, at most `wanted`. Call it when the
    /// store is open: it counts the open files.
    ///
    /// # Errors
    /// When each worker would get fewer than [`CONNECTIONS_MIN`].
    pub fn connections(self, workers: usize, wanted: usize) -> Result<usize, TooFew> {
        let open = fs::read_dir("/proc/self/fd").map_or(0, |open| open.count() as u64);
        let connections = self.per_worker(workers as u64, open)?;
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        if connections < wanted {
            tracing::info!(
                per_worker = connections,
                open_files_max = self.max,
                "fewer connections than configured, because few files may be open"
            );
        }
        Ok(connections.min(wanted))
    }

    fn per_worker(self, workers: u64, open: u64) -> Result<u64, TooFew> {
        let workers = workers.max(1);
        let kept = open + RESERVE + workers * PER_WORKER;
        let connections = self.max.saturating_sub(kept) / workers;
        if connections < CONNECTIONS_MIN {
            let needed = kept + workers * CONNECTIONS_MIN;
            return Err(TooFew { max: self.max, needed });
        }
        Ok(connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_get_what_is_left_after_a_reserve() {
        let files = OpenFiles { max: 1_024 };
        assert_eq!(files.per_worker(2, 100), Ok((1_024 - 100 - 256 - 128) / 2));
        assert_eq!(files.per_worker(4, 100), Ok((1_024 - 100 - 256 - 256) / 4));
    }

    #[test]
    fn the_error_about_a_low_limit_names_the_limit_that_is_needed() {
        let too_few = OpenFiles { max: 400 }.per_worker(2, 100).unwrap_err();
        let needed = 100 + 256 + 128 + 16;
        assert_eq!(too_few, TooFew { max: 400, needed });
        assert_eq!(OpenFiles { max: needed }.per_worker(2, 100), Ok(8));
        assert_eq!(OpenFiles { max: u64::MAX }.connections(2, 16_384), Ok(16_384));
    }

    #[test]
    fn the_limit_is_raised_to_the_hard_limit() {
        let raised = OpenFiles::raised();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!((limit.current, limit.current), (limit.maximum, Some(raised.max)));
    }
}
