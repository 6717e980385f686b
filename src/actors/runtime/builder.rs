//! The builder of the runtime: takes the declarations of the businesses and starts their parts.

use super::{
    launch::Launcher,
    parts::{ReleaseHandlers, RuntimeParts},
};
use crate::{
    actors::{
        aggregate::{AggregateKind, Endpoint, InFlightKeys, InjectedPanics, Services},
        api::{Example, StartError},
        conversation::{Route, index},
        dispatch::{DynAggregate, Registry},
        effect::{LOOKUPS, LookupEffect, PortEffect, questions},
        gate::{self, GateKind, GateObserver, Gates},
        operations::{
            Contexts, OperationsEvent, OperationsLog, Quarantine, clock_watch, journal_watch,
        },
        port::{PortAdmission, PortAdmissions, PortClient},
        saga::describe,
        settings::{Settings, business},
        subscription::SubscriberServices,
        supervision::{LoopRole, Restart, Supervisor},
        support::{DrainRate, clock},
        view::Queries,
    },
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, SettingsOf, View},
    store::{
        KindId,
        journal::{Journal, Loss, ReadLevel},
    },
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// The builder: an opened store, to which everything that is installed is declared.
pub struct RuntimeBuilder {
    settings: Settings,
    journal: Arc<Journal>,
    contexts: Arc<Contexts>,
    shared: Arc<Services>,
    rooms: Registry,
    doors: Vec<Arc<dyn Endpoint>>,
    /// The settings of each business, by its type.
    businesses: HashMap<TypeId, Box<dyn Any>>,
    /// The functions that start the shards, once all aggregate kinds are known.
    shards: Vec<StartShards>,
    followers: Vec<Start<Launcher>>,
    projectors: Vec<Start<Launcher>>,
    /// The routes of client records to conversations, each with the name of its business.
    routes: Vec<(&'static str, Route)>,
    examples: Vec<Example>,
    trouble: Vec<String>,
}

/// Starts the shards of an aggregate kind.
type StartShards = Box<dyn FnOnce(&Supervisor) -> Result<(), StartError>>;

/// Starts a part with the context it needs.
type Start<In> = Box<dyn FnOnce(&mut In) -> Result<(), StartError>>;

impl RuntimeBuilder {
    /// Opens the store, the components and the operations log.
    pub(in crate::actors) fn open(settings: Settings) -> Result<Self, StartError> {
        let journal = settings.open_journal()?;
        let contexts = Contexts::open(Arc::clone(&journal));
        let contexts = contexts.map_err(|error| StartError::Store(error.to_string()))?;
        let diary = OperationsLog::open(&journal);
        let diary = Arc::new(diary.map_err(|error| StartError::Store(error.to_string()))?);
        journal.when_turned(journal_watch::witness(&diary));
        if let Some(Loss { because, ends_at, acknowledged }) = journal.accepted_loss().cloned() {
            diary.note(OperationsEvent::LossAccepted { because, ends_at, acknowledged });
        }
        let shared = Arc::new(Services {
            journal: Arc::clone(&journal),
            settings: settings.actors.clone(),
            living: AtomicUsize::new(0),
            gates: Gates::new(settings.gates.clone(), Arc::clone(&diary) as Arc<dyn GateObserver>),
            strikes: InjectedPanics::default(),
            allows_faults: settings.allow_faults,
            quarantine: Arc::new(Quarantine::new(Arc::clone(&diary))),
            diary,
            passages: PortAdmissions::default(),
            flights: InFlightKeys::default(),
            drain: DrainRate::default(),
        });
        Ok(Self {
            settings,
            journal,
            contexts,
            shared,
            rooms: Registry::default(),
            doors: Vec::new(),
            businesses: HashMap::new(),
            shards: Vec::new(),
            followers: Vec::new(),
            projectors: Vec::new(),
            routes: Vec::new(),
            examples: Vec::new(),
            trouble: Vec::new(),
        })
    }

    /// Writes a note when the wall clock is behind the last record of the journal.
    fn note_clock_that_is_behind(&self) {
        let before_last = self.journal.durable().saturating_sub(1);
        let last = self.journal.read(before_last, 1, ReadLevel::Durable).ok();
        let last = last.as_ref().and_then(|records| records.first());
        if let Some(note) = last.and_then(|last| clock_watch::behind(last.time, clock::now())) {
            self.shared.diary.note(note);
        }
    }

    /// Starts all parts: shards first, then views, then sagas, ports and lookups.
    pub(in crate::actors) fn bring_to_life(self) -> Result<RuntimeParts, StartError> {
        self.check()?;
        self.note_clock_that_is_behind();
        let supervisor = Supervisor::new(
            Arc::clone(&self.journal),
            Arc::clone(&self.shared.diary),
            Arc::clone(&self.contexts),
            self.shared.settings.shard_blocked(),
        );
        for shard in (0..).take(self.shared.settings.shard_count()) {
            supervisor.add_loop(format!("shard {shard}"), LoopRole::Shard(shard));
        }
        for start in self.shards {
            start(&supervisor)?;
        }
        // The gate driver has an event loop of its own, so that other work does not delay waiting
        // callers.
        let gatekeeping = supervisor.add_loop("gates", LoopRole::Followers);
        gate::drive(&self.shared.gates, &supervisor.handle(gatekeeping));
        let query_max = Duration::from_millis(self.shared.settings.query_ms_max);
        let services = SubscriberServices {
            journal: Arc::clone(&self.journal),
            settings: Arc::new(self.shared.settings.clone()),
            quarantine: Arc::clone(&self.shared.quarantine),
            diary: Arc::clone(&self.shared.diary),
            rooms: Arc::new(self.rooms),
            contexts: Arc::clone(&self.contexts),
        };
        let mut house = Launcher {
            queries: Arc::new(Queries::new(query_max)),
            settings: self.settings,
            services,
            rows: Vec::new(),
            progress: Vec::new(),
            sagas: Vec::new(),
            releases: ReleaseHandlers::new(),
            inner: supervisor.add_loop("sagas", LoopRole::Followers),
            outer: supervisor.add_loop("ports", LoopRole::Followers),
            supervisor,
        };
        for start in self.projectors.into_iter().chain(self.followers) {
            start(&mut house)?;
        }
        let conversations = Arc::new(house.tell_conversations(self.routes)?);
        let Launcher { rows, progress, releases, supervisor, .. } = house;
        supervisor.watch()?;
        let rows: Vec<_> = rows.into_iter().map(|(_, rows)| rows).collect();
        Ok(RuntimeParts {
            journal: self.journal,
            shared: self.shared,
            resources: self.doors.iter().map(|door| door.info().clone()).collect(),
            doors: self.doors,
            examples: self.examples,
            views: rows.iter().map(|rows| rows.info.clone()).collect(),
            rows,
            conversations,
            followers: progress,
            releases,
            contexts: self.contexts,
            supervisor,
        })
    }

