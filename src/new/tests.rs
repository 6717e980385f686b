//! Tests of `new`: what is written, under which names, and what is refused.

use super::*;
use std::process::{Command, Output};

fn options(name: &str) -> Options {
    Options { name: name.to_owned(), madang: Some(env!("CARGO_MANIFEST_DIR").into()) }
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let run = Command::new(program).args(arguments).current_dir(folder).output();
    let Output { status, stdout, stderr } = run.expect("the program");
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(status.success(), "{program} {arguments:?}: {stdout}{stderr}");
    stdout
}

/// The longest name, which makes the longest lines.
const LONGEST: &str = "zoo-of-the-old-harbour-of-incheon";

#[test]
fn a_crate_is_written_under_its_name() {
    let parent = tempfile::tempdir().unwrap();
    for name in ["inn", "hotel", "bike_shop", &LONGEST[..name::CHARS_MAX]] {
        let folder = write(&options(name), parent.path()).unwrap();
        assert_eq!(folder, parent.path().join(name));
        let business = name.replace('-', "_");
        for (path, _) in FILES {
            let file = folder.join(path.replace("BUSINESS", &business));
            let text = fs::read_to_string(&file).unwrap();
            for word in ["bakery", "Bakery", "BUSINESS", "CRATE", "MADANG"] {
                assert!(!text.contains(word), "{}: {word}", file.display());
            }
        }
        // Every module is read, and none would be formatted in another way.
        run("rustfmt", &["--check", "--edition=2024", "src/main.rs"], &folder);
        run("sh", &["-n", "story.sh"], &folder);
        let cargo = ["metadata", "--offline", "--no-deps", "--format-version=1"];
        let manifest = run(env!("CARGO"), &cargo, &folder);
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let package = &manifest["packages"][0];
        assert_eq!(
            (&package["name"], &package["targets"][0]["name"]),
            (&name.into(), &name.into())
        );
        let madang = &package["dependencies"][0];
        assert_eq!(
            (&madang["name"], &madang["path"]),
            (&"madang".into(), &env!("CARGO_MANIFEST_DIR").into())
        );
    }
}

#[test]
fn the_crate_bakery_is_the_example() {
    let parent = tempfile::tempdir().unwrap();
    let folder = write(&options("bakery"), parent.path()).unwrap();
    for path in ["main.rs", "bakery/mod.rs", "bakery/payment.rs", "bakery/worlds.rs"] {
        let written = fs::read_to_string(folder.join("src").join(path)).unwrap();
        let example = fs::read_to_string(Path::new("examples/bakery").join(path)).unwrap();
        assert_eq!(written, example, "{path}");
    }
}

#[test]
fn a_folder_that_exists_is_left_as_it_is() {
    let parent = tempfile::tempdir().unwrap();
    let folder = write(&options("hotel"), parent.path()).unwrap();
    fs::write(folder.join("README.md"), "mine").unwrap();
    let refused = write(&options("hotel"), parent.path()).unwrap_err().to_string();
    assert!(
        refused.ends_with("hotel: the folder exists already, and nothing is written"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(folder.join("README.md")).unwrap(), "mine");
}

#[test]
fn a_name_that_is_none_for_a_crate_is_refused_with_a_sentence() {
    let parent = tempfile::tempdir().unwrap();
    let longer = format!("{LONGEST}-and-more");
    for name in ["", "Hotel", "7up", "a--b", "a_", "-a", "a/b", "..", "h\u{f6}tel", &longer] {
        let refused = write(&options(name), parent.path()).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("`{name}` is no name for a crate: ")), "{refused}");
    }
    for (name, meaning) in [
        ("match", "it is a word of Rust"),
        ("proc-macro", "cargo or a dependency has this name"),
        ("gates", "the server has a setting or a path of this name"),
        ("order", "the code of the business uses a type of this name"),
        ("view", "the code of the business uses a type of this name"),
    ] {
        let refused = write(&options(name), parent.path()).unwrap_err().to_string();
        assert_eq!(refused, format!("`{name}` cannot be the name: {meaning}"));
    }
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn the_dependency_is_this_version_or_a_folder_with_a_crate() {
    let parent = tempfile::tempdir().unwrap();
    let published = Options { name: "hotel".into(), madang: None };
    let folder = write(&published, parent.path()).unwrap();
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let line = format!("\nmadang = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&line), "{manifest}");
    let nowhere = Options { name: "inn".into(), madang: Some(parent.path().to_owned()) };
    let refused = write(&nowhere, parent.path()).unwrap_err().to_string();
    assert!(
        refused.ends_with("there is no crate here, because there is no Cargo.toml"),
        "{refused}"
    );
    assert!(!parent.path().join("inn").exists());
}
