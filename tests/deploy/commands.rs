//! The commands and variables that the files name: the binary has them.

use super::text;
use clap::Parser as _;
use madang::{
    cli::{Cli, Command},
    config::Keys,
    declarations::Declarations,
};
use std::{fs, path::Path};

/// The words of a JSON array in one line of a Dockerfile.
fn words(line: &str) -> Vec<String> {
    let array = line.find('[').map(|start| &line[start..]).expect("an array");
    serde_json::from_str(array).expect("the words of a command")
}

#[track_caller]
fn parsed(words: impl IntoIterator<Item = impl Into<String>>) -> Cli {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

#[test]
fn the_commands_of_the_image_are_those_of_the_binary() {
    let file = text("Dockerfile");
    let lines: Vec<&str> = file.lines().filter(|line| line.contains("[\"")).collect();
    let of = |instruction: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(instruction));
        words(line.unwrap_or_else(|| panic!("{instruction} is missing")))
    };
    let (entrypoint, arguments) = (of("ENTRYPOINT"), of("CMD [\"serve"));
    assert_eq!(entrypoint, ["/usr/bin/madang"]);
    let command = parsed(entrypoint.into_iter().chain(arguments)).command;
    assert!(matches!(command, Some(Command::Serve(_))), "{command:?}");
    let health = parsed(of("CMD [\"/usr/bin/madang")).command;
    assert!(matches!(health, Some(Command::Health(_))), "{health:?}");
}

#[test]
fn the_commands_of_the_unit_and_of_the_pod_are_those_of_the_binary() {
    let unit = super::value(&text("deploy/systemd/madang.service"), "ExecStart");
    let command = parsed(unit.split(' ')).command;
    assert!(matches!(command, Some(Command::Serve(_))), "{unit}");
    let arguments = super::value(&text("deploy/kubernetes/statefulset.yaml"), "args");
    let arguments = arguments.trim_matches(['[', ']']).split(", ");
    let command = parsed(["madang"].into_iter().chain(arguments)).command;
    assert!(matches!(command, Some(Command::Serve(_))), "{command:?}");
}

/// The files of a folder and below it.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_variable_that_a_file_names_is_a_setting() {
    let keys = Keys::with(&Declarations::of(madang::shipped).sections());
    let mut named = Vec::new();
    let documents = ["Dockerfile", "docs/operations.md", "docs/configuration.md"].map(Into::into);
    for path in files(Path::new("deploy")).into_iter().chain(documents) {
        let text = text(&path);
        for rest in text.split("MADANG_").skip(1) {
            let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let name = rest.split(|c: char| !is_part(c)).next().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            let key = name.to_lowercase().replace("__", ".");
            assert!(keys.has(&key), "{}: MADANG_{name} is no setting", path.display());
            named.push(key);
        }
    }
    assert!(named.len() > 1, "{named:?}");
}

#[test]
fn every_file_that_the_build_includes_is_copied_into_the_image() {
    let ignored = text(".dockerignore");
    let copied: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let sources = files(Path::new("src"));
    let sources = sources.iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let mut included = 0;
    for path in sources {
        let text = text(path);
        for macro_name in ["include_str!(\"", "include_bytes!(\""] {
            for rest in text.split(macro_name).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                let file = fs::canonicalize(path.parent().unwrap().join(name)).expect("the file");
                let file = file.strip_prefix(fs::canonicalize(".").unwrap()).unwrap();
                let is_copied = copied.iter().any(|folder| file.starts_with(folder));
                assert!(is_copied, "{}: {} is not copied", path.display(), file.display());
                included += 1;
            }
        }
    }
    assert!(included > 10, "{included}");
}
