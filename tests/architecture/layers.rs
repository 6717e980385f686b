//! The layers of the runtime: the allowed uses between folders, and no cycles in `src/`.

use crate::{
    businesses,
    imports::{Graph, circles, of_files, of_folders, without_children},
    sources,
};
use std::fs;

/// The folders that each folder of `src/actors` may use, from the lowest to the highest.
const ALLOWED: &[(&str, &[&str])] = &[
    ("support", &[]),
    ("gate", &["support"]),
    ("api", &["gate", "support"]),
    ("settings", &["api", "gate", "support"]),
    ("operations", &["api", "gate", "support"]),
    ("port", &["api", "gate", "operations", "settings", "support"]),
    ("dispatch", &["api", "operations", "support"]),
    ("supervision", &["api", "operations", "settings", "support"]),
    ("persistent_subscription", &["api", "support"]),
    ("subscription", &["dispatch", "operations", "settings", "support"]),
    (
        "aggregate",
        &["api", "dispatch", "gate", "operations", "port", "settings", "supervision", "support"],
    ),
    ("view", &["api", "dispatch", "operations", "subscription", "supervision", "support"]),
    ("saga", &["api", "dispatch", "operations", "subscription", "supervision", "support"]),
    (
        "effect",
        &[
            "api",
            "dispatch",
            "operations",
            "port",
            "subscription",
            "supervision",
            "support",
            "view",
        ],
    ),
    ("conversation", &["api", "dispatch", "saga", "support", "view"]),
    ("evolution", &["api", "conversation", "saga"]),
    (
        "verify",
        &[
            "aggregate",
            "api",
            "conversation",
            "dispatch",
            "evolution",
            "operations",
            "persistent_subscription",
            "saga",
            "settings",
            "subscription",
            "support",
            "view",
        ],
    ),
    ("erasure", &["api", "view"]),
    (
        "runtime",
        &[
            "aggregate",
            "api",
            "conversation",
            "dispatch",
            "effect",
            "erasure",
            "gate",
            "operations",
            "persistent_subscription",
            "port",
            "saga",
            "settings",
            "subscription",
            "supervision",
            "support",
            "view",
        ],
    ),
    (
        "installation",
        &[
            "api",
            "erasure",
            "evolution",
            "gate",
            "persistent_subscription",
            "runtime",
            "settings",
            "support",
            "verify",
        ],
    ),
];

fn files() -> Graph {
    let sources = sources("src").into_iter();
    let sources: Vec<_> =
        sources.map(|(path, text)| (path.to_str().unwrap().to_owned(), text)).collect();
    of_files(&sources)
}

#[test]
fn folders_of_the_runtime_use_only_what_is_allowed() {
    let folders = of_folders(&files(), "crate::actors");
    for (folder, used) in &folders {
        let allowed = ALLOWED.iter().find(|(name, _)| name == folder);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{folder} has no row in ALLOWED"));
        let above: Vec<_> = used.iter().filter(|used| !allowed.contains(&used.as_str())).collect();
        assert!(above.is_empty(), "src/actors/{folder} uses {above:?}");
    }
    assert_eq!(folders.len(), ALLOWED.len());
}

#[test]
fn allowed_uses_point_to_lower_layers() {
    for (nth, (folder, allowed)) in ALLOWED.iter().enumerate() {
        for used in *allowed {
            let at = ALLOWED.iter().position(|(name, _)| name == used);
            assert!(at.is_some_and(|at| at < nth), "{folder} may use {used}, which is not below");
        }
    }
}

#[test]
fn folders_import_each_other_in_no_circle() {
    let files = files();
    let layers = [
        "crate",
        "crate::actors",
        "crate::grpc",
        "crate::http",
        "crate::inbound",
        "crate::store",
        "crate::domain",
    ];
    let businesses = businesses().into_iter().map(|business| format!("crate::domain::{business}"));
    for below in layers.map(str::to_owned).into_iter().chain(businesses) {
        let circles = circles(&of_folders(&files, &below));
        assert!(circles.is_empty(), "{below}: {circles:#?}");
    }
}

#[test]
fn files_import_each_other_in_no_circle_but_modules_and_their_children() {
    let circles = circles(&without_children(&files()));
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Compares the table in docs/architecture.md with the code, and prints the expected table.
#[test]
fn the_document_shows_the_layers_as_they_are() {
    let folders = of_folders(&files(), "crate::actors");
    let rows = ALLOWED.iter().map(|(folder, _)| {
        let used: Vec<_> = folders[*folder].iter().map(|used| format!("`{used}`")).collect();
        let used = if used.is_empty() { "nothing".to_owned() } else { used.join(", ") };
        format!("| `{folder}` | {used} |\n")
    });
    let table: String = rows.collect();
    let document = fs::read_to_string("docs/architecture.md").unwrap();
    assert!(document.contains(&table), "docs/architecture.md has to show:\n{table}");
}
