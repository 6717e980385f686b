//! The command `new`: it writes a crate with a business of its own.
//!
//! The templates are the files of the example `bakery`. They are compiled and tested there, and
//! written under another name.

mod name;

use clap::Args;
use name::Name;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// The options of `new`: the name of the crate, and its madang.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The name of the crate and of the new folder: small letters and digits, and single `-` or `_`
    /// between them. The business has this name with `_` in place of `-`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Depend on the madang in this folder [default: this version, from crates.io]
    #[arg(long, value_name = "PATH")]
    pub madang: Option<PathBuf>,
}

/// The error when no crate is written.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name is not that of a crate.
    #[error(
        "`{0}` is no name for a crate: it has at most {max} characters, begins with a small \
         letter, and has small letters, digits, and single `-` or `_` between them",
        max = name::CHARS_MAX
    )]
    NoName(String),
    /// The name has another meaning in the crate.
    #[error("`{0}` cannot be the name: {1}")]
    Taken(String, &'static str),
    /// The folder exists.
    #[error("{}: the folder exists already, and nothing is written", .0.display())]
    Exists(PathBuf),
    /// The path leads to no madang.
    #[error("--madang {}: there is no crate here, because there is no Cargo.toml", .0.display())]
    NoMadang(PathBuf),
    /// The path cannot be written into a manifest.
    #[error("--madang {}: the path is not UTF-8", .0.display())]
    OddPath(PathBuf),
    /// A file cannot be written.
    #[error("{}: {error}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

/// The files of a new crate, with their templates. `BUSINESS` in a path is the name of the business.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("manifest.toml")),
    ("README.md", include_str!("readme.md")),
    (".gitignore", "/target\n/data\n"),
    ("rustfmt.toml", include_str!("../../rustfmt.toml")),
    ("src/main.rs", include_str!("../../examples/bakery/main.rs")),
    ("src/BUSINESS/mod.rs", include_str!("../../examples/bakery/bakery/mod.rs")),
    ("src/BUSINESS/overview.rs", include_str!("../../examples/bakery/bakery/overview.rs")),
    ("src/BUSINESS/payment.rs", include_str!("../../examples/bakery/bakery/payment.rs")),
    ("src/BUSINESS/specs.rs", include_str!("../../examples/bakery/bakery/specs.rs")),
    ("src/BUSINESS/worlds.rs", include_str!("../../examples/bakery/bakery/worlds.rs")),
    ("story.sh", include_str!("../../examples/bakery/story.sh")),
    ("lib.sh", include_str!("../../examples/lib.sh")),
];

/// Writes the crate into a new folder of its name below `parent`. Returns the folder.
///
/// # Errors
/// When the name is none for a crate, when the folder exists, when there is no madang at the given
/// path, or when a file cannot be written. In the first three cases nothing is written.
pub fn write(options: &Options, parent: &Path) -> Result<PathBuf, NewError> {
    let name = Name::parse(&options.name)?;
    let madang = dependency(options.madang.as_deref())?;
    let folder = parent.join(&options.name);
    let unwritten = |path: &Path, error| NewError::Unwritten { path: path.to_owned(), error };
    fs::create_dir(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(folder.clone()),
        _ => unwritten(&folder, error),
    })?;
    for (path, template) in FILES {
        let file = folder.join(path.replace("BUSINESS", &name.business()));
        let text = name.renamed(template).replace("MADANG", &madang);
        write_file(&file, &text).map_err(|error| unwritten(&file, error))?;
    }
    Ok(folder)
}

/// The text printed after the crate is written: the next commands, and where its madang is from.
#[must_use]
pub fn next_steps(options: &Options, folder: &Path) -> String {
    let (folder, version) = (folder.display(), env!("CARGO_PKG_VERSION"));
    let source = match options.madang {
        Some(_) => String::new(),
        None => format!(
            "It depends on madang {version} from crates.io. When cargo does not find it there, write\n\
             `madang = {{ path = \"PATH\" }}` in Cargo.toml, or use --madang PATH: a folder with madang.\n"
        ),
    };
    format!(
        "{folder} is written. Next:\n  cd {folder}\n  cargo test\n  cargo run -- serve\n  \
         ./story.sh\n{source}"
    )
}

/// The dependency on madang, as a value of TOML.
fn dependency(path: Option<&Path>) -> Result<String, NewError> {
    let Some(path) = path else { return Ok(format!("{:?}", env!("CARGO_PKG_VERSION"))) };
    let no_madang = || NewError::NoMadang(path.to_owned());
    let absolute = path.canonicalize().map_err(|_| no_madang())?;
    if !absolute.join("Cargo.toml").is_file() {
        return Err(no_madang());
    }
    let text = absolute.to_str().ok_or_else(|| NewError::OddPath(path.to_owned()))?;
    // A string of JSON is a string of TOML.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(text)))
}

/// Writes a file and the folders above it. A script can be executed.
fn write_file(file: &Path, text: &str) -> io::Result<()> {
    if let Some(above) = file.parent() {
        fs::create_dir_all(above)?;
    }
    fs::write(file, text)?;
    if text.starts_with("#!") {
        fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
