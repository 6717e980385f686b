//! The prose of the code: each sentence has a subject that exists.

use crate::sources;

/// Words that hide the subject of a sentence, also within names.
const HIDDEN_SUBJECTS: &[&str] = &["somebody", "nobody", "whoever", "everybody", "anybody"];

#[test]
fn comments_messages_and_names_state_their_subject() {
    for (path, text) in sources("src") {
        for line in text.lines() {
            let lower = line.to_lowercase();
            let hidden = HIDDEN_SUBJECTS.iter().find(|word| lower.contains(**word));
            assert_eq!(hidden, None, "{}: {line}", path.display());
        }
    }
}
