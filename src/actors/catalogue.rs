//! The server as a host: everything a business declares, brought to life.

use super::{
    audit::{RowCheck, row_check},
    books::{self, Invariants, Replay},
    clock,
    contexts::Contexts,
    conversations::{self, Route},
    courtyard::{Parts, Releases, Settings, StartError},
    crash::Quarantine,
    diary::{Diary, Note},
    errands::{Inside, LOOKUPS, Outside, questions},
    facade::Example,
    faults::Strikes,
    flight::Flights,
    gate::{Gates, Guards},
    house::House,
    later::Drain,
    passage::{Passage, Passages},
    private,
    queries::Queries,
    refusal,
    room::{Door, Room, Shared},
    rooms::Rooms,
    saga::Replayed,
    sections,
    service::Service,
    supervision::{Handover, Lives, Supervisor},
};
use crate::{
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, SettingsOf, View},
    store::{
        KindId,
        journal::{Journal, JournalOptions, Level, Loss},
    },
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// The opened system, to which everything that is installed is declared.
pub struct Catalogue {
    pub(super) settings: Settings,
    pub(super) journal: Arc<Journal>,
    pub(super) contexts: Arc<Contexts>,
    shared: Arc<Shared>,
    pub(super) rooms: Rooms,
    pub(super) doors: Vec<Arc<dyn Door>>,
    /// The settings of each business, by the type of the business.
    businesses: HashMap<TypeId, Box<dyn Any>>,
    /// What starts the actors, once all rooms are known.
    shards: Vec<StartShards>,
    followers: Vec<Start<House>>,
    projectors: Vec<Start<House>>,
    /// What checks the rows of each view against the journal.
    pub(super) row_checks: Vec<RowCheck>,
    /// To which conversations sagas count what clients said, with the business of each.
    routes: Vec<(&'static str, Route)>,
    /// What checks the journal as a whole: what adds up, and what is on its way.
    pub(super) invariants: Vec<Invariants>,
    pub(super) replays: Vec<Box<dyn Replay>>,
    examples: Vec<Example>,
    trouble: Vec<String>,
}

/// Starts the keepers of a kind of aggregate.
type StartShards = Box<dyn FnOnce(&Supervisor) -> Result<(), StartError>>;

/// Starts something, given what it lives in.
type Start<In> = Box<dyn FnOnce(&mut In) -> Result<(), StartError>>;

impl Catalogue {
    /// Opens the store.
    pub(super) fn open(settings: Settings) -> Result<Self, StartError> {
        let views = Some(settings.data.join("views"));
        let options = JournalOptions { views, ..settings.journal.clone() };
        let journal = private::opened(&settings.data, || {
            Journal::open(&settings.data.join("journal"), options)
        });
        let journal = journal.map_err(StartError::Store)?;
        let contexts = Contexts::open(Arc::clone(&journal));
        let contexts = contexts.map_err(|error| StartError::Store(error.to_string()))?;
        let diary = Diary::open(&journal);
        let diary = Arc::new(diary.map_err(|error| StartError::Store(error.to_string()))?);
        journal.when_turned(refusal::witness(&diary));
        if let Some(Loss { because, ends_at, acknowledged }) = journal.accepted_loss().cloned() {
            diary.note(Note::LossAccepted { because, ends_at, acknowledged });
        }
        let shared = Arc::new(Shared {
            journal: Arc::clone(&journal),
            settings: settings.actors.clone(),
            living: AtomicUsize::new(0),
            gates: Gates::new(settings.gates.clone(), Arc::clone(&diary)),
            strikes: Strikes::default(),
            allows_faults: settings.allow_faults,
            quarantine: Quarantine::new(Arc::clone(&diary)),
            diary,
            passages: Passages::default(),
            flights: Flights::default(),
            drain: Drain::default(),
        });
        Ok(Self {
            settings,
            journal,
            contexts,
            shared,
            rooms: Rooms::default(),
            doors: Vec::new(),
            businesses: HashMap::new(),
            shards: Vec::new(),
            followers: Vec::new(),
            projectors: Vec::new(),
            row_checks: Vec::new(),
            routes: Vec::new(),
            invariants: Vec::new(),
            replays: Vec::new(),
            examples: Vec::new(),
            trouble: Vec::new(),
        })
    }

    /// Notes when the wall clock is behind the last record of the journal.
    fn note_clock_that_is_behind(&self) {
        let before_last = self.journal.durable().saturating_sub(1);
        let last = self.journal.read(before_last, 1, Level::Durable).ok();
        let last = last.as_ref().and_then(|records| records.first());
        if let Some(note) = last.and_then(|last| clock::behind(last.time, clock::now())) {
            self.shared.diary.note(note);
        }
    }

