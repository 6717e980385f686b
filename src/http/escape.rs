//! Text as it is safe to show to people: what would steer a terminal or a line of text is spelt out.

use std::fmt::Write as _;

/// Adds a text with everything invisible spelt out: `\u{1b}`. Controls can rewrite what a
/// terminal shows; directional overrides can make a line read as something else.
pub fn put_visible(into: &mut String, text: &str) {
    for character in text.chars() {
        if is_visible(character) {
            into.push(character);
        } else {
            let _ = write!(into, "\\u{{{:x}}}", u32::from(character));
        }
    }
}

/// Whether a character only shows itself.
fn is_visible(character: char) -> bool {
    let steers_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let ends_line = matches!(character, '\u{2028}' | '\u{2029}');
    let is_nothing = matches!(character, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !(character.is_control() || steers_direction || ends_line || is_nothing)
}

/// As much of a text as fits into a sentence.
#[must_use]
pub fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
