//! The endpoint of an aggregate kind: the trait through which clients use the kind.

use super::{
    envelope::{Content, Sender},
    figures::{KindFigures, Population},
    kind::AggregateKind,
    numbers::NextNumber,
    past::HistoryStep,
    router::ShardRouter,
    services::Services,
    undecided::Undecided,
};
use crate::{
    actors::{
        api::{
            Answer, Caller, Collection, CommandInfo, Moment, Page, PastReply, Reply, Request,
            RequestError, ResourceInfo, Sight, misunderstood,
        },
        dispatch::{
            DeliveryError, DynAggregate, InternalCommand, decode_event, decode_rejection,
            event_to_json,
        },
        gate::GateKind,
        operations::Component,
        settings::Live,
    },
    domain::kernel::{Aggregate, Business, Dispatch, SettingsOf},
    store::{KindId, Record},
};
use std::{any::Any, sync::Arc};

/// The type-erased interface of an aggregate kind for clients. It takes names and bytes, and
/// returns bytes. The type of an aggregate is erased only here and in [`DynAggregate`].
pub trait Endpoint: DynAggregate {
    /// The public description of the kind.
    fn info(&self) -> &ResourceInfo;
    /// The figures of the kind.
    fn figures(&self) -> KindFigures;
    /// Submits a command for a client.
    fn submit(self: Arc<Self>, request: Request) -> Answer<Reply>;
    /// The command for another kind that this request is forwarded as; `None` when the request is
    /// for this kind.
    fn forwarded(&self, request: &Request) -> Result<Option<Dispatch>, RequestError>;
    /// Submits a command that a client sent to another kind under this name. The precondition
    /// `first` is awaited only if the request was not answered before.
    fn submit_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Answer<Reply>;
    /// Returns the representation of one instance.
    fn show(self: Arc<Self>, number: u64, caller: &Caller) -> Answer<Reply>;
    /// Returns a page of instances.
    fn list(self: Arc<Self>, page: Page, caller: &Caller) -> Answer<Collection<Reply>>;
    /// Returns the representation of one instance as it was.
    fn past(self: Arc<Self>, number: u64, moment: Moment, caller: &Caller) -> Answer<PastReply>;
    /// Returns a page of the history of one instance.
    fn history(
        self: Arc<Self>,
        number: u64,
        page: Page,
        caller: &Caller,
    ) -> Answer<Collection<HistoryStep>>;
}

impl<A: Aggregate> AggregateKind<A> {
    /// An aggregate kind whose shards are not started yet.
    pub fn new(
        kind: KindId,
        component: Arc<Component>,
        shared: Arc<Services>,
        settings: Live<SettingsOf<A>>,
    ) -> Self {
        let (business, name) = A::NAME.split_once('/').unwrap_or(("", A::NAME));
        let command_routes = A::command_routes().into_routes();
        let infos = command_routes
            .iter()
            .map(|command_route| CommandInfo {
                name: command_route.name,
                method: command_route.method,
                place: command_route.place,
            })
            .collect();
        let (aliases, readers) = (A::ALIASES, A::READERS);
        let info = ResourceInfo { business, name, aliases, command_routes: infos, readers };
        let next_number = NextNumber::in_journal(&*shared.journal, kind, A::NAME);
        let shards = shared.settings.shard_count();
        let post = ShardRouter::new(shards, shared.settings.mailbox_messages_max);
        let admission = shared.gates.with(A::NAME, GateKind::Admission);
        let step = A::AWAITED_STEP.map(|name| shared.gates.with(name, GateKind::Step));
        let undecided = Undecided::default();
        Self {
            kind,
            shared,
            settings,
            info,
            component,
            admission,
            step,
            command_routes,
            next_number,
            undecided,
            post,
            population: Population::default(),
        }
    }

    /// Continues an instance that was released from quarantine.
    pub fn released(&self, number: u64) {
        self.shared.injected_panics.forgive(A::NAME, number);
        self.post(number, Content::Release);
    }

    /// What this client may see of the kind.
    ///
    /// # Errors
    /// When it may see nothing of it.
    pub(super) fn sight(caller: &Caller) -> Result<Sight, RequestError> {
        caller.sight_for(A::READERS, A::Business::NAME, A::Business::STAFF)
    }

    /// Whether an aggregate can have this number: it is at most the last number in the journal.
    pub(super) fn may_exist(&self, number: u64) -> bool {
        number > 0 && number <= self.shared.journal.last_number(self.kind)
    }
}

impl<A: Aggregate> DynAggregate for AggregateKind<A> {
    fn kind(&self) -> KindId {
        self.kind
    }

    fn dispatch(&self, dispatch: &Dispatch, call: InternalCommand) {
        if self.component.is_suspended() {
            return call.ack.report(Err(DeliveryError::Suspended(Arc::clone(&self.component))));
        }
        match dispatch.command::<A>() {
            Some(command) => {
                self.post(dispatch.number(), Content::Tell(command.clone(), Sender::Inside(call)));
            }
            None => call.ack.report(Err(DeliveryError::Later)),
        }
    }

    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String> {
        decode_event::<A>(bytes)
    }

    fn describe_event(&self, record: &Record) -> Result<serde_json::Value, String> {
        event_to_json::<A>(record)
    }

    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String> {
        decode_rejection::<A>(bytes)
    }
}

impl<A: Aggregate> Endpoint for AggregateKind<A> {
    fn info(&self) -> &ResourceInfo {
        &self.info
    }

    fn figures(&self) -> KindFigures {
        self.population.figures(self.post.queued())
    }

    fn submit(self: Arc<Self>, request: Request) -> Answer<Reply> {
        Box::pin(self.submit_once(request))
    }

    fn forwarded(&self, request: &Request) -> Result<Option<Dispatch>, RequestError> {
        let command_route = &self.command_routes[request.command_route];
        command_route.forwarded(request.number, &request.body).map_err(misunderstood)
    }

    fn submit_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Answer<Reply> {
        Box::pin(Self::submit_for(self, dispatch, name, request, first))
    }

    fn show(self: Arc<Self>, number: u64, caller: &Caller) -> Answer<Reply> {
        let sight = Self::sight(caller);
        Box::pin(async move {
            let sight = sight?;
            if self.undecided.contains(number) {
                let reason = format!("{} {number} is accepted and not decided yet", A::NAME);
                return Err(RequestError::NotYet(reason));
            }
            if !self.may_exist(number) {
                return Err(Self::not_found(number));
            }
            self.begin_show(number, &sight).await
        })
    }

    fn list(self: Arc<Self>, page: Page, caller: &Caller) -> Answer<Collection<Reply>> {
        let sight = Self::sight(caller);
        Box::pin(async move { self.show_page(page, sight?).await })
    }

    fn past(self: Arc<Self>, number: u64, moment: Moment, caller: &Caller) -> Answer<PastReply> {
        let sight = Self::sight(caller);
        Box::pin(async move { Self::past(&self, number, moment, sight?).await })
    }

    fn history(
        self: Arc<Self>,
        number: u64,
        page: Page,
        caller: &Caller,
    ) -> Answer<Collection<HistoryStep>> {
        let sight = Self::sight(caller);
        Box::pin(async move { self.history_page(number, page, sight?).await })
    }
}
