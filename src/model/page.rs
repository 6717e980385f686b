//! A board as a page in Markdown.

use super::{
    board::{Aggregate, Board, Command, Decision, MessageName, Reaction, Trigger},
    shape::{Definition, Types, details},
};
use std::{collections::BTreeSet, fmt::Write as _};

/// Renders a board: its drawing, then its parts as tables.
pub(super) fn page(board: &Board) -> String {
    let name = &board.business;
    let mut page = format!(
        "# {name}\n\nWritten by `madang model`; not by hand.\n\n\
         [![The event-storming board of {name}]({name}.svg)]({name}.svg)\n\n\
         Time runs from left to right. Blue is commanded, orange has happened, lilac decides, red is \
         refused, pink is outside; a green number on an event is a view that shows it. A solid arrow is \
         followed at once or while a client waits, a dashed one later.\n",
    );
    if let Some(missing) = board.missing_outcomes() {
        let _ = writeln!(page, "\n{missing}");
    }
    for aggregate in &board.aggregates {
        page.push_str(&of_aggregate(aggregate));
    }
    for policy in &board.policies {
        let _ = writeln!(page, "\n## Policy `{}`\n", policy.name);
        page.push_str(&table(["whenever", "then"], decisions(&policy.decisions)));
    }
    for service in &board.services {
        let _ = writeln!(page, "\n## Outside service `{}`\n", service.name);
        let asks = service.asks.iter().map(|(asked, meanings)| {
            let meanings =
                meanings.iter().map(|(answer, names)| format!("{answer}: {}", list(names)));
            let meanings = meanings.collect::<Vec<_>>().join("; ");
            [named(&asked.whenever), asked.operation.clone(), meanings]
        });
        page.push_str(&table(["whenever", "is asked to", "and then"], asks));
    }
    for lookup in &board.lookups {
        let _ = writeln!(page, "\n## Lookup `{}` in `{}`\n", lookup.name, lookup.view);
        page.push_str(&table(["whenever", "then one of"], reactions(&lookup.reactions)));
    }
    for view in &board.views {
        let _ = writeln!(page, "\n## View `{}`\n", view.name);
        let _ =
            writeln!(page, "Shows {}. Search by {}.\n", list(&view.shows), code(&view.searchable));
        if let Definition::Fields(fields) = &view.row {
            let fields = fields.iter().map(|field| [field.name.clone(), quoted(&field.kind)]);
            page.push_str(&table(["field", "type"], fields));
        }
        page.push_str(&of_types(&view.types));
    }
    page
}

fn of_aggregate(aggregate: &Aggregate) -> String {
    let mut text = format!("\n## Aggregate `{}`\n\n", aggregate.name);
    let commands = aggregate.commands.iter().map(|command| {
        let issuers: Vec<&str> = command.issuers.iter().map(String::as_str).collect();
        [
            command.what.name.clone(),
            quoted(&command.what.details()),
            if issuers.is_empty() { "internal only".to_owned() } else { issuers.join(", ") },
            outcomes(command),
            names(&command.refused_as),
        ]
    });
    text.push_str(&table(["command", "with", "issued by", "leads to", "or is refused"], commands));
    text.push('\n');
    let events =
        aggregate.events.iter().map(|event| [event.name.clone(), quoted(&event.details())]);
    text.push_str(&table(["event", "with"], events));
    text.push('\n');
    let rejections = aggregate.rejections.iter().map(|rejection| {
        let reason = rejection.reason.replace('<', "‹").replace('>', "›");
        [rejection.what.name.clone(), reason, rejection.kind.clone()]
    });
    text.push_str(&table(["rejection", "reason", "kind"], rejections));
    if !aggregate.requests.is_empty() {
        text.push('\n');
        let requests = aggregate.requests.iter();
        let requests = requests.map(|route| [quoted(&route.request), route.name.clone()]);
        text.push_str(&table(["request", "command"], requests));
    }
    text.push_str(&of_types(&aggregate.types));
    text
}

/// The events that a command may lead to, and what its client waits for.
fn outcomes(command: &Command) -> String {
    let none_found = (!command.has_outcome()).then_some("none was found");
    let nothing = command.may_change_nothing.then_some("nothing").or(none_found);
    let events = command.leads_to.iter().map(String::as_str).chain(nothing);
    let events = events.collect::<Vec<_>>().join(", ");
    let waits_for: Vec<String> = command.waits_for.iter().map(|name| quoted(name)).collect();
    if waits_for.is_empty() {
        return events;
    }
    format!("{events}; a client waits for {}", waits_for.join(", "))
}

fn of_types(types: &Types) -> String {
    let mut text = String::new();
    for (name, definition) in &types.0 {
        let definition = match definition {
            Definition::Fields(fields) => format!("{{ {} }}", details(fields)),
            Definition::OneOf(variants) => {
                let variants = variants.iter().map(|variant| match variant.details() {
                    none if none.is_empty() => variant.name.clone(),
                    some => format!("{} {{ {some} }}", variant.name),
                });
                variants.collect::<Vec<_>>().join(" | ")
            }
            Definition::Value(read) => read.clone(),
        };
        let _ = writeln!(text, "- `{name}` = `{definition}`");
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// One row for each trigger, with its alternatives.
fn decisions(decisions: &[Decision]) -> Vec<[String; 2]> {
    let row = |decision: &Decision| {
        let then: Vec<String> = decision.then.iter().map(list).collect();
        [whenever(&decision.whenever), then.join(" *or* ")]
    };
    decisions.iter().map(row).collect()
}

fn whenever(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Event(message_name) => named(message_name),
        Trigger::Refused(message_name) => format!("{} is refused", named(message_name)),
        Trigger::Unchanged(message_name) => format!("{} has no effect", named(message_name)),
        Trigger::Timer => "the timer fires".to_owned(),
    }
}

/// One row for each trigger, with all commands that follow.
fn reactions(reactions: &BTreeSet<Reaction>) -> Vec<[String; 2]> {
    let triggers: BTreeSet<&Trigger> =
        reactions.iter().map(|reaction| &reaction.whenever).collect();
    let row = |trigger: &Trigger| {
        let then = reactions.iter().filter(|reaction| reaction.whenever == *trigger);
        [whenever(trigger), list(then.map(|reaction| &reaction.then))]
    };
    triggers.into_iter().map(row).collect()
}

fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    text
}

fn list<'a>(names: impl IntoIterator<Item = &'a MessageName>) -> String {
    names.into_iter().map(named).collect::<Vec<_>>().join(", ")
}

/// `orders Called`
fn named(message_name: &MessageName) -> String {
    let aggregate = message_name.aggregate.rsplit('/').next().unwrap_or_default();
    format!("{aggregate} **{}**", message_name.name)
}

fn names(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn code(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
