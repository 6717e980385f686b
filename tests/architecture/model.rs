//! The diagrams follow from the declarations of the businesses, and `docs/model` is current.

use madang::{
    domain,
    model::{self, ModelBuilder, board::Board},
};
use std::{collections::BTreeSet, fs, sync::LazyLock};

const RENEW: &str = "cargo run -- model --write docs/model";

/// The most text that Mermaid draws by default, as on GitHub.
const EDGES_MAX: usize = 500;
const CHARACTERS_MAX: usize = 50_000;

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    builder.boards()
});

#[test]
fn the_pages_of_the_businesses_are_current() {
    let files = model::files(&BOARDS);
    for (name, text) in &files {
        let is_current =
            fs::read_to_string(format!("docs/model/{name}")).is_ok_and(|is| is == *text);
        assert!(is_current, "docs/model/{name} is not current; renew it with `{RENEW}`");
    }
    let names: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for entry in fs::read_dir("docs/model").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(name.as_str()), "docs/model/{name} belongs to no business");
    }
}

#[test]
fn a_board_is_the_same_every_time() {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    assert_eq!(model::json(&builder.boards()), model::json(&BOARDS));
}

/// Events that only versions before have recorded: the aggregate kind, and the event.
const OF_VERSIONS_BEFORE: &[(&str, &str)] = &[
    ("claims/rosters", "Staffed"),
    ("insurance/rosters", "Staffed"),
    ("insurance/catalogues", "Quoted"),
];

#[test]
fn every_event_can_occur() {
    for aggregate in BOARDS.iter().flat_map(|board| &board.aggregates) {
        let reached = aggregate.commands.iter().flat_map(|command| &command.leads_to);
        let reached: BTreeSet<&str> = reached.map(String::as_str).collect();
        let declared = aggregate.events.iter().map(|event| event.name.as_str());
        let is_left_out = |event: &&str| {
            OF_VERSIONS_BEFORE.contains(&(&aggregate.name, event))
                || is_of_others(&aggregate.name, event)
        };
        let declared = declared.filter(|event| !is_left_out(event)).collect();
        assert_eq!(reached, declared, "events of {}", aggregate.name);
    }
}

/// Whether only the payments of other businesses have this event: only a taxi ride has a bill that
/// clients add to.
fn is_of_others(aggregate: &str, event: &str) -> bool {
    event == "Amended" && aggregate != "taxi/paymentHistories"
}

#[test]
fn every_internal_command_has_a_sender() {
    for board in BOARDS.iter() {
        let json = serde_json::to_string(&(&board.policies, &board.services, &board.lookups));
        let json = json.unwrap();
        for aggregate in &board.aggregates {
            for command in aggregate.commands.iter().filter(|c| c.issuers.is_empty()) {
                let name = &command.what.name;
                let told = format!("{{\"aggregate\":\"{}\",\"name\":\"{name}\"}}", aggregate.name);
                assert!(json.contains(&told), "no sender of {told}");
            }
        }
    }
}

#[test]
fn the_flowcharts_can_be_drawn() {
    for boards in BOARDS.iter().map(std::slice::from_ref).chain([BOARDS.as_slice()]) {
        let text = model::mermaid(boards);
        let (mut nodes, mut edges, mut depth) = (BTreeSet::new(), vec![], 0_usize);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("flowchart LR"));
        for line in lines.map(str::trim) {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["end"] => depth = depth.checked_sub(1).expect("an open frame"),
                ["subgraph", frame] => {
                    depth += 1;
                    nodes.insert(id(frame));
                }
                ["classDef" | "class", ..] => {}
                [from, arrow, .., to] if is_arrow(arrow) => edges.push((id(from), id(to))),
                _ => {
                    assert!(line.contains(":::"), "not a node: {line}");
                    assert_eq!(line.matches('"').count(), 2, "a label that ends early: {line}");
                    assert!(nodes.insert(id(line)), "twice: {line}");
                }
            }
        }
        assert_eq!(depth, 0, "a frame without an end");
        for (from, to) in &edges {
            assert!(nodes.contains(from) && nodes.contains(to), "{from} to {to}: an unknown node");
        }
        if boards.len() == 1 {
            assert!(edges.len() <= EDGES_MAX, "{} arrows", edges.len());
            assert!(text.len() <= CHARACTERS_MAX, "{} characters", text.len());
        }
    }
}

/// Whether this is an arrow, with or without a label.
fn is_arrow(arrow: &str) -> bool {
    arrow.starts_with("-->") || arrow.starts_with("-.->")
}

/// The start of a node: a name that needs no quotes.
fn id(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    assert!(end > 0, "no name: {text}");
    text[..end].to_owned()
}
