//! The client's side of a kind of aggregate: what it said, said once, and waited for.

use super::{
    Answer, Room, blocking, busy,
    looking_ahead::explained,
    now,
    rebuilding::{apply, reply},
    rejected,
};
use crate::{
    actors::{
        crash::caught,
        facade::{IdempotencyKey, Outcome, Reply, Request, Trouble},
        flight::Flight,
        gate::{self, Away, Permit},
        homing::homing,
        letter::{ClientCall, Content, ReplyTo, Teller},
        passage::Passage,
    },
    domain::kernel::{Aggregate, Dispatch, Malformed, Place, Said, Speaker, Standing, Target},
    store::{StoredAnswer, StoredOutcome},
};
use std::{future::Future, sync::Arc, sync::atomic::Ordering, time::Duration};
use tokio::sync::oneshot;

type Reached = Result<Reply, Trouble>;

/// What a client said beside the command.
struct Call {
    key: Option<IdempotencyKey>,
    flight: Option<Flight>,
    permit: Permit,
    step: Option<Result<Permit, Away>>,
    if_match: Option<u32>,
    outcome: Outcome,
    patience: Duration,
    /// The way to the outside service whose answer is waited for.
    passage: Option<Arc<Passage>>,
}

impl<A: Aggregate> Room<A> {
    /// Hands a letter over and waits for the answer.
    pub(super) async fn ask(
        &self,
        number: u64,
        content: impl FnOnce(ReplyTo) -> Content<A>,
    ) -> Reached {
        let (reply, answer) = oneshot::channel();
        self.post(number, content(reply));
        // Dropped unanswered: the journal did not take it, or the instance crashed meanwhile.
        homing(answer).await.unwrap_or_else(|_| Err(busy(A::NAME)))
    }

    async fn say_new(&self, command: A::Command, call: Call) -> Reached {
        // A command that nobody could accept needs neither a number nor an actor.
        let events = self.judge_blank(command.clone())?;
        self.look_ahead(&command, &A::default(), &events)?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        self.tell(number, command, call).await
    }

    async fn say_existing(&self, number: u64, command: A::Command, call: Call) -> Reached {
        if !self.may_exist(number) {
            self.judge_blank(command.clone())?;
        }
        self.tell(number, command, call).await
    }

    fn judge_blank(&self, command: A::Command) -> Result<Vec<A::Event>, Trouble> {
        let decision = caught(|| A::default().decide(command, now(), &self.settings));
        decision.map_err(Trouble::Failed)?.map_err(|rejection| rejected(&rejection))
    }

    async fn tell(&self, number: u64, command: A::Command, call: Call) -> Reached {
        let Call { key, flight, permit, step, if_match, outcome, patience, passage } = call;
        let told = self.ask(number, |reply| {
            let call = ClientCall { reply, key, if_match, outcome, flight, permit, step };
            Content::Tell(command, Teller::Client(call))
        });
        self.within(patience, passage, number, told).await
    }

    /// When patience is over first, or what is waited for is put off, shows how far things have
    /// come.
    async fn within(
        &self,
        patience: Duration,
        passage: Option<Arc<Passage>>,
        number: u64,
        told: impl Future<Output = Reached>,
    ) -> Reached {
        let told = unless_put_off(passage, number, told);
        let look: fn(ReplyTo) -> Content<A> = match tokio::time::timeout(patience, told).await {
            Ok(Some(reached)) => return reached,
            Ok(None) => Content::Show,
            Err(_) => Content::GiveUp,
        };
        match tokio::time::timeout(patience, self.ask(number, look)).await {
            Ok(shown) => shown.map(|reply| Reply { outcome: Outcome::Pending, ..reply }),
            Err(_) => Err(busy(A::NAME)),
        }
    }

    /// Waits until no other request under this key is under way.
    async fn board(
        &self,
        key: Option<IdempotencyKey>,
        patience: Duration,
    ) -> Result<Option<Flight>, Trouble> {
        let Some(IdempotencyKey { key, .. }) = key else { return Ok(None) };
        let boarding = tokio::time::timeout(patience, self.shared.flights.board(key));
        boarding.await.map(Some).map_err(|_| busy(A::NAME))
    }

