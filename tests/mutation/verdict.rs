//! The verdict on a mutation: a server is started on it and queried for all acknowledged records.

use super::{
    acknowledged::{Answered, LISTED, VIEWS, get, list, path_of, send},
    mutating::{Base, Mutation, copy},
    serving::{Started, start},
    support::client,
};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, time::Duration};

/// One answer in this many is requested again.
const REPLAYED_EACH: usize = 12;

/// Longer than the rebuild of a view takes.
const ANEW_WITHIN: Duration = Duration::from_secs(60);

/// Internal words that an error must not contain.
const FOREIGN: [&str; 7] = [
    "tried to serialize",
    "PLEASE REPORT",
    "backtrace",
    "panicked at",
    "Uninitialized",
    "unwrap()",
    "the journal is busy",
];

/// The outcome of a mutation.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The server did not start, and gave a reason.
    Refused(String),
    /// The server serves, and damaged records are answered 5xx with a reason.
    Loud(String),
    /// The server serves all acknowledged records.
    Healed,
    /// The server serves, and an acknowledged record is missing.
    Lost(String),
    /// The server serves something else than the acknowledged records.
    Silent(String),
    /// The server did not start, and gave no understandable reason.
    Unworded(String),
}

impl Verdict {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Loud(_) => "loud",
            Self::Healed => "healed",
            Self::Lost(_) => "lost",
            Self::Silent(_) => "silent",
            Self::Unworded(_) => "unworded",
        }
    }

    pub fn words(&self) -> &str {
        match self {
            Self::Refused(words)
            | Self::Loud(words)
            | Self::Lost(words)
            | Self::Silent(words)
            | Self::Unworded(words) => words,
            Self::Healed => "",
        }
    }
}

/// Starts a server on a damaged copy, and compares its answers.
pub async fn judge(base: &Base, folder: &Path, nth: usize, mutation: &Mutation) -> Verdict {
    let data = folder.join(format!("mutation-{nth}"));
    copy(&base.late, &data);
    mutation.apply(base, &data);
    let starting = data.clone();
    let started = tokio::task::spawn_blocking(move || start(&starting, &[])).await.unwrap();
    let verdict = match started {
        Started::Hanging => Verdict::Unworded("the server neither serves nor ends".to_owned()),
        Started::Ended(code, words) => refused(code, &words),
        Started::Serving(process, url) => {
            let verdict = compare(base, &url).await;
            drop(process);
            verdict
        }
    };
    std::fs::remove_dir_all(&data).unwrap();
    verdict
}

fn refused(code: Option<i32>, words: &str) -> Verdict {
    let last = words.lines().rfind(|line| line.starts_with("madang: "));
    let is_foreign = FOREIGN.iter().any(|foreign| words.contains(foreign));
    match last {
        Some(last) if code == Some(1) && !is_foreign && last.len() > 40 => {
            Verdict::Refused(last.to_owned())
        }
        _ => Verdict::Unworded(format!("exit code {code:?}: {words}")),
    }
}

/// Compares all answers; returns the worst verdict.
async fn compare(base: &Base, url: &str) -> Verdict {
    let client = client();
    let mut loud = None;
    for name in LISTED {
        match compare_list(base, &client, url, name).await {
            Verdict::Healed => {}
            Verdict::Loud(words) => loud = Some(words),
            worse => return worse,
        }
    }
    let answers: Vec<_> = base.acknowledged.answers.iter().collect();
    let sampled = answers.iter().step_by(REPLAYED_EACH).chain(answers.iter().rev().take(4));
    for (key, (path, first)) in sampled {
        match replay(&client, url, path, (key, first)).await {
            Verdict::Healed => {}
            Verdict::Loud(words) => loud = Some(words),
            worse => return worse,
        }
    }
    for nth in 0..8 {
        match order_anew(base, &client, url, path_of(nth)).await {
            Verdict::Healed => {}
            Verdict::Loud(words) => loud = Some(words),
            worse => return worse,
        }
    }
    loud.map_or(Verdict::Healed, Verdict::Loud)
}

