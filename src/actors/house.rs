//! What followers and projectors need to start, and what they leave behind.

use super::{
    contexts::{Context, Contexts},
    conversations::{AskSaga, Conversations, Directory, INDEX, Index, Route},
    courtyard::{Releases, Settings, StartError},
    facade::ViewInfo,
    folding::{Folds, OfView},
    messenger::{Errand, Limits, Messenger},
    progress::Progress,
    projector::{Projector, Rows},
    room::Shared,
    rooms::Rooms,
    shelf::Shelf,
};
use crate::{domain::kernel::View, store::KindId};
use actix::{Actor, Addr, Arbiter};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

/// What followers need to start, and what they leave behind.
pub(super) struct House {
    pub(super) settings: Settings,
    pub(super) shared: Arc<Shared>,
    pub(super) contexts: Arc<Contexts>,
    pub(super) rooms: Arc<Rooms>,
    pub(super) rows: Vec<(&'static str, Arc<Rows>)>,
    pub(super) progress: Vec<Arc<Progress>>,
    /// How to ask the sagas, with the business of each.
    pub(super) sagas: Vec<(&'static str, AskSaga)>,
    pub(super) releases: Releases,
    /// Where sagas live, and where ports and lookups do.
    pub(super) inner: Arbiter,
    pub(super) outer: Arbiter,
    pub(super) arbiters: Vec<Arbiter>,
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
        errand: impl FnOnce() -> E + Send + 'static,
    ) -> Result<(), StartError> {
        let progress = self.follower(part, context);
        let around = (Arc::clone(&self.rooms), Arc::clone(&self.contexts));
        let journal = Arc::clone(&self.shared.journal);
        let messenger = move || Messenger::new(me, errand(), limits, around, journal, progress);
        start_in(&self.outer, messenger).map(drop)
    }

    pub(super) fn project<V: View>(&mut self, context: &Arc<Context>) -> Result<(), StartError> {
        let (business, name) = V::NAME.split_once('/').unwrap_or(("", V::NAME));
        let (aliases, fields, newest_first) = (V::ALIASES, V::FIELDS, V::NEWEST_FIRST);
        let info = ViewInfo { business, name, aliases, fields, newest_first };
        let progress = self.follower("view", context);
        let rows = self.shelve(OfView::<V>::default(), info, progress)?;
        self.rows.push((V::NAME, rows));
        Ok(())
    }

    /// Starts a projector on a thread of its own.
    fn shelve<F: Folds>(
        &mut self,
        folds: F,
        info: ViewInfo,
        progress: Arc<Progress>,
    ) -> Result<Arc<Rows>, StartError> {
        let layout = F::layout();
        let store =
            |error: &dyn std::fmt::Display| StartError::Store(format!("{}: {error}", layout.name));
        let place = view_path(&self.settings.data, layout.name);
        let journal = Arc::clone(&self.shared.journal);
        let shelved =
            Shelf::open(place, layout, journal.durable()).map_err(|error| store(&error))?;
        let around = (journal, Arc::clone(&self.rooms));
        let projector = Projector::new(folds, shelved, around, info, progress);
        let (projector, rows) = projector.map_err(|error| store(&error))?;
        let arbiter = Arbiter::new();
        start_in(&arbiter, move || projector)?;
        self.arbiters.push(arbiter);
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
        let progress = self.follower("view", &self.contexts.with(INDEX, "view"));
        let index = self.shelve(index, info, progress)?;
        let (journal, rooms) = (Arc::clone(&self.shared.journal), Arc::clone(&self.rooms));
        let sagas = std::mem::take(&mut self.sagas);
        Ok(Conversations { journal, rooms, directory, routes, sagas, index })
    }
}

/// Where the rows of a view are kept.
pub(super) fn view_path(data: &Path, name: &str) -> PathBuf {
    data.join("views").join(format!("{}.sqlite", name.replace('/', ".")))
}

/// Starts an actor on another thread and waits for its address.
pub(super) fn start_in<A: Actor<Context = actix::Context<A>>>(
    arbiter: &Arbiter,
    actor: impl FnOnce() -> A + Send + 'static,
) -> Result<Addr<A>, StartError> {
    let (sender, receiver) = mpsc::channel();
    arbiter.spawn_fn(move || {
        let _ = sender.send(actor().start());
    });
    receiver.recv().map_err(|_| StartError::Settings("an arbiter stopped while starting".into()))
}
