//! The settings of gates that operators persist: records in the one stream of [`GATE_SETTINGS`].

use super::system_stream::{self, SystemStream};
use crate::{
    actors::{
        api::{Caller, RequestError, blocking},
        gate::{Gates, PersistedGates, PersistedSettings},
        support::now,
    },
    domain::kernel::Timestamp,
    store::{
        Record,
        journal::{CommitError, Journal, StoreError},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The kind of the stream of all persisted settings of gates.
pub const GATE_SETTINGS: &str = "madang/gates";

/// A change of what is persisted for a gate. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateChange {
    /// These keys are in force at every start, and no others.
    Persisted {
        /// The name of the gate.
        gate: String,
        /// All persisted keys with their values, as a JSON object.
        keys: String,
    },
    /// Nothing is persisted for the gate any more.
    Forgotten {
        /// The name of the gate.
        gate: String,
    },
}

impl GateChange {
    /// The name of the gate, and what is persisted for it after this change.
    ///
    /// # Errors
    /// When the keys are not a JSON object.
    fn outcome(self, record: &Record) -> Result<(String, Option<PersistedSettings>), String> {
        let (gate, keys) = match self {
            Self::Persisted { gate, keys } => (gate, keys),
            Self::Forgotten { gate } => return Ok((gate, None)),
        };
        let keys = serde_json::from_str(&keys).map_err(|error| format!("gate {gate}: {error}"))?;
        let issuer = record.principals.as_deref().and_then(|all| all.issuer.as_ref());
        let by = issuer.map(|issuer| issuer.subject.to_string());
        Ok((gate, Some(PersistedSettings { keys, by, at_ms: record.time.0, problem: None })))
    }

    /// Checks a stored change.
    ///
    /// # Errors
    /// When this binary cannot read it, or does not know a key.
    pub fn check(record: &Record, bytes: &[u8]) -> Result<(), String> {
        let (gate, persisted) = system_stream::read::<Self>(bytes)?.outcome(record)?;
        let checked = persisted.map_or(Ok(()), |persisted| persisted.check());
        checked.map_err(|reason| format!("gate {gate}: {reason}"))
    }
}

/// The writer of persisted settings of gates.
pub struct GateSettingsLog {
    stream: SystemStream,
    /// Serializes changes.
    changing: tokio::sync::Mutex<()>,
}

impl GateSettingsLog {
    /// Opens the stream in this journal. Returns also what is persisted.
    ///
    /// # Errors
    /// When the disk fails, or this binary cannot read a record.
    pub fn open(journal: Arc<dyn Journal>) -> Result<(Self, PersistedGates), StoreError> {
        let stream = SystemStream::open(journal, GATE_SETTINGS)?;
        let persisted = persisted_in(&stream)?;
        for (gate, PersistedSettings { keys, .. }) in &persisted {
            tracing::warn!(gate, ?keys, "persisted settings precede the configured ones");
        }
        Ok((Self { stream, changing: tokio::sync::Mutex::default() }, persisted))
    }

    /// Changes these keys of a gate now and for every start. The change is durable when this
    /// returns. `None` when there is no such gate.
    ///
    /// # Errors
    /// When a key is unknown or has an invalid value, or the journal does not take the change.
    pub async fn persist(
        &self,
        gates: &Gates,
        name: &str,
        changes: &Map<String, Value>,
        caller: &Caller,
    ) -> Result<Option<()>, RequestError> {
        let _turn = self.changing.lock().await;
        let after = gates.persisted_after(name, changes).map_err(invalid)?;
        let Some(keys) = after else { return Ok(None) };
        let time = now();
        let (gate, text) = (name.to_owned(), Value::Object(keys.clone()).to_string());
        let change = GateChange::Persisted { gate, keys: text };
        let by = caller.subject().map(str::to_owned);
        let persisted = PersistedSettings { keys, by, at_ms: time.0, problem: None };
        self.append(gates, (name, change, Some(persisted)), time, caller).await?;
        tracing::warn!(gate = name, ?changes, "gate settings are persisted");
        gates.reconfigure(name, changes).map_err(invalid)
    }

    /// Forgets what was set for a gate, persisted or not: it has its configured settings again. The
    /// change is durable when this returns. `None` when there is no such gate, and nothing is
    /// persisted for one.
    ///
    /// # Errors
    /// When the journal does not take the change.
    pub async fn forget(
        &self,
        gates: &Gates,
        name: &str,
        caller: &Caller,
    ) -> Result<Option<()>, RequestError> {
        let _turn = self.changing.lock().await;
        let has_persisted = gates.has_persisted(name);
        if !has_persisted && gates.get(name).is_none() {
            return Ok(None);
        }
        if has_persisted {
            let change = GateChange::Forgotten { gate: name.to_owned() };
            self.append(gates, (name, change, None), now(), caller).await?;
        }
        tracing::warn!(gate = name, "gate settings are those of the configuration again");
        gates.reset(name).map_err(RequestError::Failed)?;
        Ok(Some(()))
    }

    /// Appends a change, and lets the gates note what is persisted then. A commit in doubt is
    /// decided when the journal has recovered.
    async fn append(
        &self,
        gates: &Gates,
        (name, change, persisted): (&str, GateChange, Option<PersistedSettings>),
        time: Timestamp,
        caller: &Caller,
    ) -> Result<(), RequestError> {
        let principals = caller.as_operator().map(Arc::new);
        let error = match self.stream.append(&change, time, principals).await? {
            Ok(()) => {
                gates.note_persisted(name, persisted);
                return Ok(());
            }
            Err(error) => error,
        };
        if matches!(error, CommitError::InDoubt(_)) {
            self.stream.settled().await?;
            let stream = self.stream.clone();
            let found = blocking(move || persisted_in(&stream)).await?.remove(name);
            let is_stored = found == persisted;
            gates.note_persisted(name, found);
            if is_stored {
                return Ok(());
            }
        }
        Err(error.into())
    }
}

/// What is persisted after the records of this stream.
fn persisted_in(stream: &SystemStream) -> Result<PersistedGates, StoreError> {
    let mut all = PersistedGates::new();
    stream.each(|change: GateChange, record| {
        let (gate, persisted) = change.outcome(record).map_err(StoreError::Failed)?;
        match persisted {
            Some(persisted) => _ = all.insert(gate, persisted),
            None => _ = all.remove(&gate),
        }
        Ok(())
    })?;
    Ok(all)
}

fn invalid(reason: String) -> RequestError {
    RequestError::Malformed { field: None, reason }
}

#[cfg(test)]
mod tests;
