//! Client requests to an aggregate kind: a command is submitted once for each idempotency key, and
//! its outcome is awaited.

use super::{
    admission::explained,
    envelope::{ClientCommand, Content, Decision, Keyed, ReplyTo, Sender, Told},
    idempotency::{Acquired, KeyGuard},
    kind::AggregateKind,
    numbers::check_chosen,
    wait::{Reached, Waits},
};
use crate::{
    actors::{
        api::{
            Answer, IdempotencyKey, Outcome, Permission, Request, RequestError, Sight, begin_read,
            busy, misunderstood, rejected,
        },
        gate::{GateRejection, Permit},
        port::PortAdmission,
        support::{batch_wakes, catch_panic, now},
    },
    domain::kernel::{Aggregate, Business, Dispatch, Issuer, ParsedCommand, Place, Target},
    traces::TraceContext,
};
use std::{mem, sync::Arc, time::Duration};

/// The data of a request besides its command.
pub(super) struct Call {
    pub keyed: Option<Box<Keyed>>,
    pub permit: Permit,
    step: Option<Result<Permit, GateRejection>>,
    if_match: Option<u32>,
    permission: Option<Permission>,
    pub sight: Sight,
    pub outcome: Outcome,
    trace: Option<Arc<TraceContext>>,
    /// The begin and the end of the wait for the permit, if the request has a trace.
    waited: Option<(u64, u64)>,
    is_async: bool,
    pub wait_max: Duration,
    /// The admission to the outside service whose answer is waited for.
    pub admission: Option<Arc<PortAdmission>>,
}

impl<A: Aggregate> AggregateKind<A> {
    /// Sends a message to an instance and waits for the answer.
    pub(super) async fn ask(
        &self,
        number: u64,
        content: impl FnOnce(ReplyTo) -> Content<A>,
    ) -> Reached {
        self.begin_ask(number, content).await
    }

    /// Sends a message to an instance at once; the result waits for the answer.
    pub(super) fn begin_ask<C: FnOnce(ReplyTo) -> Content<A>>(
        &self,
        number: u64,
        content: C,
    ) -> impl Future<Output = Reached> + use<A, C> {
        let (reply, answer) = ReplyTo::channel();
        self.post(number, content(reply));
        // The reply channel was dropped without an answer: the instance is gone.
        async {
            let told = batch_wakes(answer).await.ok();
            told.and_then(Told::reply).unwrap_or_else(|| Err(busy(A::NAME)))
        }
    }

    async fn submit_new(&self, command: A::Command, call: Call) -> Reached {
        // The command is decided before it has a number or an actor: if it is rejected, it needs
        // neither.
        let decision = match self.decide_on_blank(command.clone()) {
            Ok(decision) => decision,
            Err(request_error) => return Box::pin(self.refuse(0, request_error, call)).await,
        };
        self.precheck(&command, &A::default(), &decision.events)?;
        let number = match self.next_number.assign(A::NAME) {
            Ok(number) => number,
            Err(request_error) => return Box::pin(self.refuse(0, request_error, call)).await,
        };
        let content = |call| Content::Create(command, decision, call);
        self.tell(number, content, call, true).await
    }

    /// Sends a creating command on to the next number: the number it was sent to is in use.
    pub(super) fn create_elsewhere(
        &self,
        command: A::Command,
        decision: Decision<A>,
        mut call: ClientCommand,
    ) {
        let number = match self.next_number.assign(A::NAME) {
            Ok(number) => number,
            Err(request_error) => return Sender::Client(call).refuse(request_error),
        };
        if let Some(keyed) = &call.keyed {
            keyed.flight.goes_to(number);
        }
        let (reply, receiver) = ReplyTo::channel();
        mem::replace(&mut call.reply, reply).moves_to(number, receiver);
        self.post(number, Content::Create(command, decision, call));
    }

    async fn submit_existing(&self, number: u64, command: A::Command, call: Call) -> Reached {
        if !self.may_exist(number) {
            match self.decide_on_blank(command.clone()) {
                Ok(decision) if decision.events.is_empty() => {}
                Ok(_) => check_chosen(number, A::NAME)?,
                Err(request_error) => {
                    return Box::pin(self.refuse(number, request_error, call)).await;
                }
            }
        }
        let content = |call| Content::Tell(command, Sender::Client(call));
        self.tell(number, content, call, false).await
    }

    fn decide_on_blank(&self, command: A::Command) -> Result<Decision<A>, RequestError> {
        let at = now();
        let decided = catch_panic(|| A::default().decide(command, at, &self.settings.get()));
        let events = decided.map_err(RequestError::Failed)?;
        events.map(|events| Decision { at, events }).map_err(|rejection| rejected(&rejection))
    }

    /// Refuses a command that was sent to no aggregate. With a key, the answer is stored.
    async fn refuse(&self, number: u64, request_error: RequestError, call: Call) -> Reached {
        match &call.keyed {
            Some(keyed) => self.keep(keyed, number, true, Err(request_error), call.wait_max).await,
            None => Err(request_error),
        }
    }

    async fn tell(
        &self,
        number: u64,
        content: impl FnOnce(ClientCommand) -> Content<A>,
        call: Call,
        is_new: bool,
    ) -> Reached {
        let Call { keyed, permit, step, if_match, permission, sight, .. } = call;
        let Call { outcome, trace, waited, is_async, wait_max, admission, .. } = call;
        self.trace_admission(number, trace.as_deref(), waited);
        let watched = keyed.as_ref().map(|keyed| {
            keyed.flight.goes_to(number);
            (keyed.key, keyed.flight.watch())
        });
        let waits = Waits { number, wait_max, admission, keyed: watched, is_new, sight };
        let (reply, receiver) = ReplyTo::channel();
        let call = ClientCommand {
            reply,
            keyed,
            if_match,
            permission,
            outcome,
            trace,
            is_async,
            permit,
            step,
        };
        self.post(number, content(call));
        self.within(waits, receiver).await
    }

