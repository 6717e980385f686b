//! A conversation as a page: its records in order, and the sagas that wait.

use super::{
    node::Node,
    table::{put_cell, put_custom_table, put_pages},
    text::{put_element, put_link, put_text},
    value::{Times, put_time, put_value},
};
use crate::domain::kernel::Timestamp;

/// The paths of the aggregates that take part in conversations.
#[derive(Clone, Debug)]
pub struct Participants<'a> {
    /// The path of the business: `/taxi`, or empty when it is served at the root.
    pub prefix: &'a str,
    /// The names of its aggregate kinds.
    pub resources: Vec<&'a str>,
}

/// The attribute of a cell whose text is not wrapped.
const NAME: &str = " class=\"name\"";

/// The attribute of a cell whose text is wrapped between words only.
const WORD: &str = " class=\"word\"";

const COLUMNS: [&str; 7] = ["position", "time", "from", "to", "what", "details", "because of"];

/// Writes the records of a page of a conversation, then the sagas that wait.
pub fn put_conversation(page: &mut String, participants: &Participants, conversation: &Node) {
    let records = conversation.get("_embedded").get("records").items();
    let total = conversation.get("page").get("totalElements").whole().unwrap_or_default();
    let caption = format!("Records in order of position; {total} in all");
    put_custom_table(page, &caption, &COLUMNS, |page| {
        let mut earlier = Vec::with_capacity(records.len());
        for record in records {
            put_record(page, participants, &earlier, record);
            earlier.push(record.get("position").text());
        }
    });
    put_pages(page, conversation);
    put_waiting(page, conversation.get("waiting").items());
}

/// Whether one of the records belongs to this aggregate.
#[must_use]
pub fn has_record_of(conversation: &Node, resource: &str, number: u64) -> bool {
    conversation.get("_embedded").get("records").items().iter().any(|record| {
        let who = record.get("who");
        who.get("resource").text() == resource && who.get("number").whole() == Some(number)
    })
}

fn put_record(page: &mut String, participants: &Participants, earlier: &[&str], record: &Node) {
    let (position, what) = (record.get("position").text(), record.get("what"));
    page.push_str("<tr id=\"");
    put_text(page, position);
    page.push_str("\">");
    put_cell(page, "position", NAME, |page| put_text(page, position));
    put_cell(page, "time", " class=\"time\"", |page| {
        put_value(page, Times::default(), "at", record.get("at"));
    });
    put_cell(page, "from", NAME, |page| put_text(page, &issuer(record.get("issuer"))));
    put_cell(page, "to", NAME, |page| put_target(page, participants, record));
    let (happened, details) = happened(what);
    put_cell(page, "what", WORD, |page| put_text(page, &happened));
    put_cell(page, "details", " class=\"wide\" dir=\"auto\"", |page| {
        put_value(page, Times::default(), "details", details);
    });
    let cause = record.get("cause").get("reactionTo").text();
    put_cell(page, "because of", NAME, |page| {
        if earlier.contains(&cause) {
            put_link(page, &format!("#{cause}"), cause);
        } else {
            put_text(page, cause);
        }
    });
    page.push_str("</tr>\n");
}

/// The sender of a command: `client`, or its role and name.
fn issuer(issuer: &Node) -> String {
    let (role, name) = (issuer.get("role").text(), issuer.get("name").text());
    if role == name { name.to_owned() } else { format!("{role} {name}") }
}

/// Writes the receiver of a command, with a link when its page exists: it does after an event.
fn put_target(page: &mut String, participants: &Participants, record: &Node) {
    let who = record.get("who");
    let (resource, number) = (who.get("resource").text(), who.get("number"));
    let number = number.whole().unwrap_or_default();
    let text = format!("{resource} {number}");
    let is_shown = record.get("what").get("kind").text() == "event"
        && participants.resources.contains(&resource);
    if is_shown {
        put_link(page, &format!("{}/{resource}/{number}", participants.prefix), &text);
    } else {
        put_text(page, &text);
    }
}

/// What a record says, and its details.
fn happened(what: &Node) -> (String, &Node) {
    let name = what.get("name").text();
    match what.get("kind").text() {
        "refused" => (format!("{name} is refused"), what.get("reason")),
        "unchanged" => (format!("{name} had no effect"), &Node::Null),
        "timer" => ("the timer fires".to_owned(), &Node::Null),
        _ => (name.to_owned(), what.get("details")),
    }
}

