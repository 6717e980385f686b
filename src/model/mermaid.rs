//! Boards as a Mermaid flowchart, in the colours of event storming.

use super::board::{Aggregate, Board, MessageName, Trigger};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// The styles of the nodes, in the usual colours of event-storming stickers.
const CLASSES: &str = "  \
    classDef actor fill:#fff9b1,stroke:#c9b400,color:#222\n  \
    classDef command fill:#a6ccf5,stroke:#3a7abf,color:#222\n  \
    classDef event fill:#ffb866,stroke:#c97a1a,color:#222\n  \
    classDef policy fill:#d9b8f0,stroke:#8e5bb5,color:#222\n  \
    classDef view fill:#b9e3a3,stroke:#5a9a3a,color:#222\n  \
    classDef outside fill:#ffb3cf,stroke:#c2527f,color:#222\n  \
    classDef aggregate fill:#fff3b0,stroke:#d4b106,color:#222\n";

/// Renders the boards as one flowchart. Several boards each get a frame of their own.
pub(super) fn flowchart(boards: &[Board]) -> String {
    let mut text = format!("flowchart LR\n{CLASSES}");
    for board in boards {
        let mut chart = Chart { business: &board.business, ..Chart::default() };
        chart.draw(board);
        let framed = boards.len() > 1;
        if framed {
            let _ = writeln!(text, "  subgraph {}[\"{}\"]", id(&[&board.business]), board.business);
        }
        text.push_str(&chart.nodes);
        for ((from, arrow, to), labels) in &chart.edges {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let label = match labels.join(", ") {
                none if none.is_empty() => String::new(),
                some => format!("|\"{}\"|", escaped(&some)),
            };
            let _ = writeln!(text, "  {from} {arrow}{label} {to}");
        }
        if framed {
            text.push_str("  end\n");
        }
    }
    text
}

/// The arrow from a cause to its effect.
const LEADS: &str = "-->";
/// The arrow from an actor to a command, from an aggregate to a view, or for a refused command.
const DOTTED: &str = "-.->";

#[derive(Default)]
struct Chart<'a> {
    business: &'a str,
    nodes: String,
    /// The arrows between two nodes, with their labels.
    edges: BTreeMap<(String, &'static str, String), BTreeSet<String>>,
}

