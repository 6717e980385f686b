//! The widths of texts, and their division into lines.
//!
//! A drawing has no font of its own. The widths are those of `DejaVu Sans`, which is wider than Arial,
//! Helvetica and Verdana's other replacements, so that a text fits with any of them.

/// The widths of the characters from the space to the tilde, in hundredths of the font size.
const WIDTHS: [u32; 95] = [
    32, 40, 46, 84, 64, 95, 78, 28, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 69, 69, 70, 77, 63, 58, 78, 75, 30, 30, 66, 56, 86, 75,
    79, 61, 79, 70, 64, 61, 73, 69, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 62, 64, 55, 64, 62, 35,
    64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 41, 52, 39, 64, 59, 82, 59, 59, 53, 64, 34, 64, 84,
];

/// The width of a character that the table does not have.
const WIDTH_MAX: u32 = 100;

/// The width of a text in hundredths of a pixel.
pub(super) fn width(text: &str, size: u32) -> u32 {
    let of = |c: char| {
        let nth = u32::from(c).checked_sub(32).and_then(|nth| usize::try_from(nth).ok());
        nth.and_then(|nth| WIDTHS.get(nth)).copied().unwrap_or(WIDTH_MAX)
    };
    text.chars().map(of).sum::<u32>() * size
}

/// Divides a text into lines of at most `width_max` pixels: between words, otherwise before an
/// upper-case letter, otherwise anywhere.
pub(super) fn wrapped(text: &str, size: u32, width_max: u32) -> Vec<String> {
    let fits = |line: &str| width(line, size) <= width_max * 100;
    let mut lines: Vec<String> = vec![];
    let words = text.split(' ').filter(|word| !word.is_empty());
    let parts = words.flat_map(|word| if fits(word) { vec![(word, true)] } else { parts(word) });
    for (word, is_start) in parts {
        let gap = if is_start { " " } else { "" };
        let joined = lines.last().map(|line| format!("{line}{gap}{word}"));
        match joined.filter(|joined| fits(joined)) {
            Some(joined) => *lines.last_mut().expect("there is a line") = joined,
            None => lines.extend(cut(word, fits)),
        }
    }
    lines
}

/// The parts of a name, each from an upper-case letter, and whether it is the first.
fn parts(name: &str) -> Vec<(&str, bool)> {
    let (mut parts, mut start, mut before) = (vec![], 0, ' ');
    for (at, c) in name.char_indices() {
        if at > start && c.is_uppercase() && before.is_lowercase() {
            parts.push((&name[start..at], start == 0));
            start = at;
        }
        before = c;
    }
    parts.push((&name[start..], start == 0));
    parts
}

/// A part in pieces that fit.
fn cut(part: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in part.chars() {
        let longer = pieces.last().map(|piece| format!("{piece}{c}")).unwrap_or_default();
        match pieces.last_mut() {
            Some(piece) if piece.is_empty() || fits(&longer) => *piece = longer,
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// Escapes the characters that have a meaning in XML.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_between_words_then_within_names_then_anywhere() {
        assert_eq!(wrapped("Refund or Accept", 10, 60), ["Refund or", "Accept"]);
        assert_eq!(wrapped("ReclaimTurnedAway", 10, 60), ["Reclaim", "Turned", "Away"]);
        assert_eq!(wrapped("wwwwwwwwww", 10, 60), ["wwwwwww", "www"]);
        assert!(wrapped("", 10, 60).is_empty());
    }

    #[test]
    fn no_line_is_wider_than_its_limit() {
        for text in
            ["ConfirmShipping, FinishCancelling or RefundDeclined", "Iiii lllWWWWWWWWWWWWWW"]
        {
            for limit in [30, 50, 116] {
                for line in wrapped(text, 12, limit) {
                    assert!(width(&line, 12) <= limit * 100, "{line}: wider than {limit}");
                }
            }
        }
    }
}
