//! The prose of comments: each sentence has a subject that exists.

use crate::{is_comment, mentions, sources};

/// Words that hide the subject of a sentence.
const HIDDEN_SUBJECTS: &[&str] = &["somebody", "nobody", "whoever", "everybody", "anybody"];

#[test]
fn comments_name_their_subject() {
    for (path, text) in sources("src") {
        for line in text.lines().filter(|line| is_comment(line)) {
            let line = line.to_lowercase();
            let hidden = HIDDEN_SUBJECTS.iter().find(|word| mentions(&line, word));
            assert_eq!(hidden, None, "{}: {line}", path.display());
        }
    }
}
