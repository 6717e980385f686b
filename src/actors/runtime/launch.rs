//! The launcher: starts subscribers and projectors, and collects their handles.

use crate::sync;
use crate::{
    actors::{
        api::{StartError, ViewInfo},
        conversation::{Conversations, INDEX, Index, KindNames, Route},
        effect::{Effect, EffectRunner, Limits},
        operations::{Component, Release},
        saga::{AskSaga, CountSagas, SagaRunner, counting},
        settings::Settings,
        subscription::{Progress, SubscriberServices},
        supervision::{ActorRef, LoopRole, Restart, StartFn, Supervisor, start_in},
        view::{
            Projection, Projector, Queries, SharedReads, ViewProjection, ViewReader, ViewStorage,
            view_path,
        },
    },
    domain::kernel::{Readers, Saga, View},
    store::KindId,
};
use actix::{Actor, Context as ActixContext, Handler};
use std::sync::{Arc, Mutex};

/// Starts subscribers and projectors, and collects their handles.
pub(in crate::actors) struct Launcher {
    pub(in crate::actors) settings: Settings,
    pub(in crate::actors) services: SubscriberServices,
    pub(in crate::actors) rows: Vec<(&'static str, Arc<ViewReader>)>,
    pub(in crate::actors) progress: Vec<Arc<Progress>>,
    /// The limits of clients' view queries.
    pub(in crate::actors) queries: Arc<Queries>,
    /// The reads of views that are rebuilt at the same time.
    pub(in crate::actors) reads: Arc<SharedReads>,
    /// The query functions of the sagas, each with the name of its business.
    pub(in crate::actors) sagas: Vec<(&'static str, AskSaga)>,
    /// The functions that count the open instances of the sagas, by name.
    pub(in crate::actors) counted_sagas: Vec<(&'static str, CountSagas)>,
    pub(in crate::actors) supervisor: Arc<Supervisor>,
    /// The event loop of the sagas, and the one of ports and lookups.
    pub(in crate::actors) inner: usize,
    pub(in crate::actors) outer: usize,
}

impl Launcher {
    /// A launcher that has started nothing yet.
    pub(in crate::actors) fn new(
        settings: Settings,
        services: SubscriberServices,
        supervisor: Arc<Supervisor>,
    ) -> Self {
        Self {
            queries: Arc::new(Queries::new(services.settings.query_max())),
            reads: SharedReads::new(Arc::clone(&services.journal), Arc::clone(&services.registry)),
            settings,
            services,
            rows: Vec::new(),
            progress: Vec::new(),
            sagas: Vec::new(),
            counted_sagas: Vec::new(),
            inner: supervisor.add_loop("sagas", LoopRole::Subscribers),
            outer: supervisor.add_loop("ports", LoopRole::Subscribers),
            supervisor,
        }
    }

    /// Creates a subscriber's progress. Every change of a component wakes the subscriber.
    pub(in crate::actors) fn register_subscriber(
        &mut self,
        part: &str,
        component: &Arc<Component>,
    ) -> Arc<Progress> {
        let progress = Progress::new(part, component);
        let subscriber = Arc::clone(&progress);
        self.services.components.on_change(move || subscriber.wake());
        self.progress.push(Arc::clone(&progress));
        progress
    }

    /// Starts and supervises the runner of an effect.
    pub(in crate::actors) fn send_out<E: Effect>(
        &mut self,
        me: KindId,
        (part, component): (&str, &Arc<Component>),
        limits: Limits,
        effect: impl Fn() -> E + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        let progress = self.register_subscriber(part, component);
        let (services, effect) = (self.services.clone(), Arc::new(effect));
        let actor_ref = Arc::<ActorRef<EffectRunner<E>>>::default();
        let current = Arc::clone(&actor_ref);
        let begin: StartFn = Box::new(move |host, lease| {
            let (effect, progress) = (Arc::clone(&effect), Arc::clone(&progress));
            let services = services.clone();
            let effect_runner =
                move || EffectRunner::new((me, lease), effect(), limits, services, progress);
            let effect_runner = start_in(host, effect_runner)?;
            current.take(effect_runner.clone());
            Ok(effect_runner.recipient())
        });
        self.register_release(E::NAME, actor_ref);
        let name = format!("{part} {}", component.name);
        self.supervisor.supervise(name, Some(component), (self.outer, Restart::After), begin)
    }

    /// Registers the release function of the actor behind this reference.
    fn register_release<A>(&self, name: &'static str, actor_ref: Arc<ActorRef<A>>)
    where
        A: Actor<Context = ActixContext<A>> + Handler<Release>,
    {
        // An actor that is being restarted does not get the message. It reads its quarantined
        // instances again when it starts.
        let release = move |number| {
            actor_ref.with(|addr| addr.into_iter().for_each(|addr| addr.do_send(Release(number))));
        };
        self.services.quarantine.on_release(name, release);
    }

    /// Starts and supervises the runner of a saga. Returns its actor reference.
    pub(in crate::actors) fn run<S: Saga>(
        &mut self,
        me: KindId,
        component: &Arc<Component>,
    ) -> Result<Arc<ActorRef<SagaRunner<S>>>, StartError> {
        let progress = self.register_subscriber("saga", component);
        let counted = counting::<S>(Arc::clone(&self.services.journal), me);
        self.counted_sagas.push((S::NAME, counted));
        let services = self.services.clone();
        let actor_ref = Arc::<ActorRef<SagaRunner<S>>>::default();
        let current = Arc::clone(&actor_ref);
        let begin: StartFn = Box::new(move |host, lease| {
            let (services, progress) = (services.clone(), Arc::clone(&progress));
            let runner = move || SagaRunner::<S>::new((me, lease), services, progress);
            let runner = start_in(host, runner)?;
            current.take(runner.clone());
            Ok(runner.recipient())
        });
        let name = format!("saga {}", component.name);
        self.supervisor.supervise(name, Some(component), (self.inner, Restart::After), begin)?;
        self.register_release(S::NAME, Arc::clone(&actor_ref));
        Ok(actor_ref)
    }

    /// Starts the projector of a view.
    pub(in crate::actors) fn project<V: View>(
        &mut self,
        component: &Arc<Component>,
    ) -> Result<(), StartError> {
        let (business, name) = V::NAME.split_once('/').unwrap_or(("", V::NAME));
        let (aliases, fields, newest_first) = (V::ALIASES, V::FIELDS, V::NEWEST_FIRST);
        let links = V::LINKS;
        let readers = V::READERS;
        let info = ViewInfo { business, name, aliases, fields, links, newest_first, readers };
        let progress = self.register_subscriber("view", component);
        let rows =
            self.start_projector(ViewProjection::<V>::default(), info, component, progress)?;
        self.rows.push((V::NAME, rows));
        Ok(())
    }

    /// Opens a view's storage and starts its projector on a thread of its own.
    fn start_projector<F: Projection>(
        &mut self,
        projection: F,
        info: ViewInfo,
        component: &Arc<Component>,
        progress: Arc<Progress>,
    ) -> Result<Arc<ViewReader>, StartError> {
        let layout = F::layout();
        let store =
            |error: &dyn std::fmt::Display| StartError::Store(format!("{}: {error}", layout.name));
        let place = view_path(&self.settings.data, layout.name);
        let journal = Arc::clone(&self.services.journal);
        let operations_log = Arc::clone(&self.services.operations_log);
        let opened = ViewStorage::open(place, layout, (operations_log, journal.durable()));
        let (place, opened) = opened.map_err(|error| store(&error))?;
        let rows = Arc::new(ViewReader::new(info, place, progress, Arc::clone(&self.queries)));
        let (kept, opened) = (Arc::clone(&rows), Mutex::new(Some(opened)));
        let reads = Arc::clone(&self.reads);
        // The index of conversations is no view of a business.
        let tracer = self.services.tracer.clone().filter(|_| layout.name != INDEX);
        let begin: StartFn = Box::new(move |host, _| {
            let opened = sync::lock(&opened).take();
            let model = opened.map_or_else(|| kept.model(journal.durable()), Ok);
            let (reads, tracer) = (Arc::clone(&reads), tracer.clone());
            let projector = model.and_then(|model| {
                Projector::new(projection.clone(), (&kept, model), reads, tracer)
            });
            let projector = projector.map_err(|error| error.to_string())?;
            Ok(start_in(host, move || projector)?.recipient())
        });
        let name = format!("view {}", component.name);
        let on = self.supervisor.add_loop(name.clone(), LoopRole::Subscribers);
        self.supervisor.supervise(name, Some(component), (on, Restart::After), begin)?;
        Ok(rows)
    }

    /// Starts the projector of the index of conversations. Returns the conversations.
    pub(in crate::actors) fn tell_conversations(
        &mut self,
        routes: Vec<(&'static str, Route)>,
    ) -> Result<Conversations, StartError> {
        let (directory, routes) =
            (Arc::new(KindNames::of(&*self.services.journal)), Arc::new(routes));
        let index = Index { directory: Arc::clone(&directory), routes: Arc::clone(&routes) };
        let fields = Index::layout().fields;
        let info = ViewInfo {
            business: "",
            name: INDEX,
            aliases: &[],
            fields,
            links: &[],
            newest_first: false,
            readers: Readers::Staff,
        };
        let component = self.services.components.with(INDEX, "view");
        let progress = self.register_subscriber("view", &component);
        let index = self.start_projector(index, info, &component, progress)?;
        let (journal, registry) =
            (Arc::clone(&self.services.journal), Arc::clone(&self.services.registry));
        let sagas = std::mem::take(&mut self.sagas);
        Ok(Conversations { journal, registry, directory, routes, sagas, index })
    }
}