    /// Returns the errors of the declarations, if there are any.
    fn check(&self) -> Result<(), StartError> {
        if self.trouble.is_empty() {
            return Ok(());
        }
        Err(StartError::Settings(self.trouble.join("\n")))
    }

    fn kind(&mut self, name: &str) -> KindId {
        self.journal.kind(name).unwrap_or_else(|error| {
            self.trouble.push(format!("{name}: {error}"));
            KindId::default()
        })
    }

    fn settings_of<A: Aggregate>(&mut self) -> SettingsOf<A> {
        let settings = self.businesses.get(&TypeId::of::<A::Business>());
        settings.and_then(|settings| settings.downcast_ref().cloned()).unwrap_or_default()
    }
}

impl Host for RuntimeBuilder {
    fn business<B: Business>(&mut self) -> &mut Self {
        if !self.settings.includes(B::NAME) {
            return self;
        }
        let section = self.settings.businesses.get(B::NAME);
        match business::read::<B>(section, self.settings.patience_ms) {
            Ok(settings) => drop(self.businesses.insert(TypeId::of::<B>(), Box::new(settings))),
            Err(because) => self.trouble.push(because),
        }
        if let Some((resource, body)) = B::EXAMPLE {
            self.examples.push(Example { business: B::NAME, resource, body });
        }
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        let (kind, settings) = (self.kind(A::NAME), self.settings_of::<A>());
        let context = self.contexts.with(A::NAME, "aggregate");
        let room = Arc::new(AggregateKind::<A>::new(
            kind,
            Arc::clone(&context),
            Arc::clone(&self.shared),
            settings,
        ));
        self.rooms.add(A::NAME, Arc::clone(&room) as Arc<dyn DynAggregate>);
        self.doors.push(Arc::clone(&room) as Arc<dyn Endpoint>);
        let shards = self.shared.settings.shard_count();
        self.shards.push(Box::new(move |supervisor| {
            room.hear_of_failures();
            for shard in 0..shards {
                let name = format!("aggregate {} in shard {shard}", A::NAME);
                let place = (shard, Restart::Beside);
                supervisor.keep(name, &context, place, room.begins_keeper(shard))?;
            }
            Ok(())
        }));
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let me = self.kind(&format!("saga {}", S::NAME));
        let business = S::NAME.split_once('/').map_or("", |(business, _)| business);
        self.routes.push((business, index::route::<S>()));
        let context = self.contexts.with(S::NAME, "saga");
        self.followers.push(Box::new(move |house| {
            let seat = house.run::<S>(me, &context)?;
            house.sagas.push((business, describe::asking(seat)));
            Ok(())
        }));
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        let me = self.kind(&format!("port {}", P::NAME));
        let context = self.contexts.with(P::NAME, "port");
        let settings = self.settings.ports.get(P::NAME).cloned().unwrap_or_default();
        let concurrency = settings.concurrency.unwrap_or(P::CONCURRENCY);
        let gate = self.shared.gates.with_limit(P::NAME, GateKind::Port, concurrency);
        let unanswered_max = self.settings.actors.unanswered_max;
        let passage = PortAdmission::new(gate, Arc::clone(&context), &settings, unanswered_max);
        let passage = self.shared.passages.open(P::NAME, passage);
        self.followers.push(Box::new(move |house| {
            let contexts = Arc::clone(&house.services.contexts);
            let limits = questions(settings.deferred_max);
            let store = house.services.journal.id();
            let context_too = Arc::clone(&context);
            let service = PortClient::new(settings, store, context_too, contexts, passage);
            let service = service.map_err(StartError::Settings)?;
            let service = Arc::new(service);
            let outside = move || PortEffect::<P>::new(Arc::clone(&service));
            house.send_out(me, ("port", &context), limits, outside)
        }));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        let name = format!("lookup {}", L::NAME);
        let me = self.kind(&name);
        let context = self.contexts.with(L::NAME, "lookup");
        self.followers.push(Box::new(move |house| {
            let rows = house.rows.iter().find(|(view, _)| *view == L::View::NAME);
            let Some((_, rows)) = rows else {
                let because = format!("{name}: its view {} is not installed", L::View::NAME);
                return Err(StartError::Settings(because));
            };
            let rows = Arc::clone(rows);
            let inside = move || LookupEffect::<L>::new(Arc::clone(&rows));
            house.send_out(me, ("lookup", &context), LOOKUPS, inside)
        }));
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        let context = self.contexts.with(V::NAME, "view");
        self.projectors.push(Box::new(move |house| house.project::<V>(&context)));
        self
    }
}
