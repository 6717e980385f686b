//! The place of a setting: a line of a file, a variable, a flag, or the default.

use figment::Metadata;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The start of the name of a source that is a flag.
pub(super) const FLAG: &str = "--";

/// The place where a setting is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, and the line, if the key has one.
    File(PathBuf, Option<usize>),
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// No source gives it.
    Default,
}

impl Place {
    /// The place of the key with this full name and this source.
    pub(super) fn of(source: Option<&Metadata>, key: &str) -> Self {
        let Some(source) = source else { return Self::Default };
        if let Some(file) = source.source.as_ref().and_then(figment::Source::file_path) {
            return Self::File(file.to_owned(), line(file, key));
        }
        if source.name.contains("environment") {
            let name = key.trim_matches('.').replace('.', "__").to_uppercase();
            return Self::Variable(format!("MADANG_{name}"));
        }
        if source.name.starts_with(FLAG) {
            Self::Flag(source.name.to_string())
        } else {
            Self::Default
        }
    }

    /// The place in parentheses, for the end of an error; empty for defaults and flags.
    pub(super) fn in_parentheses(&self) -> String {
        match self {
            Self::File(..) => format!(" (in {self})"),
            Self::Variable(name) => format!(" (in the variable {name})"),
            Self::Flag(_) | Self::Default => String::new(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, Some(line)) => write!(f, "{}:{line}", file.display()),
            Self::File(file, None) => write!(f, "{}", file.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The line of a key in a file of settings, or of the innermost section of it that the file has.
fn line(file: &Path, key: &str) -> Option<usize> {
    let text = fs::read_to_string(file).ok()?;
    let document = toml_edit::ImDocument::parse(text.as_str()).ok()?;
    let (mut table, mut start) = (Some(document.as_table() as &dyn toml_edit::TableLike), None);
    for part in key.split('.').filter(|part| !part.is_empty()) {
        let Some((name, item)) = table.and_then(|table| table.get_key_value(part)) else { break };
        start = name.span().or_else(|| item.span()).map(|span| span.start).or(start);
        table = item.as_table_like();
    }
    Some(text[..start?].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_key_is_found_in_every_form_of_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madang.toml");
        let text = "listen = \"a\"\ngrpc.calls_max = 1\ntls = { key = \"k\" }\n\n[http]\n\
             # a comment\nhosts = [\n  \"a\",\n]\n[ports.\"taxi/payment\"]\nretries = 1\n";
        fs::write(&file, text).unwrap();
        let lines = [
            ("listen", Some(1)),
            ("grpc.calls_max", Some(2)),
            ("tls.key", Some(3)),
            ("http", Some(5)),
            ("http.hosts.0", Some(7)),
            ("http.workers", Some(5)),
            ("ports.taxi/payment.retries", Some(11)),
            ("ports.taxi/payment.url", Some(10)),
            ("journal", None),
        ];
        for (key, expected) in lines {
            assert_eq!(line(&file, key), expected, "{key}");
        }
    }
}
