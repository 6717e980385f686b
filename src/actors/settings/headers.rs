//! The headers that a port sends with every request. Their values can be secrets, so no value is
//! ever shown.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{Error as _, SerializeMap as _},
};
use serde_json::Value;
use std::{collections::BTreeMap, env, fmt, fs, path::PathBuf};

/// The headers of a port, by name: `[ports."business/name".headers]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeadersSettings(BTreeMap<String, HeaderSetting>);

/// The source of the value of a header.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderSetting {
    /// The value itself.
    Plain(String),
    /// The value is in an environment variable.
    Env {
        /// The name of the variable.
        variable: String,
        /// The text before the secret, such as `Bearer `.
        prefix: String,
    },
    /// The value is in a file, without the white space around it.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The text before the secret, such as `Bearer `.
        prefix: String,
    },
}

/// A header that is ready to be sent. It cannot be shown.
pub struct Header {
    /// The name.
    pub name: reqwest::header::HeaderName,
    /// The value. It is marked as sensitive.
    pub value: reqwest::header::HeaderValue,
    /// The text that must not occur in a log: the secret, without its prefix.
    pub secret: String,
}

/// The headers that the transport sets itself.
const OWN: [&str; 8] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "te",
    "traceparent",
    "transfer-encoding",
];

/// The largest file of a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// The text instead of a value.
const MASK: &str = "***";

impl HeadersSettings {
    /// Sets the header of this name.
    #[must_use]
    pub fn with(mut self, name: &str, setting: HeaderSetting) -> Self {
        self.0.insert(name.to_owned(), setting);
        self
    }

    /// Whether there is no header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the values from their sources.
    ///
    /// # Errors
    /// A sentence that names the first unusable header and the reason, without its value.
    pub fn read(&self) -> Result<Vec<Header>, String> {
        let mut headers: Vec<Header> = Vec::new();
        for (name, setting) in &self.0 {
            let header = setting.header(name).map_err(|reason| format!("{name}: {reason}"))?;
            if headers.iter().any(|other| other.name == header.name) {
                return Err(format!("{name}: this header is given twice"));
            }
            headers.push(header);
        }
        Ok(headers)
    }
}

impl HeaderSetting {
    fn header(&self, name: &str) -> Result<Header, String> {
        let name: reqwest::header::HeaderName =
            name.parse().map_err(|_| "this is not the name of a header".to_owned())?;
        if OWN.contains(&name.as_str()) {
            return Err("the server sets this header itself".to_owned());
        }
        let (prefix, secret) = self.secret()?;
        if secret.is_empty() {
            return Err(format!("{} is empty", self.source()));
        }
        let value = format!("{prefix}{secret}").parse::<reqwest::header::HeaderValue>();
        let mut value =
            value.map_err(|_| format!("{} is not the value of a header", self.source()))?;
        value.set_sensitive(true);
        Ok(Header { name, value, secret })
    }

    /// The prefix and the secret.
    fn secret(&self) -> Result<(&str, String), String> {
        let in_source = |reason: &dyn fmt::Display| format!("{} {reason}", self.source());
        match self {
            Self::Plain(value) => Ok(("", value.clone())),
            Self::Env { variable, prefix } => match env::var(variable) {
                Ok(secret) => Ok((prefix, secret.trim().to_owned())),
                Err(env::VarError::NotPresent) => Err(in_source(&"is not set")),
                // The error of the standard library shows the value.
                Err(env::VarError::NotUnicode(_)) => Err(in_source(&"is not text")),
            },
            Self::File { path, prefix } => {
                let cannot = |error| in_source(&format!("cannot be read: {error}"));
                if fs::metadata(path).map_err(cannot)?.len() > SECRET_BYTES_MAX {
                    let reason = format!("is larger than {SECRET_BYTES_MAX} bytes");
                    return Err(in_source(&reason));
                }
                let secret = fs::read_to_string(path).map_err(cannot)?;
                Ok((prefix, secret.trim().to_owned()))
            }
        }
    }

    fn source(&self) -> String {
        match self {
            Self::Plain(_) => "the value".to_owned(),
            Self::Env { variable, .. } => format!("the variable {variable}"),
            Self::File { path, .. } => format!("the file {}", path.display()),
        }
    }
}

impl fmt::Debug for HeaderSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str(MASK),
            Self::Env { .. } | Self::File { .. } => write!(f, "{MASK} of {}", self.source()),
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {MASK}", self.name)
    }
}

