//! The outside tools of tests, which `.ci/run` installs.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The path of a tool; `None` when the tools are not installed.
///
/// # Panics
/// In CI, when the tools are not installed, unless `.ci/run` could not install them.
pub fn tool(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("CONTRACT_TOOLS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new("target/contract-tools/bin").to_owned());
    let path = folder.join(name);
    let is_there = path.exists();
    let is_required = env::var_os("CI").is_some() && folder.as_os_str() != "unavailable";
    assert!(is_there || !is_required, "{} is required in CI", path.display());
    if !is_there {
        println!("{} is not installed: its test is skipped", path.display());
    }
    is_there.then(|| fs::canonicalize(folder).expect("the folder").join(name))
}
