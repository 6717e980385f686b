//! Every dependency has an allowed licence and source, and none is banned (`deny.toml`).
//!
//! Advisories need a database from the network: `cargo deny check advisories` downloads it.

use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Deserialize;
use std::process::Command;

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    source: Option<String>,
}

#[test]
fn every_licence_is_allowed() {
    let allowed = rules().licenses.allow;
    for Package { name, license, .. } in packages() {
        let license = license.unwrap_or_default();
        assert!(is_allowed(&license, &allowed), "{name}: licensed `{license}`");
    }
}

#[test]
fn every_dependency_comes_from_a_registry() {
    for Package { name, source, .. } in packages() {
        let is_public = source.as_deref().is_none_or(|source| source.starts_with("registry+"));
        assert!(is_public, "{name}: comes from {source:?}");
    }
}

#[test]
fn no_banned_crate_is_a_dependency() {
    let packages = packages();
    for Ban { name, reason } in rules().bans.deny {
        assert!(packages.iter().all(|package| package.name != name), "{name}: {reason}");
    }
}

#[test]
fn a_licence_is_allowed_by_each_part_of_it_or_by_one_alternative() {
    let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned(), "Zlib".to_owned()];
    let good = ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(MIT OR GPL-3.0) AND Zlib"];
    assert_eq!(good.map(|license| is_allowed(license, &allowed)), [true; 4]);
    assert!(is_allowed("Apache-2.0 WITH LLVM-exception", &allowed));
    let bad = ["", "GPL-3.0", "MIT AND GPL-3.0", "GPL-3.0 AND (MIT OR Zlib)"];
    assert_eq!(bad.map(|license| is_allowed(license, &allowed)), [false; 4]);
}

fn rules() -> Rules {
    Figment::from(Toml::file_exact("deny.toml")).extract().unwrap()
}

/// The packages of the build on this platform.
fn packages() -> Vec<Package> {
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--format-version=1", "--locked", "--filter-platform", host];
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

/// An SPDX expression, parsed as SPDX specifies: `OR` binds least, then `AND`, then parentheses. An
/// exception after `WITH` only permits more. Old crates write `/` for `OR`.
fn is_allowed(license: &str, allowed: &[String]) -> bool {
    let spaced = license.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    !words.is_empty() && any(&mut words.into_iter().peekable(), allowed)
}

type Words<'a> = std::iter::Peekable<std::vec::IntoIter<&'a str>>;

fn any(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut is = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        is |= all(words, allowed);
    }
    is
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut is = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        is &= one(words, allowed);
    }
    is
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let is = any(words, allowed);
        words.next();
        return is;
    }
    let is = words.next().is_some_and(|name| allowed.iter().any(|allowed| allowed == name));
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    is
}