/// Compares all rows of a list. Where the list fails, each row is requested by itself.
async fn compare_list(base: &Base, client: &Client, url: &str, name: &'static str) -> Verdict {
    let expected = &base.acknowledged.listed[name];
    let is_view = LISTED[LISTED.len() - VIEWS..].contains(&name);
    let reading = async {
        loop {
            let read = list(client, url, name).await;
            let is_anew =
                matches!(&read, Err((status, _)) if *status == StatusCode::SERVICE_UNAVAILABLE);
            let is_behind = matches!(&read, Ok(rows) if rows != expected);
            if !is_view || !is_anew && !is_behind {
                return read;
            }
            // A view catches up, or is rebuilt.
            if let Ok(rows) = &read
                && is_settled(client, url).await
            {
                return Ok(rows.clone());
            }
        }
    };
    match tokio::time::timeout(ANEW_WITHIN, reading).await {
        Err(_) => Verdict::Loud(format!("{name} does not become complete")),
        Ok(Ok(rows)) => differing(name, expected, &rows),
        Ok(Err((status, body))) if is_view => answered_loudly(name, status, &body),
        Ok(Err(_)) => one_by_one(client, url, expected).await,
    }
}

async fn is_settled(client: &Client, url: &str) -> bool {
    let Ok((_, components)) = get(client, &format!("{url}/admin/components")).await else {
        return true;
    };
    let text = components.to_string();
    text.matches("\"recordsBehind\":").count()
        == text.matches("\"recordsBehind\":0,").count()
            + text.matches("\"recordsBehind\":0}").count()
}

fn differing(
    name: &str,
    expected: &BTreeMap<String, Value>,
    found: &BTreeMap<String, Value>,
) -> Verdict {
    for (own, row) in expected {
        match found.get(own) {
            None => return Verdict::Lost(format!("{own} is not listed in {name}")),
            Some(found) if found != row => {
                return Verdict::Silent(format!("{own} was {row} and is {found}"));
            }
            Some(_) => {}
        }
    }
    Verdict::Healed
}

async fn one_by_one(client: &Client, url: &str, expected: &BTreeMap<String, Value>) -> Verdict {
    let mut loud = Verdict::Healed;
    for (own, row) in expected {
        match get(client, &format!("{url}{own}")).await {
            Ok((StatusCode::OK, found)) if found == *row => {}
            Ok((StatusCode::OK, found)) => {
                return Verdict::Silent(format!("{own} was {row} and is {found}"));
            }
            Ok((status, body)) => match answered_loudly(own, status, &body) {
                worse @ Verdict::Loud(_) => loud = worse,
                worse => return worse,
            },
            Err(error) => loud = Verdict::Loud(format!("{own}: {error}")),
        }
    }
    loud
}

fn answered_loudly(what: &str, status: StatusCode, body: &Value) -> Verdict {
    let words = format!("{what}: {status} {body}");
    if FOREIGN.iter().any(|foreign| words.contains(foreign)) {
        return Verdict::Unworded(words);
    }
    if status.is_server_error() { Verdict::Loud(words) } else { Verdict::Lost(words) }
}

/// Repeats a request and compares its answer with the first one.
async fn replay(
    client: &Client,
    url: &str,
    path: &str,
    (key, first): (&str, &Answered),
) -> Verdict {
    match send(client, url, path, key).await {
        Err(error) => Verdict::Loud(format!("{key}: {error}")),
        Ok(again) if again.status.is_server_error() => {
            answered_loudly(key, again.status, &again.body)
        }
        Ok(again) if again.location != first.location => Verdict::Lost(format!(
            "{key} was {} and is answered {} {}",
            first.location, again.status, again.location
        )),
        Ok(again) if again.body["id"] != first.body["id"] => {
            Verdict::Silent(format!("{key} was {} and is {}", first.body, again.body))
        }
        Ok(_) => Verdict::Healed,
    }
}

/// Checks that a new order gets a new number.
async fn order_anew(base: &Base, client: &Client, url: &str, path: &'static str) -> Verdict {
    let key = format!("new-{path}-{}", base.acknowledged.answers.len());
    match send(client, url, path, &key).await {
        Err(error) => Verdict::Loud(format!("{key}: {error}")),
        Ok(new) if new.status.is_server_error() => answered_loudly(path, new.status, &new.body),
        Ok(new) if base.acknowledged.listed[path].contains_key(&new.location) => {
            Verdict::Silent(format!("{} is given again", new.location))
        }
        Ok(_) => Verdict::Healed,
    }
}
