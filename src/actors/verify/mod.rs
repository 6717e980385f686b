//! The verifier: reads the whole store of a stopped server and returns its flaws.
//!
//! ```text
//! journal in global order ──▶ folds: sagas, ports, lookups, rows of views   (fold)
//! histories by number ──────▶ states, compared with snapshots               (history_check)
//! files of views ───────────▶ compared with the folded rows                 (view_check)
//! states by number ─────────▶ the invariants of each business               (stored_state)
//! ```

mod findings;
mod fold;
mod history_check;
mod in_order;
mod parallel;
pub mod replay;
mod saga_replay;
mod stored;
pub mod stored_state;
mod view_check;

use crate::{
    actors::{
        api::StartError,
        conversation::{INDEX, Role},
        dispatch::{Decoder, DynAggregate, Registry},
        evolution::StoredTypes,
        persistent_subscription,
        saga::DeliveredUpTo,
        settings::{Settings, business},
        support::catch_panic,
        view::view_path,
    },
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    store::{KindId, journal::Journal, read_model},
};
pub use findings::{Findings, Progressing, Repair};
use fold::{Fold, fold_all};
use history_check::HistoryChecks;
use in_order::InOrder;
use parallel::{ENDED_EARLY, Reports, in_parallel, report, spawn};
use replay::Replay;
use saga_replay::SagaReplay;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc::channel},
    thread,
};
use stored::Stored;
use stored_state::{Invariants, check_books};
use view_check::{ViewCheck, view_check};

/// Upper bound of numbers read at once.
const BATCH_MAX: usize = 4_096;

/// The verifier: an opened store to which the businesses declare their parts.
pub struct Verifier {
    settings: Settings,
    stored: Stored,
    registry: Registry,
    histories: HistoryChecks,
    views: Vec<Box<dyn ViewCheck>>,
    invariants: Vec<Invariants>,
    replays: Vec<Box<dyn Replay>>,
    request_error: Vec<String>,
}

impl Verifier {
    /// Opens the store for a verification.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(settings: Settings, types: StoredTypes) -> Result<Self, StartError> {
        let disk = settings.open_journal()?;
        let journal = Arc::clone(&disk) as Arc<dyn Journal>;
        let upcasting = Arc::new(types.compare(Arc::clone(&journal))?);
        let journal = Arc::clone(&upcasting).on(journal);
        Ok(Self {
            stored: Stored { disk, journal, upcasting },
            settings,
            registry: Registry::default(),
            histories: HistoryChecks::default(),
            views: Vec::new(),
            invariants: Vec::new(),
            replays: Vec::new(),
            request_error: Vec::new(),
        })
    }

    /// Runs the verification: checks checksums, positions, versions and causes, rebuilds every
    /// state, compares snapshots and views, and checks the invariants of every business.
    ///
    /// # Errors
    /// When a part could not be declared.
    pub fn run(mut self, progressing: Progressing<'_>) -> Result<Findings, StartError> {
        if !self.request_error.is_empty() {
            return Err(StartError::Settings(self.request_error.join("\n")));
        }
        let mut findings = Findings::default();
        findings.part("the journal", || self.audit_records(progressing));
        let is_whole = findings.flaws.is_empty();
        let head = is_whole.then(|| self.stored.journal.durable());
        let books = self.beside_books(progressing, |progressing| {
            self.histories.run(&self.stored, &mut findings, progressing);
            self.compare_views(head, &mut findings, progressing);
        });
        let journal = &*self.stored.journal;
        let index = view_path(&self.settings.data, INDEX);
        let repair = Repair::View { name: INDEX, file: index.clone() };
        let name = "the index of conversations";
        findings.removable_part(name, repair, || Ok(file_flaws(&index)));
        findings.part("the subscriptions", || persistent_subscription::flaws(journal));
        findings.open = catch_panic(|| replay::open(&self.replays)).unwrap_or_else(|reason| {
            findings.flaws.push(format!("the pending work cannot be determined: {reason}"));
            Vec::new()
        });
        for ((business, _), found) in self.invariants.iter().zip(books) {
            findings.part(&format!("the books of {business}"), || found);
        }
        if !is_whole {
            // What is made from the records may be the only copy of what they lack.
            findings.repairs.clear();
        }
        journal.close();
        Ok(findings)
    }

    /// Reads every record, and folds it in the sagas, ports, lookups and views.
    fn audit_records(&mut self, progressing: Progressing<'_>) -> Result<Vec<String>, String> {
        let replays = self.replays.iter_mut().map(|replay| &mut **replay as &mut dyn Fold);
        let views = self.views.iter_mut().map(|view| &mut **view as &mut dyn Fold);
        let (stored, registry) = (&self.stored, &self.registry);
        let (found, of_folds) = fold_all(registry, replays.chain(views), |batches| {
            let mut visitor = InOrder::new((stored, registry), progressing, batches)?;
            let found = stored.disk.audit(&mut visitor).map_err(|error| error.to_string())?;
            Ok::<_, String>((found, visitor.flaws))
        })?;
        let (found, mut flaws) = found?;
        flaws.extend(of_folds);
        flaws.sort_by_key(|(at, _)| *at);
        let flaws = flaws.into_iter().map(|(_, sentence)| sentence);
        Ok(flaws.chain(found.into_iter().map(|flaw| flaw.to_string())).collect())
    }

    fn compare_views(
        &self,
        head: Option<u64>,
        findings: &mut Findings,
        progressing: Progressing<'_>,
    ) {
        let views: Vec<&dyn ViewCheck> = self.views.iter().map(|view| &**view).collect();
        let mut compared = 0;
        let check = |view: &&dyn ViewCheck, reports: &Reports| {
            let found = catch_panic(|| view.compare(head)).and_then(|found| found);
            report(reports, "views", 1, views.len() as u64);
            found
        };
        let found = in_parallel(&views, check, &mut |(what, done, total)| {
            compared += done;
            progressing(&what, compared, total);
        });
        let mut missing = Vec::new();
        for (view, found) in views.iter().zip(found) {
            let (name, file) = (view.name(), view.file());
            if view.is_missing() {
                missing.push(name);
                continue;
            }
            let repair = Repair::View { name, file: file.to_owned() };
            findings.removable_part(&format!("view {name}"), repair, || found);
        }
        if !missing.is_empty() {
            let missing = missing.join(" ");
            let reason = "there is no file, and the next start builds it";
            findings.unchecked.push(format!("views ({reason}: {missing})"));
        }
    }

    /// Checks the invariants of each business on other threads, while `work` runs here. The
    /// invariants of one business are checked by one thread, so this takes long when others are idle.
    /// Its progress is shown once `work` is done.
    fn beside_books(
        &self,
        progressing: Progressing<'_>,
        work: impl FnOnce(Progressing<'_>),
    ) -> Vec<Result<Vec<String>, String>> {
        let (tell, told) = channel();
        let check_books = move || {
            let (stored, registry) = (&self.stored, &self.registry);
            let check = |invariants: &Invariants, reports: &Reports| {
                check_books((stored, registry), &self.replays, *invariants, reports)
            };
            // There is no receiver when the verification is given up.
            in_parallel(&self.invariants, check, &mut |report| drop(tell.send(report)))
        };
        thread::scope(|scope| {
            let books = spawn(scope, check_books);
            work(progressing);
            let mut kinds = BTreeMap::new();
            for (kind, done, total) in told {
                kinds.insert(kind, (done, total));
                let done = kinds.values().map(|(done, _)| done).sum();
                progressing("books", done, kinds.values().map(|(_, total)| total).sum());
            }
            let books = books.map_err(|error| error.to_string());
            let found = books.and_then(|books| books.join().map_err(|_| ENDED_EARLY.to_owned()));
            found.unwrap_or_else(|reason| vec![Err(reason); self.invariants.len()])
        })
    }

    /// Carries out repairs in the store of a stopped server.
    ///
    /// # Errors
    /// When the store cannot be opened, or a part cannot be removed; those before it are removed.
    pub fn repair(settings: &Settings, repairs: &[Repair]) -> Result<(), StartError> {
        let failed = |error: &dyn std::fmt::Display| StartError::Store(error.to_string());
        let journal = settings.open_journal()?;
        let mut snapshots = Vec::new();
        for repair in repairs {
            match repair {
                Repair::View { file, .. } => {
                    read_model::discard(file).map_err(|error| failed(&error))?;
                }
                Repair::Snapshot { stream, .. } => snapshots.push(*stream),
            }
        }
        let removed = journal.remove_snapshots(&snapshots);
        journal.close();
        removed.map_err(|error| failed(&error))
    }

    fn kind(&mut self, name: &str) -> KindId {
        self.stored.journal.kind(name).unwrap_or_else(|error| {
            self.request_error.push(format!("{name}: {error}"));
            KindId::default()
        })
    }
}