    /// Waits until no other request with this key is in flight. When the other takes too long, or
    /// was answered before its decision, this request gets the same answer.
    async fn acquire(
        &self,
        key: IdempotencyKey,
        wait_max: Duration,
        sight: Sight,
    ) -> Result<KeyGuard, Reached> {
        let acquiring = tokio::time::timeout(wait_max, self.shared.in_flight_keys.acquire(key));
        match acquiring.await {
            Ok(Acquired::Alone(flight)) => return Ok(flight),
            Ok(Acquired::Undecided(reply)) => return Err(Ok(reply)),
            Ok(Acquired::Reused) => return Err(Err(RequestError::KeyReused)),
            Err(_) => {}
        }
        let Some(watch) = self.shared.in_flight_keys.watch(key.key) else {
            return Err(Err(busy(A::NAME)));
        };
        if !watch.says(key.fingerprint) {
            return Err(Err(RequestError::KeyReused));
        }
        // Without a number, it is uncertain whether the other request reaches an aggregate.
        let Some(number) = watch.number() else { return Err(Err(busy(A::NAME))) };
        let keyed = Some((key, watch));
        let waits = Waits { number, wait_max, admission: None, keyed, is_new: false, sight };
        Err(Box::pin(self.answer_in_time(&waits, None)).await)
    }

    /// Adds to a failure the gate that caused it.
    pub(in crate::actors) fn explain(
        &self,
        keyed: &Keyed,
        request_error: RequestError,
    ) -> RequestError {
        explained(keyed.admission.as_deref(), self.after_step(keyed.may_start_step, request_error))
    }

    /// Parses a request and submits its command, once for each idempotency key.
    pub(super) async fn submit_once(self: Arc<Self>, request: Request) -> Reached {
        let command_route = &self.command_routes[request.command_route];
        let parsed = command_route.parse(request.number, &request.body).map_err(misunderstood)?;
        let outcome = match command_route.place {
            Place::Collection => Outcome::Created,
            Place::Item | Place::Action => Outcome::Done,
        };
        self.carry_out(parsed, command_route.name, outcome, request, None).await
    }

    /// Submits a command that a client sent to another kind under this name, once for each key.
    pub(super) async fn submit_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Reached {
        let target = Target::Existing(dispatch.number());
        match dispatch.command::<A>().cloned() {
            Some(command) => {
                self.carry_out(
                    ParsedCommand { target, command },
                    name,
                    Outcome::Done,
                    request,
                    Some(first),
                )
                .await
            }
            None => Err(RequestError::Failed(format!("{dispatch:?} is not for {}", A::NAME))),
        }
    }

    async fn carry_out(
        &self,
        parsed: ParsedCommand<A>,
        name: &'static str,
        outcome: Outcome,
        request: Request,
        first: Option<Answer<()>>,
    ) -> Reached {
        if A::issuer(&parsed.command) == Issuer::Internal {
            return Err(RequestError::Inside(name));
        }
        let Request { key, if_match, wait_max, is_async, caller, trace, .. } = request;
        let (business, staff) = (A::Business::NAME, A::Business::STAFF);
        let permission = caller.permission(business, staff, A::issuer(&parsed.command))?;
        let sight = caller.sight(business, staff);
        let flight = match key {
            Some(key) => match self.acquire(key, wait_max, sight.clone()).await {
                Ok(flight) => Some((key, flight)),
                Err(reached) => return reached,
            },
            None => None,
        };
        let (permit, waited) = self.admit_timed(trace.as_deref()).await?;
        let admission = self.admission(&parsed.command);
        let may_start_step = A::may_start_step(&parsed.command);
        let keyed = flight.map(|(key, flight)| {
            Box::new(Keyed { key, flight, admission: admission.clone(), may_start_step })
        });
        let call = Call {
            keyed,
            permit,
            step: None,
            if_match,
            permission,
            sight,
            outcome,
            trace,
            waited,
            is_async,
            wait_max,
            admission,
        };
        if let Some(key) = key {
            let journal = Arc::clone(&self.shared.journal);
            if let Some(stored) = begin_read(move || journal.answer(key.key)).await? {
                return Box::pin(self.recall(stored, call)).await;
            }
        }
        self.submit(parsed, call, first).await
    }

    /// Submits a command that has no stored answer, once the command before it is answered.
    async fn submit(
        &self,
        parsed: ParsedCommand<A>,
        mut call: Call,
        first: Option<Answer<()>>,
    ) -> Reached {
        let admission = call.admission.clone();
        let may_start_step = A::may_start_step(&parsed.command);
        // A retry whose answer is stored has returned by now. It is not counted here, because its
        // first request was counted.
        let _waits = admission.as_deref().map(PortAdmission::join);
        if let Some(first) = first {
            first.await?;
        }
        // Stored answers are returned above, even while the component is suspended.
        if self.component.is_suspended() {
            return Err(self.component.request_error());
        }
        self.shared.journal.check_accepting()?;
        call.step = self.ask_for_step(&parsed.command).await;
        let reached = match parsed.target {
            Target::New => self.submit_new(parsed.command, call).await,
            Target::Existing(number) => self.submit_existing(number, parsed.command, call).await,
        };
        reached.map_err(|request_error| {
            let request_error = self.after_step(may_start_step, request_error);
            explained(admission.as_deref(), request_error)
        })
    }
}
