//! The command `madang contract`: prints, writes and compares the documents of the contract.

use super::{
    ContractBuilder,
    diff::{breaking_changes, breaking_changes_of_protos},
};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The options of `contract`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Print the `OpenAPI` 3.1 document of the requests
    Openapi {
        /// The business; all and the paths of the server when it is not given
        #[arg(value_name = "BUSINESS")]
        business: Option<String>,
    },
    /// Print the `AsyncAPI` 3.0 document of the events
    Asyncapi,
    /// Write openapi.json, asyncapi.json and a .proto file for each business into this folder
    Write {
        /// The folder; it is made when it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Name every change from OLD to NEW that would break a client; exit code 1 when there is one
    Diff {
        /// The older document, of any kind; a file of protobuf ends with .proto
        old: PathBuf,
        /// The newer document, of the same kind
        new: PathBuf,
    },
}

/// Runs the command for these businesses. The result is whether no change breaks a client.
///
/// # Errors
/// When a business is unknown, or a file cannot be read or written.
pub fn run(
    options: &Options,
    builder: &ContractBuilder,
    out: &mut impl Write,
) -> Result<bool, Box<dyn Error>> {
    match &options.action {
        Action::Openapi { business } => {
            let document = builder.openapi(business.as_deref()).ok_or_else(|| {
                let known = builder.businesses().join(", ");
                let business = business.as_deref().unwrap_or_default();
                format!("`{business}`: there is no such business; there are {known}")
            })?;
            print(&document, out)?;
        }
        Action::Asyncapi => print(&builder.asyncapi(), out)?,
        Action::Write { folder } => {
            fs::create_dir_all(folder)?;
            for (name, document) in files(builder) {
                fs::write(folder.join(name), pretty(&document))?;
            }
            for file in builder.protos() {
                fs::write(folder.join(file.name), file.text)?;
            }
        }
        Action::Diff { old, new } => {
            let (old_text, new_text) = (read(old)?, read(new)?);
            let changes = if [old, new].iter().all(|path| is_proto(path)) {
                breaking_changes_of_protos(&old_text, &new_text)?
            } else {
                breaking_changes(&parsed(old, &old_text)?, &parsed(new, &new_text)?)?
            };
            for change in &changes {
                writeln!(out, "{change}")?;
            }
            return Ok(changes.is_empty());
        }
    }
    Ok(true)
}

/// The documents by the names of their files, as they stand in `docs/contract`.
#[must_use]
pub fn files(builder: &ContractBuilder) -> [(&'static str, Value); 2] {
    let openapi = builder.openapi(None).unwrap_or_default();
    [("openapi.json", openapi), ("asyncapi.json", builder.asyncapi())]
}

/// A document as text, one member a line.
#[must_use]
pub fn pretty(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// Prints a document. A closed pipe is not an error: the reading process ended early.
fn print(document: &Value, out: &mut impl Write) -> io::Result<()> {
    match out.write_all(pretty(document).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "proto")
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn parsed(path: &Path, text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{}: {error}", path.display()))
}