    /// Starts everything: shards first, then views, then whoever reacts.
    pub(super) fn bring_to_life(self) -> Result<Parts, StartError> {
        self.check()?;
        self.note_clock_that_is_behind();
        let supervisor = Supervisor::new(
            Arc::clone(&self.journal),
            Arc::clone(&self.shared.diary),
            Arc::clone(&self.contexts),
            self.shared.settings.shard_blocked(),
        );
        for shard in (0..).take(self.shared.settings.shard_count()) {
            supervisor.add_loop(format!("shard {shard}"), Lives::Shard(shard));
        }
        for start in self.shards {
            start(&supervisor)?;
        }
        // On a thread of its own, so that nobody else's work makes those at a gate wait.
        let gatekeeping = supervisor.add_loop("gates", Lives::Followers);
        self.shared.gates.drive(&supervisor.handle(gatekeeping));
        let query_max = Duration::from_millis(self.shared.settings.query_ms_max);
        let mut house = House {
            queries: Arc::new(Queries::new(query_max)),
            settings: self.settings,
            shared: Arc::clone(&self.shared),
            contexts: Arc::clone(&self.contexts),
            rooms: Arc::new(self.rooms),
            rows: Vec::new(),
            progress: Vec::new(),
            sagas: Vec::new(),
            releases: Releases::new(),
            inner: supervisor.add_loop("sagas", Lives::Followers),
            outer: supervisor.add_loop("ports", Lives::Followers),
            supervisor,
        };
        for start in self.projectors.into_iter().chain(self.followers) {
            start(&mut house)?;
        }
        let conversations = Arc::new(house.tell_conversations(self.routes)?);
        let House { rows, progress, releases, supervisor, .. } = house;
        supervisor.watch()?;
        let rows: Vec<_> = rows.into_iter().map(|(_, rows)| rows).collect();
        Ok(Parts {
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

    /// Whether everything could be installed.
    pub(super) fn check(&self) -> Result<(), StartError> {
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

impl Host for Catalogue {
    fn business<B: Business>(&mut self) -> &mut Self {
        let only = &self.settings.only;
        if !only.is_empty() && !only.iter().any(|name| name == B::NAME) {
            return self;
        }
        let section = self.settings.businesses.get(B::NAME);
        match sections::read::<B>(section, self.settings.patience_ms) {
            Ok(settings) => drop(self.businesses.insert(TypeId::of::<B>(), Box::new(settings))),
            Err(because) => self.trouble.push(because),
        }
        if let Some((resource, body)) = B::EXAMPLE {
            self.examples.push(Example { business: B::NAME, resource, body });
        }
        self.invariants.push(books::invariants::<B>());
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        let (kind, settings) = (self.kind(A::NAME), self.settings_of::<A>());
        let context = self.contexts.with(A::NAME, "aggregate");
        let room = Arc::new(Room::<A>::new(
            kind,
            Arc::clone(&context),
            Arc::clone(&self.shared),
            settings,
        ));
        self.rooms.add(A::NAME, Arc::clone(&room) as Arc<dyn Door>);
        self.doors.push(Arc::clone(&room) as Arc<dyn Door>);
        self.shards.push(Box::new(move |supervisor| {
            room.hear_of_failures();
            for shard in 0..room.shared.settings.shard_count() {
                let name = format!("aggregate {} in shard {shard}", A::NAME);
                let place = (shard, Handover::Beside);
                supervisor.keep(name, &context, place, room.begins_keeper(shard))?;
            }
            Ok(())
        }));
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let me = self.kind(&format!("saga {}", S::NAME));
        let business = S::NAME.split_once('/').map_or("", |(business, _)| business);
        self.routes.push((business, conversations::route::<S>()));
        self.replays.push(Box::new(Replayed::<S>::new(me)));
        let context = self.contexts.with(S::NAME, "saga");
        self.followers.push(Box::new(move |house| {
            let seat = house.run::<S>(me, &context)?;
            house.sagas.push((business, conversations::asking(seat)));
            Ok(())
        }));
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        let me = self.kind(&format!("port {}", P::NAME));
        let context = self.contexts.with(P::NAME, "port");
        self.replays.push(books::asked_outside::<P>(me));
        let settings = self.settings.ports.get(P::NAME).cloned().unwrap_or_default();
        let concurrency = settings.concurrency.unwrap_or(P::CONCURRENCY);
        let gate = self.shared.gates.with_limit(P::NAME, Guards::Port, concurrency);
        let unanswered_max = self.settings.actors.unanswered_max;
        let passage = Passage::new(gate, Arc::clone(&context), &settings, unanswered_max);
        let passage = self.shared.passages.open(P::NAME, passage);
        self.followers.push(Box::new(move |house| {
            let contexts = Arc::clone(&house.contexts);
            let limits = questions(settings.deferred_max);
            let store = house.shared.journal.id();
            let context_too = Arc::clone(&context);
            let service = Service::new(settings, store, context_too, contexts, passage);
            let service = service.map_err(StartError::Settings)?;
            let service = Arc::new(service);
            let outside = move || Outside::<P>::new(Arc::clone(&service));
            house.send_out(me, ("port", &context), limits, outside)
        }));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        let name = format!("lookup {}", L::NAME);
        let me = self.kind(&name);
        self.replays.push(books::asked_inside::<L>(me));
        let context = self.contexts.with(L::NAME, "lookup");
        self.followers.push(Box::new(move |house| {
            let rows = house.rows.iter().find(|(view, _)| *view == L::View::NAME);
            let Some((_, rows)) = rows else {
                let because = format!("{name}: its view {} is not installed", L::View::NAME);
                return Err(StartError::Settings(because));
            };
            let rows = Arc::clone(rows);
            let inside = move || Inside::<L>::new(Arc::clone(&rows));
            house.send_out(me, ("lookup", &context), LOOKUPS, inside)
        }));
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        let context = self.contexts.with(V::NAME, "view");
        self.projectors.push(Box::new(move |house| house.project::<V>(&context)));
        self.row_checks.push(row_check::<V>());
        self
    }
}
