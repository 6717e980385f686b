//! The launcher: starts subscribers and projectors, and collects their handles.

use super::parts::ReleaseHandlers;
use crate::{
    actors::{
        api::{StartError, ViewInfo},
        conversation::{Conversations, INDEX, Index, KindNames, Route},
        effect::{Effect, EffectRunner, Limits},
        operations::{Context, Release},
        saga::{AskSaga, SagaRunner},
        settings::Settings,
        subscription::{Progress, SubscriberServices},
        supervision::{ActorRef, LoopRole, Restart, StartFn, Supervisor, start_in},
        view::{
            Projection, Projector, Queries, ViewProjection, ViewReader, ViewStorage, view_path,
        },
    },
    domain::kernel::{Saga, View},
    store::KindId,
};
use actix::{Actor, Context as ActixContext, Handler};
use std::sync::{Arc, Mutex, PoisonError};

/// Starts subscribers and projectors, and collects their handles.
pub(in crate::actors) struct Launcher {
    pub(in crate::actors) settings: Settings,
    pub(in crate::actors) services: SubscriberServices,
    pub(in crate::actors) rows: Vec<(&'static str, Arc<ViewReader>)>,
    pub(in crate::actors) progress: Vec<Arc<Progress>>,
    /// The limits of clients' view queries.
    pub(in crate::actors) queries: Arc<Queries>,
    /// The query functions of the sagas, each with the name of its business.
    pub(in crate::actors) sagas: Vec<(&'static str, AskSaga)>,
    pub(in crate::actors) releases: ReleaseHandlers,
    pub(in crate::actors) supervisor: Arc<Supervisor>,
    /// The event loop of the sagas, and the one of ports and lookups.
    pub(in crate::actors) inner: usize,
    pub(in crate::actors) outer: usize,
}

impl Launcher {
    /// Creates a subscriber's progress. Every change of a component wakes the subscriber.
    pub(in crate::actors) fn follower(
        &mut self,
        part: &str,
        context: &Arc<Context>,
    ) -> Arc<Progress> {
        let progress = Progress::new(part, context);
        let bell = Arc::clone(&progress);
        self.services.contexts.on_change(move || bell.ring());
        self.progress.push(Arc::clone(&progress));
        progress
    }

    pub(in crate::actors) fn send_out<E: Effect>(
        &mut self,
        me: KindId,
        (part, context): (&str, &Arc<Context>),
        limits: Limits,
        errand: impl Fn() -> E + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        let progress = self.follower(part, context);
        let (services, errand) = (self.services.clone(), Arc::new(errand));
        let seat = Arc::<ActorRef<EffectRunner<E>>>::default();
        let taken = Arc::clone(&seat);
        let begin: StartFn = Box::new(move |arbiter, lease| {
            let (errand, progress) = (Arc::clone(&errand), Arc::clone(&progress));
            let services = services.clone();
            let messenger =
                move || EffectRunner::new((me, lease), errand(), limits, services, progress);
            let messenger = start_in(arbiter, messenger)?;
            taken.take(messenger.clone());
            Ok(messenger.recipient())
        });
        self.let_out(E::NAME, seat);
        let name = format!("{part} {}", context.name);
        self.supervisor.keep(name, context, (self.outer, Restart::After), begin)
    }

    /// Registers the release function of the actor behind this reference.
    fn let_out<A>(&mut self, name: &'static str, seat: Arc<ActorRef<A>>)
    where
        A: Actor<Context = ActixContext<A>> + Handler<Release>,
    {
        // An actor that is being restarted misses the message. It reads its quarantined instances
        // again when it starts.
        let release = move |number| {
            seat.with(|it| it.into_iter().for_each(|it| it.do_send(Release(number))));
        };
        self.releases.insert(name, Box::new(release));
    }

    /// Starts and supervises the runner of a saga. Returns its actor reference.
    pub(in crate::actors) fn run<S: Saga>(
        &mut self,
        me: KindId,
        context: &Arc<Context>,
    ) -> Result<Arc<ActorRef<SagaRunner<S>>>, StartError> {
        let progress = self.follower("saga", context);
        let services = self.services.clone();
        let seat = Arc::<ActorRef<SagaRunner<S>>>::default();
        let taken = Arc::clone(&seat);
        let begin: StartFn = Box::new(move |arbiter, lease| {
            let (services, progress) = (services.clone(), Arc::clone(&progress));
            let runner = move || SagaRunner::<S>::new((me, lease), services, progress);
            let runner = start_in(arbiter, runner)?;
            taken.take(runner.clone());
            Ok(runner.recipient())
        });
        let name = format!("saga {}", context.name);
        self.supervisor.keep(name, context, (self.inner, Restart::After), begin)?;
        self.let_out(S::NAME, Arc::clone(&seat));
        Ok(seat)
    }

    pub(in crate::actors) fn project<V: View>(
        &mut self,
        context: &Arc<Context>,
    ) -> Result<(), StartError> {
        let (business, name) = V::NAME.split_once('/').unwrap_or(("", V::NAME));
        let (aliases, fields, newest_first) = (V::ALIASES, V::FIELDS, V::NEWEST_FIRST);
        let info = ViewInfo { business, name, aliases, fields, newest_first };
        let progress = self.follower("view", context);
        let rows = self.shelve(ViewProjection::<V>::default(), info, context, progress)?;
        self.rows.push((V::NAME, rows));
        Ok(())
    }

    /// Opens a view's storage and starts its projector on a thread of its own.
    fn shelve<F: Projection>(
        &mut self,
        folds: F,
        info: ViewInfo,
        context: &Arc<Context>,
        progress: Arc<Progress>,
    ) -> Result<Arc<ViewReader>, StartError> {
        let layout = F::layout();
        let store =
            |error: &dyn std::fmt::Display| StartError::Store(format!("{}: {error}", layout.name));
        let place = view_path(&self.settings.data, layout.name);
        let journal = Arc::clone(&self.services.journal);
        let diary = Arc::clone(&self.services.diary);
        let opened = ViewStorage::open(place, layout, (diary, journal.durable()));
        let (place, opened) = opened.map_err(|error| store(&error))?;
        let rows = Arc::new(ViewReader::new(info, place, progress, Arc::clone(&self.queries)));
        let (kept, opened) = (Arc::clone(&rows), Mutex::new(Some(opened)));
        let rooms = Arc::clone(&self.services.rooms);
        let begin: StartFn = Box::new(move |arbiter, _| {
            let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
            let model = opened.map_or_else(|| kept.model(journal.durable()), Ok);
            let around = (Arc::clone(&journal), Arc::clone(&rooms));
            let projector =
                model.and_then(|model| Projector::new(folds.clone(), (&kept, model), around));
            let projector = projector.map_err(|error| error.to_string())?;
            Ok(start_in(arbiter, move || projector)?.recipient())
        });
        let name = format!("view {}", context.name);
        let on = self.supervisor.add_loop(name.clone(), LoopRole::Followers);
        self.supervisor.keep(name, context, (on, Restart::After), begin)?;
        Ok(rows)
    }

    pub(in crate::actors) fn tell_conversations(
        &mut self,
        routes: Vec<(&'static str, Route)>,
    ) -> Result<Conversations, StartError> {
        let (directory, routes) =
            (Arc::new(KindNames::of(&self.services.journal)), Arc::new(routes));
        let index = Index { directory: Arc::clone(&directory), routes: Arc::clone(&routes) };
        let fields = Index::layout().fields;
        let info =
            ViewInfo { business: "", name: INDEX, aliases: &[], fields, newest_first: false };
        let context = self.services.contexts.with(INDEX, "view");
        let progress = self.follower("view", &context);
        let index = self.shelve(index, info, &context, progress)?;
        let (journal, rooms) =
            (Arc::clone(&self.services.journal), Arc::clone(&self.services.rooms));
        let sagas = std::mem::take(&mut self.sagas);
        Ok(Conversations { journal, rooms, directory, routes, sagas, index })
    }
}
