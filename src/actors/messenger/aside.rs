//! What is asked for while nobody may go out: only the positions of the records are kept, and
//! the records are read again afterwards.

use super::{Errand, Job, Messenger};
use crate::{
    actors::{
        crash::caught,
        follower::{Follower as _, TURN_RECORDS_MAX},
    },
    store::{Record, journal::Level},
};
use actix::Context as ActixContext;
use std::{collections::VecDeque, sync::Arc};

impl<E: Errand> Messenger<E> {
    /// What is asked for has to wait; but what cannot is refused.
    pub(super) fn put_aside(
        &mut self,
        record: &Arc<Record>,
        heard: E::Hears,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let is_free = self.is_closed() && !self.lanes.contains_key(&record.correlation);
        let in_record = |because| format!("record {}: {because}", record.position);
        let refused = caught(|| self.errand.refused(&heard, &record.meta())).map_err(in_record)?;
        if let Some(dispatch) = refused.filter(|_| is_free) {
            self.unfinished.insert(record.position);
            self.lanes.insert(record.correlation, VecDeque::new());
            let running = Box::pin(async move { dispatch });
            self.go_out(Job { record: Arc::clone(record), running }, ctx);
        } else if self.job(record, heard)?.is_some() {
            self.aside.insert(record.position);
        }
        Ok(())
    }

    /// Those that have not gone out yet do not go.
    pub(super) fn put_all_aside(&mut self, ctx: &mut ActixContext<Self>) -> Result<(), String> {
        let mut records = Vec::new();
        for Job { record, .. } in std::mem::take(&mut self.ready) {
            let lane = self.lanes.remove(&record.correlation).unwrap_or_default();
            records.push(record);
            records.extend(lane.into_iter().map(|job| job.record));
        }
        for lane in self.lanes.values_mut() {
            records.extend(lane.drain(..).map(|job| job.record));
        }
        records.sort_unstable_by_key(|record| record.position);
        for record in &records {
            self.unfinished.remove(&record.position);
            if let Some(heard) = self.rooms.hear::<E::Hears>(record)? {
                self.put_aside(record, heard, ctx)?;
            }
        }
        Ok(())
    }

    /// Reads again what was put aside, as far as there is room for it.
    pub(super) fn take_from_aside(&mut self) -> Result<(), String> {
        let Some(first) = self.aside.first() else { return Ok(()) };
        if !self.may_read() {
            return Ok(());
        }
        let journal = &self.following.journal;
        let records = journal.read(first - 1, TURN_RECORDS_MAX, Level::Durable);
        for record in records.map_err(|error| error.to_string())? {
            if !self.aside.contains(&record.position) {
                continue;
            }
            if let Some(heard) = self.rooms.hear::<E::Hears>(&record)? {
                self.take_up(&record, heard)?;
            }
            self.aside.remove(&record.position);
        }
        Ok(())
    }
}
