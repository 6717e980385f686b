//! Client requests to an aggregate kind: a command is submitted once for each idempotency key, and
//! its outcome is awaited.

use super::{
    admission::explained,
    envelope::{ClientCommand, Content, Keyed, ReplyTo, Sender},
    idempotency::{Boarding, KeyGuard},
    kind::AggregateKind,
    wait::{Reached, Waits},
};
use crate::{
    actors::{
        api::{
            Answer, IdempotencyKey, Outcome, Request, RequestError, blocking, busy, misunderstood,
            rejected,
        },
        gate::{Away, Permit},
        port::PortAdmission,
        support::{batch_wakes, catch_panic, now},
    },
    domain::kernel::{Aggregate, Dispatch, Place, Said, Speaker, Target},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::oneshot;

/// What a request carries beside the command.
pub(super) struct Call {
    pub keyed: Option<Box<Keyed>>,
    pub permit: Permit,
    step: Option<Result<Permit, Away>>,
    if_match: Option<u32>,
    pub outcome: Outcome,
    pub patience: Duration,
    /// The admission to the outside service whose answer is waited for.
    pub passage: Option<Arc<PortAdmission>>,
}

impl<A: Aggregate> AggregateKind<A> {
    /// Sends a message to an instance and waits for the answer.
    pub(super) async fn ask(
        &self,
        number: u64,
        content: impl FnOnce(ReplyTo) -> Content<A>,
    ) -> Reached {
        let (reply, answer) = oneshot::channel();
        self.post(number, content(reply));
        // The reply channel was dropped without an answer: the instance is gone.
        batch_wakes(answer).await.unwrap_or_else(|_| Err(busy(A::NAME)))
    }

    async fn say_new(&self, command: A::Command, call: Call) -> Reached {
        // The command is decided on a blank state first: if it is rejected, it needs neither a
        // number nor an actor.
        let events = match self.judge_blank(command.clone()) {
            Ok(events) => events,
            Err(trouble) => return self.refuse(0, trouble, call).await,
        };
        self.look_ahead(&command, &A::default(), &events)?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        self.tell(number, command, call, true).await
    }

    async fn say_existing(&self, number: u64, command: A::Command, call: Call) -> Reached {
        if !self.may_exist(number)
            && let Err(trouble) = self.judge_blank(command.clone())
        {
            return self.refuse(number, trouble, call).await;
        }
        self.tell(number, command, call, false).await
    }

    fn judge_blank(&self, command: A::Command) -> Result<Vec<A::Event>, RequestError> {
        let decision = catch_panic(|| A::default().decide(command, now(), &self.settings));
        decision.map_err(RequestError::Failed)?.map_err(|rejection| rejected(&rejection))
    }

    /// Refuses a command that was sent to no aggregate; under a key, the answer is stored.
    async fn refuse(&self, number: u64, trouble: RequestError, call: Call) -> Reached {
        match &call.keyed {
            Some(keyed) => self.keep(keyed, number, true, Err(trouble), call.patience).await,
            None => Err(trouble),
        }
    }

    async fn tell(&self, number: u64, command: A::Command, call: Call, is_new: bool) -> Reached {
        let Call { keyed, permit, step, if_match, outcome, patience, passage } = call;
        let watched = keyed.as_ref().map(|keyed| {
            keyed.flight.goes_to(number);
            (keyed.key, keyed.flight.watch())
        });
        let waits = Waits { number, patience, passage, keyed: watched, is_new };
        let (reply, told) = oneshot::channel();
        let call = ClientCommand { reply, keyed, if_match, outcome, permit, step };
        self.post(number, Content::Tell(command, Sender::Client(call)));
        self.within(waits, told).await
    }

    /// Waits until no other request under this key is under way. When the other takes too long, or
    /// was answered before its decision, this one gets the same answer.
    async fn board(&self, key: IdempotencyKey, patience: Duration) -> Result<KeyGuard, Reached> {
        let boarding = tokio::time::timeout(patience, self.shared.flights.board(key));
        match boarding.await {
            Ok(Boarding::Alone(flight)) => return Ok(flight),
            Ok(Boarding::Undecided(reply)) => return Err(Ok(reply)),
            Ok(Boarding::Reused) => return Err(Err(RequestError::KeyReused)),
            Err(_) => {}
        }
        let Some(watch) = self.shared.flights.watch(key.key) else {
            return Err(Err(busy(A::NAME)));
        };
        if !watch.says(key.fingerprint) {
            return Err(Err(RequestError::KeyReused));
        }
        // Without a number, the other request is not certain to reach any aggregate.
        let Some(number) = watch.number() else { return Err(Err(busy(A::NAME))) };
        let keyed = Some((key, watch));
        let waits = Waits { number, patience, passage: None, keyed, is_new: false };
        Err(self.answer_in_time(&waits, None).await)
    }

    /// Names the gate that caused a failure.
    pub(in crate::actors) fn explain(&self, keyed: &Keyed, trouble: RequestError) -> RequestError {
        explained(keyed.passage.as_deref(), self.after_step(keyed.takes_step, trouble))
    }

    /// Parses a request and submits its command, once for each idempotency key.
    pub(super) async fn say_once(self: Arc<Self>, request: Request) -> Reached {
        let saying = &self.sayings[request.saying];
        let said = saying.parse(request.number, &request.body).map_err(misunderstood)?;
        let outcome = match saying.place {
            Place::Collection => Outcome::Created,
            Place::Item | Place::Named => Outcome::Done,
        };
        self.carry_out(said, saying.name, outcome, request, None).await
    }

    /// Submits a command that a client sent to another kind under this name, once for each key.
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
            None => Err(RequestError::Failed(format!("{dispatch:?} is not for {}", A::NAME))),
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
            return Err(RequestError::Inside(name));
        }
        let Request { key, if_match, patience, .. } = request;
        let flight = match key {
            Some(key) => match self.board(key, patience).await {
                Ok(flight) => Some((key, flight)),
                Err(reached) => return reached,
            },
            None => None,
        };
        let permit = self.admit().await?;
        let passage = self.passage(&said.command);
        let explain = |trouble| explained(passage.as_deref(), trouble);
        let takes_step = A::takes_step(&said.command);
        let keyed = flight.map(|(key, flight)| {
            Box::new(Keyed { key, flight, passage: passage.clone(), takes_step })
        });
        let (step, way) = (None, passage.clone());
        let mut call = Call { keyed, permit, step, if_match, outcome, patience, passage: way };
        if let Some(key) = key {
            let journal = Arc::clone(&self.shared.journal);
            if let Some(stored) = blocking(move || journal.answer(key.key)).await? {
                return self.recall(stored, call).await;
            }
        }
        // A retry whose answer is stored has returned by now and is not counted here: its first
        // request was.
        let _waits = passage.as_deref().map(PortAdmission::join);
        if let Some(first) = first {
            first.await?;
        }
        // Stored answers are returned above even while the component is suspended.
        if self.context.is_suspended() {
            return Err(self.context.trouble());
        }
        self.shared.journal.takes()?;
        call.step = self.ask_for_step(&said.command).await;
        let reached = match said.target {
            Target::New => self.say_new(said.command, call).await,
            Target::Existing(number) => self.say_existing(number, said.command, call).await,
        };
        reached.map_err(|trouble| explain(self.after_step(takes_step, trouble)))
    }
}
