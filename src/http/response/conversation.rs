//! The representations of a conversation: JSON, and text in the form of a sequence diagram.

use crate::{
    actors::{Conversation, ConversationEntry, Issuer, Role, Waiting, What},
    counted::counted,
    domain::kernel::{Timestamp, WaitsFor},
    inbound::{
        escape::{put_visible, short},
        position_token::PositionToken,
        problem::Problem,
        query::Query,
    },
};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A page of a conversation, and the query for it.
pub struct ConversationPage<'a> {
    /// `taxi`
    pub business: &'a str,
    /// The number of the conversation.
    pub number: u64,
    /// The path of the conversations.
    pub base: &'a str,
    /// The query, with the page.
    pub query: &'a Query,
    /// The records and the waiting sagas.
    pub conversation: &'a Conversation,
}

/// The value of `?as=`: whether text is wanted; `None` without the parameter.
///
/// # Errors
/// When the query has a sort order or any other parameter.
pub fn as_text(query: &Query) -> Result<Option<bool>, Problem> {
    if !query.page.sort.is_empty() {
        return Err(Problem::bad_query("the order of a conversation cannot be changed"));
    }
    let mut wanted = None;
    for (name, value) in &query.conditions {
        wanted = match (name.as_str(), value.as_str()) {
            ("as", "text") => Some(true),
            ("as", "json") => Some(false),
            ("as", _) => return Err(Problem::bad_query("`as` is `text` or `json`")),
            _ => {
                let name = short(name);
                let reason = format!("`{name}` is not a parameter here; there are page, size, as");
                return Err(Problem::bad_query(reason));
            }
        };
    }
    Ok(wanted)
}

impl ConversationPage<'_> {
    /// HAL, with the records of this page in order of position.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let happenings = &self.conversation.happenings;
        let records: Vec<Value> = happenings.items.iter().map(as_json).collect();
        let waiting: Vec<Value> = self.conversation.waiting.iter().map(waiting_as_json).collect();
        let (page, size) = (self.query.page.number, self.query.page.size);
        let pages = happenings.total.div_ceil(size as u64);
        let mut links = Map::new();
        let mut link = |relation: &str, page: u64| {
            links.insert(relation.to_owned(), json!({ "href": self.href(page) }));
        };
        link("self", page);
        if page > 0 {
            link("prev", page - 1);
        }
        if page + 1 < pages {
            link("next", page + 1);
        }
        let body = json!({
            "business": self.business,
            "number": self.number,
            "_embedded": { "records": records },
            "waiting": waiting,
            "_links": links,
            "page": {
                "size": size,
                "totalElements": happenings.total,
                "totalPages": pages,
                "number": page,
            },
        });
        body.to_string().into_bytes()
    }

    fn href(&self, page: u64) -> String {
        format!("{}/{}?{}", self.base, self.number, self.query.at_page(page))
    }

    /// Plain text with one line per record: position, time, sender, target, outcome and cause.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let happenings = &self.conversation.happenings;
        let mut text = String::new();
        let total = happenings.total;
        let records = counted(total, "record");
        let _ = writeln!(text, "{}, conversation {}: {records}", self.business, self.number);
        let first = happenings.items.first().map_or(Timestamp(0), |first| first.time);
        let _ = writeln!(text, "times are seconds after {}\n", first.to_rfc3339());
        let lines: Vec<Line> =
            happenings.items.iter().map(|happening| Line::of(happening, first)).collect();
        let width = |part: fn(&Line) -> &str| {
            lines.iter().map(|line| part(line).chars().count()).max().unwrap_or(0)
        };
        let positions = width(|line| &line.position);
        let (times, speakers) = (width(|line| &line.time), width(|line| &line.issuer));
        let targets = width(|line| &line.target);
        for Line { position, time, issuer, arrow, target, what } in &lines {
            let _ = writeln!(
                text,
                "{position:>positions$}  {time:>times$}  {issuer:>speakers$} {arrow} {target:<targets$}  {what}",
            );
        }
        if (self.query.page.number + 1).saturating_mul(self.query.page.size as u64) < total {
            let _ = writeln!(text, "\nmore at {}", self.href(self.query.page.number + 1));
        }
        text.push('\n');
        for waiting in &self.conversation.waiting {
            put_waiting(&mut text, waiting);
        }
        text.into_bytes()
    }
}

fn token(position: u64) -> String {
    PositionToken(position).to_string()
}