impl Host for Verifier {
    fn business<B: Business>(&mut self) -> &mut Self {
        if !self.settings.includes(B::NAME) {
            return self;
        }
        let section = self.settings.businesses.get(B::NAME);
        self.request_error.extend(business::read::<B>(section, self.settings.wait_max_ms).err());
        self.invariants.push(stored_state::invariants::<B>());
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        let kind = self.kind(A::NAME);
        self.registry.add(A::NAME, Arc::new(Decoder::<A>::new(kind)) as Arc<dyn DynAggregate>);
        self.histories.add::<A>(kind);
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Saga.kind_name(S::NAME));
        // The audit of the journal names what cannot be read here.
        let delivered = DeliveredUpTo::read::<S>(&*self.stored.journal, me).unwrap_or_default();
        self.replays.push(Box::new(SagaReplay::<S>::new(me, delivered)));
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Port.kind_name(P::NAME));
        self.replays.push(replay::asked_outside::<P>(me));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Lookup.kind_name(L::NAME));
        self.replays.push(replay::asked_inside::<L>(me));
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self.views.push(view_check::<V>(&self.settings.data));
        self
    }
}

/// Checks only the files of views, for a store whose journal cannot be opened.
#[must_use]
pub fn views_alone(data: &Path) -> Findings {
    let mut findings = Findings::default();
    findings.part("the folder of views", || {
        let folder = data.join("views");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(|error| error.to_string())?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_view = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "sqlite");
        let mut paths: Vec<PathBuf> = paths.filter(is_view).collect();
        paths.sort_unstable();
        Ok(paths.iter().flat_map(|path| file_flaws(path)).collect())
    });
    findings
}

/// Returns what is wrong with the file of a view, without regard to the meaning of its rows.
fn file_flaws(path: &Path) -> Vec<String> {
    if !path.exists() {
        // The file is built from the journal at the next start.
        return Vec::new();
    }
    let examined = catch_panic(|| read_model::examine_file(path)).and_then(|examined| examined);
    let flaw = |reason| format!("the file {} is damaged: {reason}", path.display());
    examined.map_err(flaw).err().into_iter().collect()
}