impl Serialize for HeaderSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, source, prefix) = match self {
            Self::Plain(_) => return serializer.serialize_str(MASK),
            Self::Env { variable, prefix } => ("env", variable.as_str(), prefix),
            Self::File { path, prefix } => {
                let path = path.to_str().ok_or_else(|| S::Error::custom("a path is not text"))?;
                ("file", path, prefix)
            }
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(key, source)?;
        map.serialize_entry("prefix", prefix)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for HeaderSetting {
    /// Reads text, or a table with `env` or `file`. The error does not show what it found.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let setting = match Value::deserialize(deserializer)? {
            Value::String(value) => Some(Self::Plain(value)),
            Value::Object(mut table) => {
                let mut text =
                    |key| table.remove(key).map(|value| value.as_str().map(str::to_owned));
                let (variable, path, prefix) = (text("env"), text("file"), text("prefix"));
                let prefix = prefix.unwrap_or_else(|| Some(String::new()));
                match (variable, path, prefix) {
                    _ if !table.is_empty() => None,
                    (Some(Some(variable)), None, Some(prefix)) => {
                        Some(Self::Env { variable, prefix })
                    }
                    (None, Some(Some(path)), Some(prefix)) => {
                        Some(Self::File { path: path.into(), prefix })
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        setting.ok_or_else(|| {
            D::Error::custom(
                "must be text, { env = \"VARIABLE\" } or { file = \"PATH\" }; a table may have a `prefix` too",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: Value) -> Result<HeadersSettings, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn the_value_of_a_header_is_text_or_comes_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "s3cret\n").unwrap();
        let headers = json!({
            "X-Merchant": "madang",
            "Authorization": { "file": file, "prefix": "Bearer " },
        });
        let headers = settings(headers).unwrap().read().unwrap();
        let sent = headers.iter().map(|header| (header.name.as_str(), header.value.to_str()));
        let sent: Vec<_> = sent.map(|(name, value)| (name, value.unwrap())).collect();
        assert_eq!(sent, [("authorization", "Bearer s3cret"), ("x-merchant", "madang")]);
        assert_eq!(headers[0].secret, "s3cret");
    }

    #[test]
    fn no_value_is_shown_in_debug_output_or_in_a_dump_of_the_settings() {
        let headers = json!({ "X-Key": "s3cret", "Authorization": { "env": "PATH" } });
        let headers = settings(headers).unwrap();
        let path = env::var("PATH").unwrap();
        let read = headers.read().unwrap();
        let shown = format!("{headers:?} {read:?} {}", serde_json::to_string(&headers).unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains(&path), "{shown}");
        assert!(shown.contains("X-Key") && shown.contains("the variable PATH"), "{shown}");
    }

    #[test]
    fn an_unusable_header_is_named_without_its_value() {
        let cases = [
            (
                json!({ "X": { "env": "MADANG_NO_SUCH" } }),
                "X: the variable MADANG_NO_SUCH is not set",
            ),
            (json!({ "X": { "file": "/no/such" } }), "X: the file /no/such cannot be read: "),
            (json!({ "X": "" }), "X: the value is empty"),
            (json!({ "X": "s3cret\n" }), "X: the value is not the value of a header"),
            (json!({ "X y": "s3cret" }), "X y: this is not the name of a header"),
            (json!({ "x-a": "s3cret", "X-A": "s3cret" }), "x-a: this header is given twice"),
            (json!({ "Host": "s3cret" }), "Host: the server sets this header itself"),
            (json!({ "Idempotency-Key": "s3cret" }), "Idempotency-Key: the server sets this"),
            (json!({ "X": 53_713 }), "must be text, { env ="),
            (json!({ "X": { "env": "A", "file": "B" } }), "must be text, { env ="),
            (json!({ "X": { "env": "A", "colour": "s3cret" } }), "must be text, { env ="),
            (json!({ "X": { "env": "A", "prefix": 53_713 } }), "must be text, { env ="),
        ];
        for (headers, expected) in cases {
            let sentence = settings(headers).and_then(|headers| headers.read()).unwrap_err();
            assert!(sentence.starts_with(expected), "{sentence}");
            assert!(!sentence.contains("s3cret") && !sentence.contains("53"), "{sentence}");
        }
    }
}
