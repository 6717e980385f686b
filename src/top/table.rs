//! Numbers as people read them, and tables of them.

use indicatif::{HumanBytes, HumanCount};
use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

/// A table: the first column is text, and the others are numbers.
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<(Style, Vec<String>)>,
}

impl Table {
    /// An empty table with these names of its columns.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, style: Style, cells: Vec<String>) {
        self.rows.push((style, cells));
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines of the table. The column of this name is marked.
    pub fn lines(self, marked: &str) -> Vec<Line<'static>> {
        let width = |nth: usize| {
            let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(nth));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or_default();
            widest.max(self.header[nth].chars().count())
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let aligned = |nth: usize, text: &str| match (nth, widths[nth]) {
            (0, width) => format!("{text:<width$}"),
            (_, width) => format!("  {text:>width$}"),
        };
        let header = self.header.iter().enumerate().map(|(nth, name)| {
            let style = Style::new().add_modifier(Modifier::BOLD);
            let is_marked = *name == marked;
            let style = if is_marked { style.add_modifier(Modifier::UNDERLINED) } else { style };
            Span::styled(aligned(nth, name), style)
        });
        let header: Line<'static> = header.collect::<Vec<_>>().into();
        let rows = self.rows.iter().map(|(style, cells)| {
            let cells = cells.iter().enumerate().map(|(nth, cell)| aligned(nth, cell));
            Line::styled(cells.collect::<String>(), *style)
        });
        std::iter::once(header).chain(rows).collect()
    }
}

/// A rate or a mean: with one decimal place while it is below ten.
pub fn number(value: f64) -> String {
    if value == 0.0 || value >= 9.95 { whole(value) } else { format!("{value:.1}") }
}

/// A number of things.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub fn whole(value: f64) -> String {
    HumanCount(value.round().max(0.0) as u64).to_string()
}

/// A number of bytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub fn bytes(value: f64) -> String {
    HumanBytes(value.max(0.0) as u64).to_string()
}

/// A short time.
pub fn time(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds < 0.000_999_5 => format!("{:.0} µs", seconds * 1e6),
        Some(seconds) if seconds < 0.009_95 => format!("{:.1} ms", seconds * 1e3),
        Some(seconds) if seconds < 0.999_5 => format!("{:.0} ms", seconds * 1e3),
        Some(seconds) => format!("{seconds:.1} s"),
    }
}

/// A long time, in its two largest units.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
pub fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_few_digits_and_a_unit() {
        let texts = [number(0.0), number(0.25), number(9.96), number(1_234.4), whole(1e6)];
        assert_eq!(texts, ["0", "0.2", "10", "1,234", "1,000,000"]);
        let times = [None, Some(0.000_25), Some(0.001_23), Some(0.045), Some(2.5)].map(time);
        assert_eq!(times, ["-", "250 µs", "1.2 ms", "45 ms", "2.5 s"]);
        assert_eq!([59.0, 61.0, 7_260.0, 90_000.0].map(age), ["59s", "1m 1s", "2h 1m", "1d 1h"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["name", "n"]);
        table.row(Style::new(), vec!["taxi".to_owned(), "10".to_owned()]);
        table.row(Style::new(), vec!["education".to_owned(), "7".to_owned()]);
        let lines: Vec<String> = table.lines("n").iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["name        n", "taxi       10", "education   7"]);
    }
}
