//! The builder of the runtime: takes the declarations of the businesses and starts their parts.

use super::{
    gate_driver,
    launch::Launcher,
    measured::Measured,
    metrics::SagaCensus,
    parts::{ReadSection, RuntimeParts},
    traces::Traces,
};
use crate::{
    actors::{
        aggregate::{
            AggregateKind, Endpoint, InFlightKeys, InjectedPanics, ListLimits, Representations,
            Services,
        },
        api::{Example, StartError},
        conversation::{Conversations, Role, Route, index},
        dispatch::{DynAggregate, Registry},
        effect::{LOOKUPS, LookupEffect, PortEffect, port_calls},
        erasure::Persons,
        gate::{GateKind, GateObserver, Gates},
        operations::{
            Components, GateSettingsLog, OperationsEvent, OperationsLog, Quarantine, clock_watch,
            journal_watch,
        },
        persistent_subscription::Subscriptions,
        port::{PortAdmission, PortAdmissions, PortClient},
        saga::describe,
        settings::{Live, Settings, business},
        subscription::SubscriberServices,
        supervision::{LoopRole, Restart, Supervisor},
        support::{DrainRate, clock},
    },
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, SettingsOf, View},
    store::{
        KindId,
        journal::{Journal, Loss, ReadLevel, StoreError},
    },
    traces::Tracer,
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, atomic::AtomicUsize},
};
use tokio_util::sync::CancellationToken;

