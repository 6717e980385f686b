//! Replay of a request that was carried out before: the stored answer is returned, or one is
//! computed, stored and returned.

use super::{
    envelope::{Content, Keyed, ReplyTo},
    kind::AggregateKind,
    rehydration::{apply, reply},
    request::Call,
    stored_answers::{Keeping, recalled},
    wait::{Reached, Waits},
};
use crate::{
    actors::{
        api::{Outcome, RequestError, blocking},
        gate::CallOutcome,
    },
    domain::kernel::{Aggregate, Progress},
    store::{Cause, Payload, StoredAnswer},
};
use std::{sync::Arc, time::Duration};

/// At most this many records are read to compute an answer that was due but never stored. Beyond
/// that, the answer shows the current state.
const SETTLED_RECORDS_MAX: u32 = 1_024;

impl<A: Aggregate> AggregateKind<A> {
    /// Answers a request that was carried out before.
    pub(super) async fn recall(&self, stored: StoredAnswer, mut call: Call) -> Reached {
        let Some(keyed) = call.keyed.take() else { return Err(RequestError::KeyReused) };
        if stored.fingerprint != keyed.key.fingerprint {
            return Err(RequestError::KeyReused);
        }
        let version = match recalled(stored.outcome) {
            Ok(answer) => return answer,
            Err(version) => version,
        };
        // No answer is stored yet: the first client is gone, or an older binary stored no answers.
        let number = stored.stream.number;
        keyed.flight.goes_to(number);
        keyed.flight.is_pending();
        let first_settled =
            self.first_settled(number, version, (keyed.key.key, call.outcome)).await?;
        call.outcome = first_settled.0;
        if let Some(answer) = first_settled.1 {
            let answer = answer.map_err(|request_error| self.explain(&keyed, request_error));
            return self.keep(&keyed, number, false, answer, call.wait_max).await;
        }
        call.permit.report(CallOutcome::Succeeded);
        let waits = Waits {
            number,
            wait_max: call.wait_max,
            admission: call.admission,
            keyed: Some((keyed.key, keyed.flight.watch())),
            is_new: false,
            sight: call.sight,
        };
        let (reply, receiver) = ReplyTo::channel();
        self.post(number, Content::Await(call.outcome, reply, Some(keyed)));
        self.within(waits, receiver).await
    }

    /// Stores an answer under its key before it is sent. The key is not free meanwhile.
    pub(super) async fn keep(
        &self,
        keyed: &Keyed,
        number: u64,
        is_first: bool,
        answer: Reached,
        wait_max: Duration,
    ) -> Reached {
        let (fingerprint, stream) = (keyed.key.fingerprint, self.stream(number));
        let keeping = Keeping { fingerprint, stream, is_first };
        self.shared.keep_answer(keyed.key.key, keeping, answer, wait_max).await
    }

    /// The outcome, which is `Created` when the request of this key created the aggregate, and the
    /// answer at the first version from `version` on where nothing was pending. `None` when there
    /// is none, or more than a few records would have to be read.
    async fn first_settled(
        &self,
        number: u64,
        version: u32,
        (key, mut outcome): (u128, Outcome),
    ) -> Result<(Outcome, Option<Reached>), RequestError> {
        let records_max = SETTLED_RECORDS_MAX.min(self.shared.settings.snapshot_every_events);
        if version > records_max {
            return Ok((outcome, None));
        }
        let journal = Arc::clone(&self.shared.journal);
        let stream = self.stream(number);
        // Records on disk above the watermark may still be lost.
        let durable = journal.durable();
        let records = blocking(move || journal.some_records(stream, 0, records_max)).await?;
        let mut events =
            records.iter().filter(|record| matches!(record.payload, Payload::Event(_)));
        if events.next().is_some_and(|first| first.cause == Cause::Request(Some(key))) {
            outcome = Outcome::Created;
        }
        let mut state = A::default();
        for record in records.iter().take_while(|record| record.position <= durable) {
            state = apply::<A>(state, record).map_err(RequestError::Failed)?;
            if record.version >= version && state.progress() != Progress::Pending {
                let (version, position) = (record.version, record.position);
                let answer = reply::<A>(&state, number, version, position, outcome);
                return Ok((outcome, Some(answer)));
            }
        }
        Ok((outcome, None))
    }
}
