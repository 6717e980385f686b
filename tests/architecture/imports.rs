//! The import graph of `src/`, by file and by folder. Tests inside files do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The imports of each file or folder.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The imports of each file, by module path: `actors::gate::rules`. The module of a `mod.rs` is its
/// folder.
pub fn of_files(sources: &[(String, String)]) -> Graph {
    let modules: BTreeSet<String> = sources.iter().map(|(path, _)| module_of(path)).collect();
    let imports = sources.iter().map(|(path, text)| {
        let module = module_of(path);
        let code = code_of(text);
        let mut paths = uses(&code);
        paths.extend(inline(&code));
        let absolute = paths.iter().map(|path| resolve(path, &module));
        let imported = absolute.filter_map(|path| nearest(&path, &modules));
        (module.clone(), imported.filter(|other| *other != module).collect())
    });
    imports.collect()
}

/// The imports of each folder below this one. A file beside the folders counts as a folder.
pub fn of_folders(files: &Graph, below: &str) -> Graph {
    let folder_of = |module: &str| {
        let rest = module.strip_prefix(below)?.strip_prefix("::")?;
        rest.split("::").next().map(str::to_owned)
    };
    let mut folders = Graph::new();
    for (module, imported) in files {
        let Some(folder) = folder_of(module) else { continue };
        let others = imported.iter().filter_map(|other| folder_of(other));
        let others: Vec<_> = others.filter(|other| *other != folder).collect();
        folders.entry(folder).or_default().extend(others);
    }
    folders
}

/// The same graph without imports between a module and its children.
pub fn without_children(files: &Graph) -> Graph {
    let is_child = |one: &str, other: &str| {
        other.strip_prefix(one).is_some_and(|rest| rest.matches("::").count() == 1)
    };
    let of_others = files.iter().map(|(module, imported)| {
        let far =
            imported.iter().filter(|other| !is_child(module, other) && !is_child(other, module));
        (module.clone(), far.cloned().collect())
    });
    of_others.collect()
}

/// The cycles: groups whose members all import each other, directly or indirectly.
pub fn circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|one| (one.as_str(), reach(graph, one))).collect();
    let mut circles = BTreeSet::new();
    for (one, others) in &reached {
        let back = others
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|reached| reached.contains(one)));
        let circle: BTreeSet<String> = back.map(|other| (*other).to_owned()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'a>(graph: &'a Graph, from: &'a str) -> BTreeSet<&'a str> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(one) = next.pop() {
        for other in graph.get(one).into_iter().flatten() {
            if reached.insert(other.as_str()) {
                next.push(other);
            }
        }
    }
    reached
}

/// `src/actors/gate/mod.rs` is `crate::actors::gate`.
fn module_of(path: &str) -> String {
    let path = Path::new(path).strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(last)) {
        parts.pop();
    }
    parts.insert(0, "crate");
    parts.join("::")
}

fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The complete paths of all `use` items at the top level.
fn uses(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let starts = code.match_indices("use ").map(|(start, _)| start);
    for start in starts.filter(|start| is_top_level(&code[..*start])) {
        let tree = code[start + "use ".len()..].split(';').next().unwrap_or_default();
        expand("", tree, &mut paths);
    }
    paths
}

fn is_top_level(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.is_empty() || (line.starts_with("pub") && line.ends_with(' ') && !line.contains("fn "))
}

fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    for part in split(tree) {
        let part = part.trim();
        match part.split_once('{') {
            _ if part.is_empty() => {}
            Some((head, rest)) => {
                let rest = rest.trim_end().strip_suffix('}').unwrap_or(rest);
                expand(&format!("{prefix}{}", head.trim()), rest, paths);
            }
            None => {
                let name = part.split(" as ").next().unwrap_or_default();
                paths.push(format!("{prefix}{}", name.trim()));
            }
        }
    }
}

/// Splits at the commas outside of braces.
fn split(tree: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, character) in tree.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[from..]);
    parts
}

/// Paths in the code itself.
fn inline(code: &str) -> Vec<String> {
    let is_of_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let starts = code.match_indices("crate::").chain(code.match_indices("super::"));
    let paths = starts.map(|(start, _)| {
        code[start..].chars().take_while(|character| is_of_path(*character)).collect::<String>()
    });
    paths.map(|path| path.trim_end_matches(':').to_owned()).collect()
}

fn resolve(path: &str, module: &str) -> String {
    let (mut base, mut rest) = (module.to_owned(), path);
    if path.starts_with("crate::") {
        return path.to_owned();
    }
    while let Some(after) = rest.strip_prefix("super::") {
        base = base.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned());
        rest = after;
    }
    let rest = rest.strip_prefix("self::").unwrap_or(rest);
    format!("{base}::{rest}")
}

/// The module of a path.
fn nearest(path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut path = path;
    loop {
        if modules.contains(path) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once("::")?.0;
    }
}