/// The builder: an opened store to which the businesses declare their parts.
pub struct RuntimeBuilder {
    settings: Settings,
    journal: Arc<dyn Journal>,
    persons: Persons,
    components: Arc<Components>,
    gate_settings: Arc<GateSettingsLog>,
    shared: Arc<Services>,
    registry: Registry,
    endpoints: Vec<Arc<dyn Endpoint>>,
    /// The live section of each business, by its type.
    businesses: HashMap<TypeId, Box<dyn Any>>,
    /// The functions that read the sections of the businesses again.
    sections: Vec<ReadSection>,
    /// The functions that start the shards, once all aggregate kinds are known.
    shards: Vec<StartShards>,
    subscribers: Vec<Start<Launcher>>,
    projectors: Vec<Start<Launcher>>,
    /// The routes of client records to conversations, each with the name of its business.
    routes: Vec<(&'static str, Route)>,
    examples: Vec<Example>,
    /// The staff roles of each business.
    staff: HashMap<&'static str, &'static [&'static str]>,
    request_error: Vec<String>,
}

/// A function that starts the shards of an aggregate kind.
type StartShards = Box<dyn FnOnce(&Supervisor) -> Result<(), StartError>>;

/// A function that starts a part with the launcher it needs.
type Start<In> = Box<dyn FnOnce(&mut In) -> Result<(), StartError>>;

impl RuntimeBuilder {
    /// Opens the components and the operations log of this journal.
    pub(in crate::actors) fn on(
        (journal, persons): (Arc<dyn Journal>, Persons),
        settings: Settings,
    ) -> Result<Self, StartError> {
        let failed = |error: StoreError| StartError::Store(error.to_string());
        let components = Components::open(Arc::clone(&journal)).map_err(failed)?;
        let (gate_settings, persisted) =
            GateSettingsLog::open(Arc::clone(&journal)).map_err(failed)?;
        let operations_log = Arc::new(OperationsLog::open(&journal).map_err(failed)?);
        journal.on_availability(journal_watch::observer(&operations_log));
        record_loss(&*journal, &operations_log);
        let observer = Arc::clone(&operations_log) as Arc<dyn GateObserver>;
        let shared = Arc::new(Services {
            journal: Arc::clone(&journal),
            settings: settings.actors.clone(),
            active: AtomicUsize::new(0),
            gates: Gates::new(settings.gates.clone(), persisted, observer),
            injected_panics: InjectedPanics::default(),
            allows_faults: settings.allow_faults,
            has_identity: settings.has_identity,
            quarantine: Arc::new(Quarantine::new(Arc::clone(&operations_log))),
            operations_log,
            admissions: PortAdmissions::default(),
            in_flight_keys: InFlightKeys::default(),
            representations: Representations::new(settings.actors.representations_bytes_max),
            lists: ListLimits::new(settings.actors.query_max()),
            drain: DrainRate::default(),
            waits_end: CancellationToken::new(),
            tracer: tracer_of(&*journal, &settings)?,
        });
        Ok(Self {
            settings,
            journal,
            persons,
            components,
            gate_settings: Arc::new(gate_settings),
            shared,
            registry: Registry::default(),
            endpoints: Vec::new(),
            businesses: HashMap::new(),
            sections: Vec::new(),
            shards: Vec::new(),
            subscribers: Vec::new(),
            projectors: Vec::new(),
            routes: Vec::new(),
            examples: Vec::new(),
            staff: HashMap::new(),
            request_error: Vec::new(),
        })
    }

    /// Records an operations event when the wall clock is behind the last record of the journal.
    fn record_clock_behind(&self) {
        let before_last = self.journal.durable().saturating_sub(1);
        let last = self.journal.read(before_last, 1, ReadLevel::Durable).ok();
        let last = last.as_ref().and_then(|records| records.first());
        if let Some(event) = last.and_then(|last| clock_watch::behind(last.time, clock::now())) {
            self.shared.operations_log.record(event);
        }
    }

    /// Starts all parts: shards first, then views, then sagas, ports and lookups.
    pub(in crate::actors) fn bring_to_life(mut self) -> Result<RuntimeParts, StartError> {
        self.check()?;
        self.record_clock_behind();
        let services = self.subscriber_services();
        let (journal, log) = (Arc::clone(&self.journal), Arc::clone(&self.shared.operations_log));
        let supervisor = Supervisor::new(journal, log, self.shared.settings.shard_blocked());
        for shard in (0..).take(self.shared.settings.shard_count()) {
            supervisor.add_loop(format!("shard {shard}"), LoopRole::Shard(shard));
        }
        self.shards.into_iter().try_for_each(|start| start(&supervisor))?;
        gate_driver::start(&self.shared.gates, &supervisor)?;
        let subscriptions = Subscriptions::open(Arc::clone(&self.journal), &self.settings.data)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let mut launcher = Launcher::new(self.settings, services, supervisor);
        for start in self.projectors.into_iter().chain(self.subscribers) {
            start(&mut launcher)?;
        }
        let conversations = Arc::new(launcher.tell_conversations(self.routes)?);
        let Launcher { rows, reads, progress, supervisor, settings, counted_sagas, .. } = launcher;
        supervisor.watch()?;
        let rows: Vec<_> = rows.into_iter().map(|(_, rows)| rows).collect();
        let views: Vec<_> = rows.iter().map(|rows| rows.info.clone()).collect();
        let resources: Vec<_> =
            self.endpoints.iter().map(|endpoint| endpoint.info().clone()).collect();
        Ok(RuntimeParts {
            traces: traces_of(self.shared.tracer.clone(), &conversations)?,
            journal: self.journal,
            persons: self.persons,
            shared: self.shared,
            measured: Measured::of(!settings.without_metrics, &resources, &views),
            saga_census: SagaCensus::of(counted_sagas),
            data: settings.data,
            resources,
            endpoint_of: (0..).zip(&self.endpoints).map(|(at, one)| (one.kind(), at)).collect(),
            endpoints: self.endpoints,
            examples: self.examples,
            staff: self.staff,
            sections: self.sections,
            views,
            rows,
            reads,
            conversations,
            subscribers: progress,
            components: self.components,
            gate_settings: self.gate_settings,
            subscriptions,
            supervisor,
        })
    }

    /// The services of the subscribers. They take the registry.
    fn subscriber_services(&mut self) -> SubscriberServices {
        SubscriberServices {
            journal: Arc::clone(&self.journal),
            settings: Arc::new(self.shared.settings.clone()),
            quarantine: Arc::clone(&self.shared.quarantine),
            operations_log: Arc::clone(&self.shared.operations_log),
            registry: Arc::new(std::mem::take(&mut self.registry)),
            components: Arc::clone(&self.components),
            tracer: self.shared.tracer.clone(),
        }
    }

    /// Returns the errors of the declarations, if there are any.
    fn check(&self) -> Result<(), StartError> {
        if self.request_error.is_empty() {
            return Ok(());
        }
        Err(StartError::Settings(self.request_error.join("\n")))
    }

    fn kind(&mut self, name: &str) -> KindId {
        self.journal.kind(name).unwrap_or_else(|error| {
            self.request_error.push(format!("{name}: {error}"));
            KindId::default()
        })
    }

    fn settings_of<A: Aggregate>(&self) -> Live<SettingsOf<A>> {
        let settings = self.businesses.get(&TypeId::of::<A::Business>());
        settings.and_then(|settings| settings.downcast_ref().cloned()).unwrap_or_default()
    }
}

/// Records an operations event when acknowledged history is missing, and accepted as lost.
fn record_loss(journal: &dyn Journal, operations_log: &OperationsLog) {
    if let Some(Loss { reason, ends_at, acknowledged }) = journal.accepted_loss().cloned() {
        operations_log.record(OperationsEvent::LossAccepted { reason, ends_at, acknowledged });
    }
}

/// Starts the tracer, if an endpoint is configured.
fn tracer_of(
    journal: &dyn Journal,
    settings: &Settings,
) -> Result<Option<Arc<Tracer>>, StartError> {
    let store = journal.id().map_or(0, |id| id.0);
    Tracer::start(&settings.traces, store).map_err(StartError::Store)
}

/// Starts to make spans of records, if there is a tracer.
fn traces_of(
    tracer: Option<Arc<Tracer>>,
    conversations: &Conversations,
) -> Result<Option<Traces>, StartError> {
    let Conversations { journal, registry, directory, .. } = conversations;
    let start = |tracer| Traces::start(tracer, journal, registry, directory);
    let started = tracer.map(start).transpose();
    started.map_err(|error| StartError::Store(error.to_string()))
}

impl Host for RuntimeBuilder {
    fn business<B: Business>(&mut self) -> &mut Self {
        if !self.settings.includes(B::NAME) {
            return self;
        }
        self.staff.insert(B::NAME, B::STAFF);
        let section = self.settings.businesses.get(B::NAME);
        match business::read::<B>(section, self.settings.wait_max_ms) {
            Ok(section) => {
                let section = Live::new(section);
                self.businesses.insert(TypeId::of::<B>(), Box::new(section.clone()));
                self.sections.push(Box::new(move |settings| {
                    let given = settings.businesses.get(B::NAME);
                    let read = business::read::<B>(given, settings.wait_max_ms)?;
                    let section = section.clone();
                    Ok(Box::new(move || section.set(read)))
                }));
            }
            Err(reason) => self.request_error.push(reason),
        }
        if let Some((resource, body)) = B::EXAMPLES.first() {
            self.examples.push(Example { business: B::NAME, resource, body });
        }
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        let (kind, settings) = (self.kind(A::NAME), self.settings_of::<A>());
        let component = self.components.with(A::NAME, "aggregate");
        let aggregate = Arc::new(AggregateKind::<A>::new(
            kind,
            Arc::clone(&component),
            Arc::clone(&self.shared),
            settings,
        ));
        self.registry.add(A::NAME, Arc::clone(&aggregate) as Arc<dyn DynAggregate>);
        self.endpoints.push(Arc::clone(&aggregate) as Arc<dyn Endpoint>);
        // A weak reference: the kind owns the quarantine.
        let kept = Arc::downgrade(&aggregate);
        self.shared.quarantine.on_release(A::NAME, move |number| {
            kept.upgrade().into_iter().for_each(|aggregate| aggregate.released(number));
        });
        let shards = self.shared.settings.shard_count();
        self.shards.push(Box::new(move |supervisor| {
            aggregate.hear_of_failures();
            for shard in 0..shards {
                let name = format!("aggregate {} in shard {shard}", A::NAME);
                let place = (shard, Restart::Beside);
                supervisor.supervise(name, Some(&component), place, aggregate.start_fn(shard))?;
            }
            Ok(())
        }));
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Saga.kind_name(S::NAME));
        let business = S::NAME.split_once('/').map_or("", |(business, _)| business);
        self.routes.push((business, index::route::<S>()));
        let component = self.components.with(S::NAME, "saga");
        self.subscribers.push(Box::new(move |launcher| {
            let runner = launcher.run::<S>(me, &component)?;
            launcher.sagas.push((business, describe::asking(runner)));
            Ok(())
        }));
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Port.kind_name(P::NAME));
        let component = self.components.with(P::NAME, "port");
        let settings = self.settings.ports.get(P::NAME).cloned().unwrap_or_default();
        let concurrency = settings.concurrency.unwrap_or(P::CONCURRENCY);
        let gate = self.shared.gates.with_limit(P::NAME, GateKind::Port, concurrency);
        let unanswered_max = self.settings.actors.unanswered_max;
        let admission = PortAdmission::new(gate, Arc::clone(&component), &settings, unanswered_max);
        let admission = self.shared.admissions.open(P::NAME, admission);
        self.subscribers.push(Box::new(move |launcher| {
            let components = Arc::clone(&launcher.services.components);
            let limits = port_calls(settings.deferred_max);
            let store = launcher.services.journal.id();
            let for_client = Arc::clone(&component);
            let service = PortClient::new(settings, store, for_client, components, admission);
            let tracer = launcher.services.tracer.clone();
            let service = service.map_err(StartError::Settings)?.traced_by(tracer);
            let service = Arc::new(service);
            let new_effect = move || PortEffect::<P>::new(Arc::clone(&service));
            launcher.send_out(me, ("port", &component), limits, new_effect)
        }));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        let name = Role::Lookup.kind_name(L::NAME);
        let me = self.kind(&name);
        let component = self.components.with(L::NAME, "lookup");
        self.subscribers.push(Box::new(move |launcher| {
            let rows = launcher.rows.iter().find(|(view, _)| *view == L::View::NAME);
            let Some((_, rows)) = rows else {
                let reason = format!("{name}: its view {} is not installed", L::View::NAME);
                return Err(StartError::Settings(reason));
            };
            let rows = Arc::clone(rows);
            let new_effect = move || LookupEffect::<L>::new(Arc::clone(&rows));
            launcher.send_out(me, ("lookup", &component), LOOKUPS, new_effect)
        }));
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        let component = self.components.with(V::NAME, "view");
        self.projectors.push(Box::new(move |launcher| launcher.project::<V>(&component)));
        self
    }
}