fn put_waiting(page: &mut String, sagas: &[Node]) {
    let waits = |saga: &&Node| {
        let is_for_nothing = saga.get("waitsFor").get("kind").text() == "nothing";
        !is_for_nothing || !saga.get("stuck").is_empty() || !saga.get("timer").is_empty()
    };
    let waiting: Vec<&Node> = sagas.iter().filter(waits).collect();
    put_element(page, "h2", "Waiting sagas");
    if waiting.is_empty() {
        page.push_str("<p>No saga waits.</p>\n");
        return;
    }
    let columns = ["saga", "waits for", "until", "needs a person", "state"];
    put_custom_table(page, "What each saga waits for now", &columns, |page| {
        for saga in waiting {
            put_saga(page, saga);
        }
    });
}

fn put_saga(page: &mut String, saga: &Node) {
    let waits_for = saga.get("waitsFor");
    let text = |name| saga.get(name).text();
    page.push_str("<tr>");
    put_cell(page, "saga", WORD, |page| put_text(page, text("saga")));
    put_cell(page, "waits for", WORD, |page| {
        let (kind, name) = (waits_for.get("kind").text(), waits_for.get("name").text());
        put_text(page, format!("{kind} {name}").trim_end());
    });
    put_cell(page, "until", " class=\"time\"", |page| {
        if let Some(time) = Timestamp::from_rfc3339(text("timer")) {
            put_time(page, time);
        }
    });
    put_cell(page, "needs a person", " dir=\"auto\"", |page| put_text(page, text("stuck")));
    put_cell(page, "state", " class=\"wide\"", |page| {
        put_value(page, Times::default(), "state", saga.get("state"));
    });
    page.push_str("</tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record(position: &str, kind: &str, resource: &str, cause: &Value) -> Value {
        json!({
            "position": position,
            "at": "2026-11-28T09:15:03.120Z",
            "who": { "resource": resource, "number": 7 },
            "what": { "kind": kind, "name": "Open", "details": { "by": 1 }, "reason": "shut" },
            "cause": cause,
            "issuer": { "role": "saga", "name": "guest" },
        })
    }

    fn shown(records: &[Value], waiting: &Value) -> String {
        let document = json!({ "_embedded": { "records": records }, "waiting": waiting });
        let document = Node::read(document.to_string().as_bytes()).unwrap();
        assert!(has_record_of(&document, "doors", 7) && !has_record_of(&document, "doors", 8));
        let mut page = String::new();
        let participants = Participants { prefix: "/house", resources: vec!["doors"] };
        put_conversation(&mut page, &participants, &document);
        page
    }

    #[test]
    fn a_record_links_to_its_aggregate_after_an_event_and_to_an_earlier_cause() {
        let records = [
            record("0p1", "event", "doors", &json!({ "reactionTo": "0p0" })),
            record("0p2", "refused", "doors", &json!({ "reactionTo": "0p1" })),
            record("0p3", "timer", "guest", &json!({ "timer": true })),
        ];
        let page = shown(&records, &json!([]));
        assert_eq!(page.matches("<a href=\"/house/doors/7\">doors 7</a>").count(), 1, "{page}");
        assert!(page.contains("<tr id=\"0p1\">") && page.contains("<a href=\"#0p1\">0p1</a>"));
        assert!(page.contains(">0p0</td>") && page.contains(">saga guest</td>"), "{page}");
        assert!(page.contains(">Open is refused</td>") && page.contains(">shut</td>"), "{page}");
        assert!(page.contains(">the timer fires</td>") && page.contains("No saga waits."));
    }

    #[test]
    fn only_sagas_that_wait_are_listed() {
        let saga = |name: &str, kind: &str| {
            json!({ "saga": name, "waitsFor": { "kind": kind, "name": "porter" }, "stuck": null,
                "timer": null, "state": { "Open": 1 } })
        };
        let waiting = json!([saga("house/guest", "person"), saga("house/idle", "nothing")]);
        let records = [record("0p1", "event", "doors", &json!({}))];
        let page = shown(&records, &waiting);
        assert!(page.contains(">house/guest</td>") && page.contains(">person porter</td>"));
        assert!(!page.contains("house/idle"), "{page}");
    }
}
