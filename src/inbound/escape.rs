//! Escaping of text for display: characters that control a terminal or a line are spelt out.

use std::fmt::Write as _;

/// Appends a text with every invisible character spelt out, such as `\u{1b}`. Control characters
/// can rewrite what a terminal shows. Directional overrides can change how a line reads.
pub fn put_visible(into: &mut String, text: &str) {
    for character in text.chars() {
        if is_visible(character) {
            into.push(character);
        } else {
            let _ = write!(into, "\\u{{{:x}}}", u32::from(character));
        }
    }
}

/// Whether a character is displayed as itself and has no other effect.
fn is_visible(character: char) -> bool {
    let steers_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let ends_line = matches!(character, '\u{2028}' | '\u{2029}');
    let is_nothing = matches!(character, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !(character.is_control() || steers_direction || ends_line || is_nothing)
}

/// The first 60 characters of a text, for a message.
#[must_use]
pub fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