    /// Answers a request again that was answered before.
    async fn recall(&self, stored: StoredAnswer, mut call: Call) -> Reached {
        // However many ask again, they wait side by side.
        drop(call.flight.take());
        if Some(stored.fingerprint) != call.key.map(|key| key.fingerprint) {
            return Err(Trouble::KeyReused);
        }
        let version = match stored.outcome {
            StoredOutcome::Rejected { kind, because } => {
                return Err(Trouble::Rejected { kind, because });
            }
            StoredOutcome::Accepted { version } => version,
        };
        let number = stored.stream.number;
        if let Some(reply) = self.first_settled(number, version, call.outcome).await? {
            return reply;
        }
        call.permit.report(gate::Outcome::Succeeded);
        let settled = self.ask(number, |reply| Content::Await(call.outcome, reply));
        self.within(call.patience, call.passage, number, settled).await
    }

    /// How things stood as soon as nothing was pending, at this version or after it.
    async fn first_settled(
        &self,
        number: u64,
        version: u32,
        outcome: Outcome,
    ) -> Result<Option<Reached>, Trouble> {
        let journal = Arc::clone(&self.shared.journal);
        let stream = self.stream(number);
        // What is seen on disk above the watermark may still be lost.
        let durable = journal.durable();
        let records = blocking(move || journal.records(stream)).await?;
        let mut state = A::default();
        for record in records.iter().take_while(|record| record.position <= durable) {
            state = apply::<A>(state, record).map_err(Trouble::Failed)?;
            if record.version >= version && state.standing() != Standing::Pending {
                return Ok(Some(reply::<A>(
                    &state,
                    number,
                    record.version,
                    record.position,
                    outcome,
                )));
            }
        }
        Ok(None)
    }

    /// Reads what a client said and says it, once for each idempotency key.
    pub(super) async fn say_once(self: Arc<Self>, request: Request) -> Reached {
        let saying = &self.sayings[request.saying];
        let said = saying.parse(request.number, &request.body).map_err(misunderstood)?;
        let outcome = match saying.place {
            Place::Collection => Outcome::Created,
            Place::Item | Place::Named => Outcome::Done,
        };
        self.carry_out(said, saying.name, outcome, request, None).await
    }

    /// Says what a client said at another kind of aggregate under this name, once for each key.
    pub(super) async fn say_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Reached {
        let target = Target::Existing(dispatch.number());
        match dispatch.command::<A>().cloned() {
            Some(command) => {
                self.carry_out(Said { target, command }, name, Outcome::Done, request, Some(first))
                    .await
            }
            None => Err(Trouble::Failed(format!("{dispatch:?} is not for {}", A::NAME))),
        }
    }

    async fn carry_out(
        &self,
        said: Said<A>,
        name: &'static str,
        outcome: Outcome,
        request: Request,
        first: Option<Answer<()>>,
    ) -> Reached {
        if A::speaker(&said.command) == Speaker::Inside {
            return Err(Trouble::Inside(name));
        }
        let Request { key, if_match, patience, .. } = request;
        let flight = self.board(key, patience).await?;
        let permit = self.admit().await?;
        let passage = self.passage(&said.command);
        let explain = |trouble| explained(passage.as_deref(), trouble);
        let mut call = Call {
            key,
            flight,
            permit,
            step: None,
            if_match,
            outcome,
            patience,
            passage: passage.clone(),
        };
        if let Some(key) = key {
            let journal = Arc::clone(&self.shared.journal);
            if let Some(stored) = blocking(move || journal.answer(key.key)).await? {
                return self.recall(stored, call).await.map_err(explain);
            }
        }
        // Whoever asks again waits for a question that was counted before.
        let _waits = passage.as_deref().map(Passage::join);
        if let Some(first) = first {
            first.await?;
        }
        // What was answered before is answered again all the same.
        if self.context.is_suspended() {
            return Err(self.context.trouble());
        }
        self.shared.journal.takes()?;
        let takes_step = A::takes_step(&said.command);
        call.step = self.ask_for_step(&said.command).await;
        let reached = match said.target {
            Target::New => self.say_new(said.command, call).await,
            Target::Existing(number) => self.say_existing(number, said.command, call).await,
        };
        reached.map_err(|trouble| explain(self.after_step(takes_step, trouble)))
    }
}

/// What came of it; `None` when the question that it waits for was put off first.
async fn unless_put_off(
    passage: Option<Arc<Passage>>,
    number: u64,
    told: impl Future<Output = Reached>,
) -> Option<Reached> {
    let Some(passage) = passage.filter(|passage| passage.may_put_off()) else {
        return Some(told.await);
    };
    tokio::select! {
        biased;
        reached = told => Some(reached),
        () = passage.is_put_off(number) => None,
    }
}

/// What a client said could not be read.
pub(super) fn misunderstood(error: Malformed) -> Trouble {
    match error {
        Malformed::Syntax(because) => Trouble::Syntax(because),
        Malformed::Content(because) => Trouble::Malformed(because),
    }
}
