//! The figures of this process, as Linux tells them.

use super::families::Families;
use std::{
    fs,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The ticks per second in which Linux counts the time of processors for programs (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// This process, since it began to serve.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    begun: Instant,
    begun_at: SystemTime,
}

/// What `/proc/self` tells. A part that cannot be read is left out.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    resident_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    threads: Option<u64>,
    processor_seconds: Option<f64>,
    open_files: Option<usize>,
    open_files_max: Option<u64>,
}

impl Process {
    /// Creates the figures of a process that begins to serve now.
    #[must_use]
    pub fn begin() -> Self {
        Self { begun: Instant::now(), begun_at: SystemTime::now() }
    }

    /// Adds the figures of the process. The names are those of all exporters.
    pub fn add_to(&self, families: &mut Families) {
        let figures = read();
        let mut gauge = |name, help, value: Option<u64>| {
            if let Some(value) = value {
                families.gauge(name, help).add([], value);
            }
        };
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process in RAM",
            figures.resident_bytes,
        );
        gauge(
            "process_virtual_memory_bytes",
            "Address space of the process",
            figures.virtual_bytes,
        );
        gauge("process_threads", "Threads of the process", figures.threads);
        gauge(
            "process_open_fds",
            "Open file descriptors",
            figures.open_files.map(|files| files as u64),
        );
        gauge(
            "process_max_fds",
            "The most file descriptors that may be open",
            figures.open_files_max,
        );
        if let Some(seconds) = figures.processor_seconds {
            families
                .counter("process_cpu_seconds", "Time of processors that the process has used")
                .add([], seconds);
        }
        let begun_at = self.begun_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        families
            .gauge("process_start_time_seconds", "When the process began to serve, in Unix time")
            .add([], seconds(begun_at));
        families
            .gauge("madang_uptime_seconds", "Time since the process began to serve")
            .add([], seconds(self.begun.elapsed()));
        families
            .gauge("madang_build_info", "The version of madang, with the value 1")
            .add([("version", env!("CARGO_PKG_VERSION"))], 1_u64);
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn read() -> Figures {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (status, limits) = (text("/proc/self/status"), text("/proc/self/limits"));
    let kibibytes = |key: &str| Some(field(&status, key)? * 1_024);
    Figures {
        resident_bytes: kibibytes("VmRSS:"),
        virtual_bytes: kibibytes("VmSize:"),
        threads: field(&status, "Threads:"),
        processor_seconds: processor_seconds(&text("/proc/self/stat")),
        open_files: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
        open_files_max: field(&limits, "Max open files"),
    }
}

/// The first number after a key at the begin of a line.
fn field(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The time of processors, from `/proc/self/stat`. The second field is a name in parentheses, which
/// may have spaces.
#[expect(clippy::cast_precision_loss, reason = "2^53 ticks are three million years")]
fn processor_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks as f64 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_processors_is_that_in_user_and_kernel_mode() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 250 0 0 20 0";
        assert_eq!(processor_seconds(stat), Some(4.0));
    }

    #[test]
    fn a_field_is_the_number_after_its_key() {
        let text = "VmRSS:\t   12 kB\nThreads:\t3\nMax open files   1024   4096   files\n";
        let fields = ["VmRSS:", "Threads:", "Max open files", "VmSize:"];
        assert_eq!(fields.map(|key| field(text, key)), [Some(12), Some(3), Some(1_024), None]);
    }

    #[test]
    fn this_process_has_memory_and_open_files() {
        let figures = read();
        assert!(figures.resident_bytes > Some(1 << 20), "{figures:?}");
        assert!(figures.open_files > Some(2) && figures.threads > Some(0), "{figures:?}");
    }
}
