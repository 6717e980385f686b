//! One record as a line: an event in the form of the specification `CloudEvents` 1.0, in JSON.
//!
//! The attributes after `datacontenttype` are extensions. Together they have all that the journal
//! stores, so a file of lines can be imported.

use crate::{
    domain::kernel::Timestamp,
    inbound::position_token::PositionToken,
    store::{
        Cause, KindId, Origin, Payload, Principal, Principals, Record,
        evolution::{Place, StoredType},
    },
    traces::TraceContext,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The types of stored values, by the name of their kind and their place.
pub(super) type Types = HashMap<(String, Place), StoredType>;

/// A record as it is written and read.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Line {
    specversion: String,
    /// The position, as clients get it.
    pub(super) id: String,
    source: String,
    #[serde(rename = "type")]
    kind_of_event: String,
    time: String,
    datacontenttype: String,
    /// The kind of the stream: `taxi/orders`.
    pub(super) aggregate: String,
    /// The number of the stream. It is text, because an integer of `CloudEvents` has 32 bits.
    number: String,
    pub(super) aggregateversion: u32,
    /// The number of the conversation.
    correlation: String,
    /// `event`, `refused`, `unchanged` or `timer`.
    record: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// `request`, `dispatch` or `timer`.
    cause: String,
    /// The hash of the idempotency key of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    keyhash: Option<String>,
    /// The kind that dispatched the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    dispatcher: Option<String>,
    /// The conversation, position and index of the dispatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    dispatch: Option<String>,
    /// Whether the record names its principals.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    identified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuerrole: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// The trace that the client named, as in the header of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    /// A value whose type this binary does not know, as it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

impl Line {
    /// The line of a record in today's shapes. `name_of` returns the names of kinds.
    pub(super) fn of<'a>(
        record: &Record,
        types: &Types,
        name_of: impl Fn(KindId) -> &'a str,
    ) -> Result<Self, String> {
        let (aggregate, number) = (name_of(record.stream.kind), record.stream.number);
        let mut line = Self {
            specversion: "1.0".to_owned(),
            id: PositionToken(record.position).to_string(),
            source: format!("/{}/{number}", aggregate.replace(' ', "/")),
            time: record.time.to_rfc3339(),
            datacontenttype: "application/json".to_owned(),
            aggregate: aggregate.to_owned(),
            number: number.to_string(),
            aggregateversion: record.version,
            correlation: record.correlation.to_string(),
            ..Self::default()
        };
        line.set_payload(&record.payload, types)?;
        line.set_cause(record.cause, name_of);
        line.set_principals(record.principals.as_deref());
        let trace = record.trace.as_deref().filter(|trace| trace.is_of_client());
        line.traceparent = trace.map(ToString::to_string);
        Ok(line)
    }

    fn set_payload(&mut self, payload: &Payload, types: &Types) -> Result<(), String> {
        let word = match payload {
            Payload::Event(event) => {
                self.set_data(Place::Event, event, types)?;
                "event"
            }
            Payload::Refused { command, reason, rejection } => {
                (self.command, self.reason) = (Some(command.clone()), Some(reason.clone()));
                self.set_data(Place::Rejection, rejection, types)?;
                "refused"
            }
            Payload::Unchanged { command } => {
                self.command = Some(command.clone());
                "unchanged"
            }
            Payload::TimerFired => "timer",
        };
        word.clone_into(&mut self.record);
        let name = self.data.as_ref().filter(|_| word == "event").and_then(variant);
        let (kind, name) = (self.aggregate.replace(['/', ' '], "."), name.unwrap_or(word));
        self.kind_of_event = format!("{kind}.{name}");
        Ok(())
    }

    fn set_data(&mut self, place: Place, value: &[u8], types: &Types) -> Result<(), String> {
        if let Some(of) = types.get(&(self.aggregate.clone(), place)) {
            self.data = Some(of.to_json(value)?);
        } else {
            self.data_base64 = Some(BASE64_STANDARD.encode(value));
            "application/octet-stream".clone_into(&mut self.datacontenttype);
        }
        Ok(())
    }

    fn set_cause<'a>(&mut self, cause: Cause, name_of: impl Fn(KindId) -> &'a str) {
        let word = match cause {
            Cause::Request(key) => {
                self.keyhash = key.map(|key| format!("{key:032x}"));
                "request"
            }
            Cause::Dispatch(Origin { by, conversation, position, nth }) => {
                self.dispatcher = Some(name_of(by).to_owned());
                self.dispatch = Some(format!("{conversation} {position} {nth}"));
                "dispatch"
            }
            Cause::Timer => "timer",
        };
        word.clone_into(&mut self.cause);
    }

    fn set_principals(&mut self, principals: Option<&Principals>) {
        let Some(Principals { issuer, owner }) = principals else { return };
        self.identified = true;
        self.owner = owner.as_ref().map(|owner| owner.to_string());
        if let Some(Principal { subject, role }) = issuer {
            (self.issuer, self.issuerrole) = (Some(subject.to_string()), Some(role.to_string()));
        }
    }

    /// The position of the record.
    pub(super) fn position(&self) -> Result<u64, String> {
        let token = self.id.parse::<PositionToken>();
        token.map(|token| token.0).map_err(|_| format!("`id` {:?} is no position", self.id))
    }

    /// The number of the stream.
    pub(super) fn number(&self) -> Result<u64, String> {
        integer("number", &self.number)
    }

    /// The number of the conversation.
    pub(super) fn correlation(&self) -> Result<u64, String> {
        integer("correlation", &self.correlation)
    }

    /// The time of the record.
    pub(super) fn time(&self) -> Result<Timestamp, String> {
        let time = Timestamp::from_rfc3339(&self.time);
        time.ok_or_else(|| format!("`time` {:?} is no time", self.time))
    }

    /// The cause of the record. `kind_of` returns the numbers of kinds.
    pub(super) fn cause(
        &self,
        kind_of: &mut dyn FnMut(&str) -> Result<KindId, String>,
    ) -> Result<Cause, String> {
        match self.cause.as_str() {
            "request" => {
                let hash = |text: &String| u128::from_str_radix(text, 16);
                let key = self.keyhash.as_ref().map(hash).transpose();
                key.map(Cause::Request).map_err(|_| "`keyhash` is no hash".to_owned())
            }
            "timer" => Ok(Cause::Timer),
            "dispatch" => {
                let by = kind_of(self.dispatcher.as_deref().unwrap_or_default())?;
                let parts: Vec<&str> =
                    self.dispatch.as_deref().unwrap_or_default().split(' ').collect();
                let [conversation, position, nth] = parts[..] else {
                    return Err("`dispatch` must have three numbers".to_owned());
                };
                let (conversation, position) =
                    (integer("dispatch", conversation)?, integer("dispatch", position)?);
                let nth = nth.parse().map_err(|_| "`dispatch` has no index".to_owned())?;
                Ok(Cause::Dispatch(Origin { by, conversation, position, nth }))
            }
            other => Err(format!("`cause` {other:?} is not known")),
        }
    }

    /// The principals of the record.
    pub(super) fn principals(&self) -> Option<Arc<Principals>> {
        let issuer = self.issuer.as_deref().map(|subject| Principal {
            subject: subject.into(),
            role: self.issuerrole.clone().unwrap_or_default().into(),
        });
        let owner = self.owner.as_deref().map(Into::into);
        self.identified.then(|| Arc::new(Principals { issuer, owner }))
    }

    /// The trace that the client named.
    pub(super) fn trace(&self) -> Result<Option<Arc<TraceContext>>, String> {
        let Some(text) = &self.traceparent else { return Ok(None) };
        let trace = TraceContext::read(text.as_bytes());
        trace
            .map(|trace| Some(Arc::new(trace)))
            .ok_or_else(|| "`traceparent` is no trace".to_owned())
    }

    /// The content of the record.
    pub(super) fn payload(self, types: &Types) -> Result<Payload, String> {
        match self.record.as_str() {
            "event" => self.value(Place::Event, types).map(Payload::Event),
            "refused" => {
                let rejection = self.value(Place::Rejection, types)?;
                let (command, reason) = (self.command, self.reason);
                let (command, reason) = (command.unwrap_or_default(), reason.unwrap_or_default());
                Ok(Payload::Refused { command, reason, rejection })
            }
            "unchanged" => Ok(Payload::Unchanged { command: self.command.unwrap_or_default() }),
            "timer" => Ok(Payload::TimerFired),
            other => Err(format!("`record` {other:?} is not known")),
        }
    }

    fn value(&self, place: Place, types: &Types) -> Result<Vec<u8>, String> {
        if let Some(text) = &self.data_base64 {
            return BASE64_STANDARD.decode(text).map_err(|error| format!("`data_base64`: {error}"));
        }
        let of = types.get(&(self.aggregate.clone(), place));
        let of = of.ok_or_else(|| format!("{} is no aggregate of this binary", self.aggregate))?;
        of.from_json(self.data.clone().unwrap_or_default())
    }
}

/// The name of the variant in serde's form of an enum.
fn variant(event: &Value) -> Option<&str> {
    match event {
        Value::String(name) => Some(name),
        Value::Object(fields) if fields.len() == 1 => fields.keys().next().map(String::as_str),
        _ => None,
    }
}

fn integer(name: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{name}` {text:?} is no number"))
}
