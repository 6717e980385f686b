//! What followers and projectors need to start, and what they leave behind.

use super::{
    contexts::{Context, Contexts},
    conversations::{AskSaga, Conversations, Directory, INDEX, Index, Route},
    courtyard::{Releases, Settings, StartError},
    crash::Release,
    facade::ViewInfo,
    folding::{Folds, OfView},
    messenger::{Errand, Limits, Messenger},
    progress::Progress,
    projector::{Projector, Rows},
    queries::Queries,
    room::Shared,
    rooms::Rooms,
    saga::Runner,
    shelf::Shelf,
    supervision::{Begin, Handover, Lives, Seat, Supervisor, start_in},
};
use crate::{
    domain::kernel::{Saga, View},
    store::KindId,
};
use actix::{Actor, Context as ActixContext, Handler};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What followers need to start, and what they leave behind.
pub(super) struct House {
    pub(super) settings: Settings,
    pub(super) shared: Arc<Shared>,
    pub(super) contexts: Arc<Contexts>,
    pub(super) rooms: Arc<Rooms>,
    pub(super) rows: Vec<(&'static str, Arc<Rows>)>,
    pub(super) progress: Vec<Arc<Progress>>,
    /// Where clients' queries of views run.
    pub(super) queries: Arc<Queries>,
    /// How to ask the sagas, with the business of each.
    pub(super) sagas: Vec<(&'static str, AskSaga)>,
    pub(super) releases: Releases,
    pub(super) supervisor: Arc<Supervisor>,
    /// The loops where sagas live, and where ports and lookups do.
    pub(super) inner: usize,
    pub(super) outer: usize,
}

impl House {
    /// Where a follower says how far it is; its bell rings when anything is suspended or resumed.
    pub(super) fn follower(&mut self, part: &str, context: &Arc<Context>) -> Arc<Progress> {
        let progress = Progress::new(part, context);
        self.contexts.tell(Arc::clone(&progress));
        self.progress.push(Arc::clone(&progress));
        progress
    }

    pub(super) fn send_out<E: Errand>(
        &mut self,
        me: KindId,
        (part, context): (&str, &Arc<Context>),
        limits: Limits,
        errand: impl Fn() -> E + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        let progress = self.follower(part, context);
        let around = (Arc::clone(&self.rooms), Arc::clone(&self.contexts));
        let (shared, errand) = (Arc::clone(&self.shared), Arc::new(errand));
        let seat = Arc::<Seat<Messenger<E>>>::default();
        let taken = Arc::clone(&seat);
        let begin: Begin = Box::new(move |arbiter, lease| {
            let (around, shared) = (around.clone(), Arc::clone(&shared));
            let (errand, progress) = (Arc::clone(&errand), Arc::clone(&progress));
            let messenger =
                move || Messenger::new((me, lease), errand(), limits, around, shared, progress);
            let messenger = start_in(arbiter, messenger)?;
            taken.take(messenger.clone());
            Ok(messenger.recipient())
        });
        self.let_out(E::NAME, seat);
        let name = format!("{part} {}", context.name);
        self.supervisor.keep(name, context, (self.outer, Handover::After), begin)
    }

    /// Has conversations let out of quarantine by whoever has this seat.
    fn let_out<A>(&mut self, name: &'static str, seat: Arc<Seat<A>>)
    where
        A: Actor<Context = ActixContext<A>> + Handler<Release>,
    {
        // One that is being begun again finds out for itself who is to be let out.
        let release = move |number| {
            seat.with(|it| it.into_iter().for_each(|it| it.do_send(Release(number))));
        };
        self.releases.insert(name, Box::new(release));
    }

    /// Keeps the runner of a saga alive; its seat.
    pub(super) fn run<S: Saga>(
        &mut self,
        me: KindId,
        context: &Arc<Context>,
    ) -> Result<Arc<Seat<Runner<S>>>, StartError> {
        let progress = self.follower("saga", context);
        let (shared, rooms) = (Arc::clone(&self.shared), Arc::clone(&self.rooms));
        let contexts = Arc::clone(&self.contexts);
        let seat = Arc::<Seat<Runner<S>>>::default();
        let taken = Arc::clone(&seat);
        let begin: Begin = Box::new(move |arbiter, lease| {
            let (shared, rooms) = (Arc::clone(&shared), Arc::clone(&rooms));
            let (contexts, progress) = (Arc::clone(&contexts), Arc::clone(&progress));
            let runner = move || Runner::<S>::new((me, lease), shared, rooms, contexts, progress);
            let runner = start_in(arbiter, runner)?;
            taken.take(runner.clone());
            Ok(runner.recipient())
        });
        let name = format!("saga {}", context.name);
        self.supervisor.keep(name, context, (self.inner, Handover::After), begin)?;
        self.let_out(S::NAME, Arc::clone(&seat));
        Ok(seat)
    }

    pub(super) fn project<V: View>(&mut self, context: &Arc<Context>) -> Result<(), StartError> {
        let (business, name) = V::NAME.split_once('/').unwrap_or(("", V::NAME));
        let (aliases, fields, newest_first) = (V::ALIASES, V::FIELDS, V::NEWEST_FIRST);
        let info = ViewInfo { business, name, aliases, fields, newest_first };
        let progress = self.follower("view", context);
        let rows = self.shelve(OfView::<V>::default(), info, context, progress)?;
        self.rows.push((V::NAME, rows));
        Ok(())
    }

    /// Starts a projector on a thread of its own.
    fn shelve<F: Folds>(
        &mut self,
        folds: F,
        info: ViewInfo,
        context: &Arc<Context>,
        progress: Arc<Progress>,
    ) -> Result<Arc<Rows>, StartError> {
        let layout = F::layout();
        let store =
            |error: &dyn std::fmt::Display| StartError::Store(format!("{}: {error}", layout.name));
        let place = view_path(&self.settings.data, layout.name);
        let journal = Arc::clone(&self.shared.journal);
        let diary = Arc::clone(&self.shared.diary);
        let opened = Shelf::open(place, layout, (diary, journal.durable()));
        let (place, opened) = opened.map_err(|error| store(&error))?;
        let rows = Arc::new(Rows::new(info, place, progress, Arc::clone(&self.queries)));
        let (kept, opened) = (Arc::clone(&rows), Mutex::new(Some(opened)));
        let rooms = Arc::clone(&self.rooms);
        let begin: Begin = Box::new(move |arbiter, _| {
            let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
            let model = opened.map_or_else(|| kept.model(journal.durable()), Ok);
            let around = (Arc::clone(&journal), Arc::clone(&rooms));
            let projector =
                model.and_then(|model| Projector::new(folds.clone(), (&kept, model), around));
            let projector = projector.map_err(|error| error.to_string())?;
            Ok(start_in(arbiter, move || projector)?.recipient())
        });
        let name = format!("view {}", context.name);
        let on = self.supervisor.add_loop(name.clone(), Lives::Followers);
        self.supervisor.keep(name, context, (on, Handover::After), begin)?;
        Ok(rows)
    }

    pub(super) fn tell_conversations(
        &mut self,
        routes: Vec<(&'static str, Route)>,
    ) -> Result<Conversations, StartError> {
        let (directory, routes) = (Arc::new(Directory::of(&self.shared.journal)), Arc::new(routes));
        let index = Index { directory: Arc::clone(&directory), routes: Arc::clone(&routes) };
        let fields = Index::layout().fields;
        let info =
            ViewInfo { business: "", name: INDEX, aliases: &[], fields, newest_first: false };
        let context = self.contexts.with(INDEX, "view");
        let progress = self.follower("view", &context);
        let index = self.shelve(index, info, &context, progress)?;
        let (journal, rooms) = (Arc::clone(&self.shared.journal), Arc::clone(&self.rooms));
        let sagas = std::mem::take(&mut self.sagas);
        Ok(Conversations { journal, rooms, directory, routes, sagas, index })
    }
}

/// Where the rows of a view are kept.
pub(super) fn view_path(data: &Path, name: &str) -> PathBuf {
    data.join("views").join(format!("{}.sqlite", name.replace('/', ".")))
}