/// One record as JSON.
pub(super) fn as_json(happening: &ConversationEntry) -> Value {
    let ConversationEntry { position, time, whom, number, version, what, issuer, because_of } =
        happening;
    let (kind, name, further) = match what {
        What::Event(name, details) => ("event", name.as_str(), ("details", details.clone())),
        What::Refused(command, reason) => ("refused", command.as_str(), ("reason", json!(reason))),
        What::Unchanged(command) => ("unchanged", command.as_str(), ("details", Value::Null)),
        What::TimerFired => ("timer", "TimerFired", ("details", Value::Null)),
    };
    let mut what = json!({ "kind": kind, "name": name });
    what[further.0] = further.1;
    let cause = match issuer {
        Issuer::Client(_) => json!({ "request": true }),
        Issuer::Part(..) => json!({ "reactionTo": because_of.map(token) }),
        Issuer::Timer(_) => json!({ "timer": true }),
    };
    json!({
        "position": token(*position),
        "at": time.to_rfc3339(),
        "who": { "resource": whom, "number": number, "version": version },
        "what": what,
        "cause": cause,
        "issuer": issuer_as_json(issuer),
    })
}

fn issuer_as_json(issuer: &Issuer) -> Value {
    let name = match issuer {
        Issuer::Timer(of) => of,
        _ => name_of(issuer),
    };
    let mut shown = json!({ "role": role_of(issuer), "name": name });
    if let Issuer::Client(Some(client)) = issuer {
        shown["subject"] = json!(client.subject);
        shown["as"] = json!(client.role);
    }
    shown
}

const fn role_of(issuer: &Issuer) -> &'static str {
    match issuer {
        Issuer::Client(_) => "client",
        Issuer::Part(Role::Aggregate, _) => "aggregate",
        Issuer::Part(Role::Saga, _) => "saga",
        Issuer::Part(Role::Port, _) => "port",
        Issuer::Part(Role::Lookup, _) => "lookup",
        Issuer::Timer(_) => "timer",
    }
}

fn name_of(issuer: &Issuer) -> &str {
    match issuer {
        Issuer::Part(_, name) => name,
        Issuer::Client(Some(client)) => &client.subject,
        Issuer::Client(None) => "client",
        Issuer::Timer(_) => "timer",
    }
}

fn waiting_as_json(waiting: &Waiting) -> Value {
    let waits_for = match waiting.waits_for {
        WaitsFor::Nothing => json!({ "kind": "nothing" }),
        WaitsFor::Person(role) => json!({ "kind": "person", "name": role }),
        WaitsFor::Part(part) => json!({ "kind": "part", "name": part }),
    };
    json!({
        "saga": waiting.saga,
        "waitsFor": waits_for,
        "state": waiting.state,
        "stuck": waiting.stuck,
        "timer": waiting.timer.map(Timestamp::to_rfc3339),
    })
}

fn put_waiting(text: &mut String, waiting: &Waiting) {
    let _ = match waiting.waits_for {
        WaitsFor::Nothing => write!(text, "{} waits for nothing", waiting.saga),
        WaitsFor::Person(role) => write!(text, "{} waits for a person: {role}", waiting.saga),
        WaitsFor::Part(part) => write!(text, "{} waits for {part}", waiting.saga),
    };
    if let Some(timer) = waiting.timer {
        let _ = write!(text, ", until {}", timer.to_rfc3339());
    }
    if let Some(reason) = &waiting.stuck {
        text.push_str("; it needs a human: ");
        put_visible(text, reason);
    }
    text.push('\n');
}

/// The columns of one line of the text.
struct Line {
    position: String,
    time: String,
    issuer: String,
    arrow: &'static str,
    target: String,
    what: String,
}

impl Line {
    fn of(happening: &ConversationEntry, first: Timestamp) -> Self {
        let ms = happening.time.0.saturating_sub(first.0);
        let mut what = String::new();
        let arrow = match &happening.what {
            What::Event(name, Value::Null) => {
                what.push_str(name);
                "──▶"
            }
            What::Event(name, details) => {
                let _ = write!(what, "{name} ");
                put_visible(&mut what, &details.to_string());
                "──▶"
            }
            What::Refused(command, reason) => {
                let _ = write!(what, "{command} is refused: ");
                put_visible(&mut what, reason);
                "──✕"
            }
            What::Unchanged(command) => {
                let _ = write!(what, "{command} had no effect");
                "──="
            }
            What::TimerFired => {
                what.push_str("the timer fires");
                "──▶"
            }
        };
        if let Some(position) = happening.because_of {
            let _ = write!(what, "  (because of {})", token(position));
        }
        Self {
            position: token(happening.position),
            time: format!("+{}.{:03}", ms / 1_000, ms % 1_000),
            issuer: name_of(&happening.issuer).to_owned(),
            arrow,
            target: format!("{} {}", happening.whom, happening.number),
            what,
        }
    }
}
