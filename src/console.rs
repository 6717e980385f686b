//! What commands print: their progress on standard error, and the flaws they found.
//!
//! Progress is a bar on a terminal, and lines elsewhere.

use crate::counted::counted;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::{
    fmt::{Arguments, Display},
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The pause between two lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The most lines of one list that are printed; the rest is counted.
const PRINTED_MAX: usize = 100;

/// The progress of some work: what is done, its rate, and the time left.
pub struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    what: String,
    begun: Instant,
    /// What was done when this part of the work began.
    first: u64,
    shown: Instant,
}

impl Progress {
    /// Progress of work that begins now.
    pub fn begin() -> Self {
        let style = "{msg:24} {bar:32} {human_pos}/{human_len} {per_sec} {eta} left";
        let style = ProgressStyle::with_template(style);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let (bar, begun) = (ProgressBar::new(0).with_style(style), Instant::now());
        let is_terminal = io::stderr().is_terminal();
        Self { bar, is_terminal, what: String::new(), begun, first: 0, shown: begun }
    }

    /// Shows what is done of all there is. A new word begins a new part of the work.
    pub fn show(&mut self, what: &str, done: u64, total: u64) {
        if self.what != what {
            (self.what, self.begun, self.first) = (what.to_owned(), Instant::now(), done);
            self.bar.set_message(self.what.clone());
            self.bar.reset();
            self.bar.set_position(done);
            self.bar.reset_eta();
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
        if !self.is_terminal && self.shown.elapsed() >= LINE_EVERY {
            self.shown = Instant::now();
            let newly = done.saturating_sub(self.first);
            eprintln!("{}", line((what, done, total), newly, self.begun.elapsed()));
        }
    }

    /// Removes the bar.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// Prints a line, in the form of `println!`. A reader that has ended, such as `head`, is no error:
/// the exit code tells the result.
macro_rules! say {
    ($($part:tt)*) => { $crate::console::print_line(format_args!($($part)*)) };
}
pub(crate) use say;

/// Prints a line for [`say!`].
pub fn print_line(line: Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints the first of these, such as flaws, and how many more there are.
pub fn print_first(lines: &[impl Display], one: &str) {
    for line in lines.iter().take(PRINTED_MAX) {
        say!("{line}");
    }
    if lines.len() > PRINTED_MAX {
        let further = counted(lines.len() - PRINTED_MAX, &format!("further {one}"));
        say!("not printed: {further}");
    }
}

fn line((what, done, total): (&str, u64, u64), newly: u64, within: Duration) -> String {
    let millis = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = newly.saturating_mul(1_000) / millis;
    let left = match rate {
        0 => "an unknown time".to_owned(),
        rate => HumanDuration(Duration::from_secs(total.saturating_sub(done) / rate)).to_string(),
    };
    format!("{done} of {total} {what}, {rate} a second, {left} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_rate_and_the_time_left() {
        let shown = line(("records", 600, 1_600), 500, Duration::from_secs(5));
        assert_eq!(shown, "600 of 1600 records, 100 a second, 10 seconds left");
        let first = line(("records", 0, 5), 0, Duration::ZERO);
        assert_eq!(first, "0 of 5 records, 0 a second, an unknown time left");
    }
}
