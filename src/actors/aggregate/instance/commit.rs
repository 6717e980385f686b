//! Commits of an instance: its submissions to the journal, and the replies once they are durable.

use super::{
    Condition, Instance,
    pending_reply::{Answered, PendingReply, RecordHeader},
    waiters::Client,
};
use crate::{
    actors::{
        aggregate::{
            envelope::{ClientCommand, Keyed, ReplyTo, Sender},
            stored_answers::stored,
        },
        api::{IdempotencyKey, Outcome, Reply, RequestError},
        dispatch::InternalCommand,
        gate::CallOutcome,
        support::{catch_panic, now},
    },
    domain::kernel::{Aggregate, FailureKind, Progress, Timestamp},
    store::{
        Answer, Answers, Cause, Principals, StoredAnswer, StoredOutcome, UNPLACED, codec,
        journal::{Entry, Snapshot, Submission, SubmitError},
    },
};
use actix::Context;
use std::{sync::Arc, time::Duration};

impl<A: Aggregate> Instance<A> {
    /// Builds the record header for the sender of a command, and the replies due once the record is
    /// durable.
    pub(super) fn prepare(
        &mut self,
        sender: Sender,
        outcome: DecisionOutcome,
    ) -> (RecordHeader, PendingReply) {
        let mut pending_reply = PendingReply::default();
        let mut answers = Answers::default();
        self.report_step();
        if !self.is_pending() {
            self.answer_all(outcome.version(self.version), &mut pending_reply, &mut answers);
        }
        let principals = self.principals(&sender);
        let (cause, correlation, issuer, trace) = match sender {
            Sender::Inside(InternalCommand { origin, inherited, fence, when, ack }) => {
                pending_reply.ack = Some((when, ack));
                let cause = Cause::Dispatch(origin);
                (cause, origin.conversation, Some(fence.lease), inherited.trace)
            }
            Sender::Client(mut call) => {
                let (key, trace) =
                    (call.keyed.as_ref().map(|keyed| keyed.key.key), call.trace.take());
                self.prepare_client(call, outcome, &mut pending_reply, &mut answers);
                (Cause::Request(key), self.number, None, trace)
            }
        };
        let header = RecordHeader {
            cause,
            correlation,
            issuer,
            answers,
            principals,
            trace,
            is_creation: false,
        };
        (header, pending_reply)
    }

    /// The principals of the records that follow from a command.
    fn principals(&self, sender: &Sender) -> Option<Arc<Principals>> {
        match sender {
            Sender::Client(ClientCommand { permission: Some(permission), .. }) => {
                Some(permission.principals(self.owner()))
            }
            Sender::Client(_) | Sender::Inside(_) => self.owner.clone(),
        }
    }

    fn prepare_client(
        &mut self,
        call: ClientCommand,
        outcome: DecisionOutcome,
        pending_reply: &mut PendingReply,
        answers: &mut Answers,
    ) {
        let ClientCommand { reply, keyed, permit, step, outcome: called, is_async, .. } = call;
        pending_reply.permit = Some(permit);
        let after = outcome.version(self.version);
        let answer = match outcome {
            DecisionOutcome::Rejected(request_error) => Err(request_error),
            DecisionOutcome::Accepted { version } if self.is_pending() && is_async => {
                self.answer(Outcome::Pending, version)
            }
            DecisionOutcome::Accepted { version } if self.is_pending() => {
                pending_reply.client_waits = true;
                let step = step.and_then(Result::ok).filter(|_| self.step_is_pending());
                if let Some(keyed) = &keyed {
                    let given_up = keyed.flight.is_pending().map(Ok);
                    let outcome = given_up.as_ref().and_then(stored);
                    answers.push(self.to_be_stored(keyed, outcome, version, true));
                    pending_reply.pending = Some(keyed.flight.clone());
                }
                return self.waiting.push(called, reply, keyed, step);
            }
            DecisionOutcome::Accepted { version } => self.answer(called, version),
        };
        pending_reply.issuer = Some(self.answer_one((reply, answer), keyed, after, true, answers));
    }

    /// Answers all clients that wait for this version, and stores the answers of those with a key.
    pub(super) fn answer_all(
        &mut self,
        version: u32,
        pending_reply: &mut PendingReply,
        answers: &mut Answers,
    ) {
        for Client { outcome, to, keyed, .. } in self.waiting.take() {
            let answer = self.answer(outcome, version);
            pending_reply.waited.push(self.answer_one(
                (to, answer),
                keyed,
                version,
                false,
                answers,
            ));
        }
    }

    /// Answers one client, and stores the answer if there is a key.
    pub(super) fn answer_one(
        &self,
        (to, answer): (ReplyTo, Result<Reply, RequestError>),
        keyed: Option<Box<Keyed>>,
        version: u32,
        is_first: bool,
        answers: &mut Answers,
    ) -> Answered {
        let Some(keyed) = keyed else {
            return Answered { to, answer, position_cell: None, keyed: None };
        };
        if let Some(given_up) = keyed.flight.is_answered().map(Ok) {
            answers.push(self.to_be_stored(&keyed, stored(&given_up), version, is_first));
            return Answered { to, answer: given_up, position_cell: None, keyed: Some(keyed) };
        }
        let answer = answer.map_err(|request_error| self.aggregate.explain(&keyed, request_error));
        let mut outcome = stored(&answer);
        if let Some(StoredOutcome::Replied(reply)) = &mut outcome {
            reply.position = UNPLACED;
        }
        answers.push(self.to_be_stored(&keyed, outcome, version, is_first));
        Answered { to, answer, position_cell: Some(answers.position_cell()), keyed: Some(keyed) }
    }

