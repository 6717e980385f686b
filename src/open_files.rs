//! The limit of open files of this process, and how many connections fit below it.
//!
//! The store, the views and the calls to outside services open files at any time. When a process
//! has none left, that looks like damage there; so connections get what is left after a reserve.

use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs;

/// Files that stay free for what is not a connection.
const RESERVE: u64 = 256;

/// Sockets per worker beside its connections: those above the limit while others are closed.
const PER_WORKER: u64 = 64;

/// Fewer connections per worker make no server.
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
    /// Raises the limit as far as the system lets it be raised. To be done before the store is
    /// opened, which fails in strange ways when there are too few.
    ///
    /// # Errors
    /// When they are too few for so many workers even before anything is open.
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

    /// How many connections each of so many workers may have, at most `wanted`. To be asked when
    /// the store is open.
    ///
    /// # Errors
    /// When too few would be left.
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
    fn a_limit_that_is_too_low_is_named_with_what_is_needed() {
        let too_few = OpenFiles { max: 400 }.per_worker(2, 100).unwrap_err();
        let needed = 100 + 256 + 128 + 16;
        assert_eq!(too_few, TooFew { max: 400, needed });
        assert_eq!(OpenFiles { max: needed }.per_worker(2, 100), Ok(8));
        assert_eq!(OpenFiles { max: u64::MAX }.connections(2, 16_384), Ok(16_384));
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = OpenFiles::raised();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!((limit.current, limit.current), (limit.maximum, Some(raised.max)));
    }
}