impl Chart<'_> {
    fn draw(&mut self, board: &Board) {
        for aggregate in &board.aggregates {
            self.aggregate(aggregate);
        }
        self.actors(board);
        for policy in &board.policies {
            let name = last(&policy.name);
            let triggers: BTreeSet<&Trigger> =
                policy.reactions.iter().map(|reaction| &reaction.whenever).collect();
            for trigger in triggers {
                let node = self.policy(name, trigger);
                let reactions = policy.reactions.iter();
                for reaction in reactions.filter(|reaction| reaction.whenever == *trigger) {
                    self.edge(&node, LEADS, &command(&reaction.then), "");
                }
            }
        }
        self.outside(board);
        for view in &board.views {
            let node = id(&[&view.name, "view"]);
            self.node(&node, "[\"", last(&view.name), "\"]", "view");
            for shown in &view.shows {
                self.edge(&id(&[&shown.aggregate]), DOTTED, &node, "");
            }
        }
    }

    /// Draws the frame of an aggregate with its commands and events, and the arrows between them.
    fn aggregate(&mut self, aggregate: &Aggregate) {
        let frame = id(&[&aggregate.name]);
        let _ = writeln!(self.nodes, "  subgraph {frame}[\"{}\"]", last(&aggregate.name));
        for command in &aggregate.commands {
            let node = self::command(&MessageName::new(&aggregate.name, &*command.what.name));
            self.node(&node, "[\"", &command.what.name, "\"]", "command");
            for event in &command.leads_to {
                let event = self::event(&MessageName::new(&aggregate.name, &**event));
                self.edge(&node, LEADS, &event, "");
            }
        }
        for event in &aggregate.events {
            let node = self::event(&MessageName::new(&aggregate.name, &*event.name));
            self.node(&node, "[\"", &event.name, "\"]", "event");
        }
        let _ = writeln!(self.nodes, "  end\n  class {frame} aggregate");
    }

    fn actors(&mut self, board: &Board) {
        let mut actors: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for aggregate in &board.aggregates {
            for command in &aggregate.commands {
                let node = self::command(&MessageName::new(&aggregate.name, &*command.what.name));
                for issuer in &command.issuers {
                    actors.entry(issuer).or_default().push(node.clone());
                }
            }
        }
        for (actor, commands) in actors {
            let node = id(&[self.business, actor, "actor"]);
            self.node(&node, "([\"", actor, "\"])", "actor");
            for command in commands {
                self.edge(&node, DOTTED, &command, "");
            }
        }
    }

    /// Draws one node for a trigger on which a saga dispatches commands; returns the id of the
    /// node.
    fn policy(&mut self, name: &str, trigger: &Trigger) -> String {
        let business = self.business;
        let (node, from, label) = match trigger {
            Trigger::Event(message_name) => {
                (id(&[business, name, "on", &event(message_name)]), event(message_name), "")
            }
            Trigger::Refused(message_name) => (
                id(&[business, name, "refused", &command(message_name)]),
                command(message_name),
                "refused",
            ),
            Trigger::Unchanged(message_name) => (
                id(&[business, name, "unchanged", &command(message_name)]),
                command(message_name),
                "has no effect",
            ),
            Trigger::Timer => {
                let node = id(&[business, name, "timer"]);
                self.node(&node, "[\"", &format!("{name}: when the timer fires"), "\"]", "policy");
                return node;
            }
        };
        self.node(&node, "[\"", name, "\"]", "policy");
        let arrow = if label.is_empty() { LEADS } else { DOTTED };
        self.edge(&from, arrow, &node, label);
        node
    }

    /// Draws the outside services and the lookups.
    fn outside(&mut self, board: &Board) {
        for service in &board.services {
            let node = id(&[&service.name, "service"]);
            self.node(&node, "[[\"", last(&service.name), "\"]]", "outside");
            for (asked, meanings) in &service.asks {
                self.edge(&event(&asked.whenever), LEADS, &node, &asked.operation);
                for (answer, commands) in meanings {
                    for message_name in commands {
                        self.edge(&node, LEADS, &command(message_name), answer);
                    }
                }
            }
        }
        for lookup in &board.lookups {
            let node = id(&[&lookup.name, "lookup"]);
            self.node(&node, "{{\"", last(&lookup.name), "\"}}", "policy");
            self.edge(&id(&[&lookup.view, "view"]), DOTTED, &node, "");
            for reaction in &lookup.reactions {
                if let Trigger::Event(message_name) = &reaction.whenever {
                    self.edge(&event(message_name), LEADS, &node, "");
                }
                self.edge(&node, LEADS, &command(&reaction.then), "");
            }
        }
    }

    fn node(&mut self, id: &str, opening: &str, label: &str, closing: &str, class: &str) {
        let _ = writeln!(self.nodes, "  {id}{opening}{}{closing}:::{class}", escaped(label));
    }

    fn edge(&mut self, from: &str, arrow: &'static str, to: &str, label: &str) {
        let labels = self.edges.entry((from.to_owned(), arrow, to.to_owned())).or_default();
        if !label.is_empty() {
            labels.insert(label.to_owned());
        }
    }
}

fn command(message_name: &MessageName) -> String {
    id(&[&message_name.aggregate, "command", &message_name.name])
}

fn event(message_name: &MessageName) -> String {
    id(&[&message_name.aggregate, "event", &message_name.name])
}

/// The id of a node: ASCII letters, digits and underscores; every other character becomes an
/// underscore.
fn id(parts: &[&str]) -> String {
    parts.join("_").replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// Escapes the characters that would end a label early, as entities of Mermaid.
fn escaped(label: &str) -> String {
    label.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}

/// The name without the business.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
