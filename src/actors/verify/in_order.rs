//! The journal in global order: every record is decoded once, and passed on to the folds.

use super::{
    findings::Progressing,
    fold::{Batches, FlawAt},
    stored::Stored,
};
use crate::{
    actors::{dispatch::Registry, operations::SystemKinds, support::catch_panic},
    store::{Payload, Record, evolution::Upcasting, journal::AuditVisitor},
};
use std::{any::Any, sync::Arc};

/// The decoded event of a record; `None` for a record without one.
type Typed = Option<Arc<dyn Any + Send + Sync>>;

/// The visitor of the audit.
pub struct InOrder<'a> {
    upcasting: &'a Upcasting,
    registry: &'a Registry,
    system: SystemKinds,
    progressing: Progressing<'a>,
    batches: &'a mut Batches,
    /// The records that cannot be read.
    pub(super) flaws: Vec<FlawAt>,
}

impl<'a> InOrder<'a> {
    /// # Errors
    /// When the kinds of system streams cannot be determined.
    pub(super) fn new(
        (stored, registry): (&'a Stored, &'a Registry),
        progressing: Progressing<'a>,
        batches: &'a mut Batches,
    ) -> Result<Self, String> {
        let system = SystemKinds::of(&*stored.journal).map_err(|error| error.to_string())?;
        let (upcasting, flaws) = (&*stored.upcasting, Vec::new());
        Ok(Self { upcasting, registry, system, progressing, batches, flaws })
    }

    /// The record in today's shape, with its event decoded.
    fn decoded(&self, record: &Record) -> Result<Record, String> {
        let today = self.upcasting.record(record).map_err(|error| error.to_string())?;
        let typed = catch_panic(|| self.typed(&today)).and_then(|typed| typed)?;
        Ok(Record { typed, ..today.into_owned() })
    }

    /// Decodes what this binary must be able to decode.
    fn typed(&self, record: &Record) -> Result<Typed, String> {
        let kind = record.stream.kind;
        let Some((_, decoder)) = self.registry.of(kind) else {
            let checked = match &record.payload {
                Payload::TimerFired => Some(Ok(())),
                Payload::Event(bytes) => self.system.check(record, bytes),
                _ => None,
            };
            let unknown = || Err(format!("kind {} is not installed", kind.0));
            return checked.unwrap_or_else(unknown).map(|()| None);
        };
        match &record.payload {
            Payload::Event(bytes) => decoder.read_event(bytes).map(Some),
            Payload::Refused { rejection, .. } => decoder.read_rejection(rejection).map(|_| None),
            Payload::Unchanged { .. } | Payload::TimerFired => Ok(None),
        }
    }
}

impl AuditVisitor for InOrder<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        (self.progressing)("records", done, total);
    }

    fn record(&mut self, record: &Arc<Record>) {
        match self.decoded(record) {
            Ok(decoded) => self.batches.push(Arc::new(decoded)),
            Err(reason) => {
                let at = record.position;
                self.flaws.push((at, format!("record {at}: {reason}")));
            }
        }
    }
}