    /// The data that is stored under a key: the answer, or only that the command was carried out.
    fn to_be_stored(
        &self,
        keyed: &Keyed,
        outcome: Option<StoredOutcome>,
        version: u32,
        is_first: bool,
    ) -> Answer {
        let IdempotencyKey { key, fingerprint } = keyed.key;
        let outcome = outcome.unwrap_or(StoredOutcome::Accepted { version });
        let stream = self.aggregate.stream(self.number);
        Answer { key, answer: StoredAnswer { fingerprint, stream, outcome }, is_first }
    }

    /// Submits a snapshot of the current state.
    pub(super) fn submit_snapshot(&self) {
        let stream = self.aggregate.stream(self.number);
        let submission = Submission {
            after_version: self.version,
            snapshot: Some(self.snapshot(self.version)),
            leases: [Some(self.lease.clone()), None],
            ..Submission::of(stream, self.generation, now())
        };
        if let Err(error) = self.aggregate.shared.journal.submit(submission) {
            tracing::debug!(resource = A::NAME, number = self.number, %error, "no snapshot");
        }
    }

    /// Submits a record to the journal. If the journal does not take it, the state that was based
    /// on it is rebuilt.
    pub(super) fn submit(
        &mut self,
        header: RecordHeader,
        entries: Vec<Entry>,
        mut pending_reply: PendingReply,
        now: Timestamp,
        ctx: &mut Context<Self>,
    ) {
        let after_version = self.version;
        let version = after_version + u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let delivered = pending_reply.take_ack_of_submission();
        let client_waits = pending_reply.client_waits;
        if !entries.is_empty() {
            // Before the submission: once its clients are answered, no read finds an older state.
            let stream = self.aggregate.stream(self.number);
            self.aggregate.shared.representations.invalidate(stream);
        }
        let submitted = self.aggregate.shared.journal.submit(Submission {
            stream: self.aggregate.stream(self.number),
            after_version,
            generation: self.generation,
            entries,
            time: now,
            correlation: header.correlation,
            cause: header.cause,
            principals: header.principals,
            trace: header.trace,
            is_creation: header.is_creation,
            answer: Some(header.answers).filter(|answers| !answers.is_empty()),
            snapshot: self.due_snapshot(after_version, version),
            leases: [Some(self.lease.clone()), header.issuer],
            done: Some(pending_reply.into_done(Arc::clone(&self.aggregate.shared))),
        });
        match submitted {
            Ok(placed) => {
                if version > after_version {
                    (self.version, self.position) = (version, placed.last_position);
                }
                if let Some(ack) = delivered {
                    ack.report(Ok(()));
                }
            }
            Err(error) => {
                if client_waits {
                    self.waiting.refuse_last(self.aggregate.shared.journal_is_busy());
                }
                self.give_up(&error, ctx);
            }
        }
    }

    /// Gives up the state that is ahead of the journal, which did not take its last record. Dropping
    /// the pending reply has answered its clients.
    fn give_up(&mut self, error: &SubmitError, ctx: &mut Context<Self>) {
        // Another instance owns this aggregate now and continues from the journal.
        if self.lease.is_over() {
            return self.hand_over();
        }
        tracing::warn!(resource = A::NAME, number = self.number, %error, "not submitted");
        self.condition = Condition::Absent;
        self.rehydrate_after(Duration::from_millis(1), ctx);
    }

    /// Sends replies that need no record of their own, once the state they show is durable.
    pub(super) fn land(&self, pending_reply: PendingReply) {
        let shared = &self.aggregate.shared;
        shared.journal.when_durable(self.position, pending_reply.into_done(Arc::clone(shared)));
    }

    /// Reports the outcome of the step that clients wait for to its gate, once the step has ended.
    fn report_step(&mut self) {
        if !self.waiting.is_for_step() || self.step_is_pending() {
            return;
        }
        let progress = catch_panic(|| self.state.progress());
        let is_unavailable =
            matches!(progress, Ok(Progress::Failed { how: FailureKind::Unavailable, .. }) | Err(_));
        let outcome = if is_unavailable { CallOutcome::Failed } else { CallOutcome::Succeeded };
        self.waiting.step_went(outcome);
    }

    fn step_is_pending(&self) -> bool {
        catch_panic(|| self.state.step_is_pending()).unwrap_or_default()
    }

    fn due_snapshot(&self, before: u32, after: u32) -> Option<Snapshot> {
        let every = self.aggregate.shared.settings.snapshot_every_events;
        let is_due = before / every != after / every;
        is_due.then(|| self.snapshot(after))
    }

    fn snapshot(&self, version: u32) -> Snapshot {
        Snapshot { version, shape: A::SHAPE, state: codec::encode(&self.state) }
    }
}

/// The decision about a command.
pub(super) enum DecisionOutcome {
    /// It is accepted; the version after it.
    Accepted { version: u32 },
    /// It is rejected; the error for a client.
    Rejected(RequestError),
}

impl DecisionOutcome {
    const fn version(&self, before: u32) -> u32 {
        match self {
            Self::Accepted { version } => *version,
            Self::Rejected(_) => before,
        }
    }
}
