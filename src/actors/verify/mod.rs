//! The verifier: reads the whole store of a stopped server and returns its flaws.

mod findings;
pub mod replay;
mod saga_replay;
pub mod stored_state;
mod view_check;

use crate::{
    actors::{
        aggregate::check_history,
        api::StartError,
        conversation::{INDEX, Role},
        dispatch::{Decoder, DynAggregate, Registry},
        evolution::StoredTypes,
        operations::SystemKinds,
        persistent_subscription,
        saga::DeliveredUpTo,
        settings::{Settings, business},
        support::catch_panic,
        view::view_path,
    },
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    store::{
        KindId, Payload, Record, Stream,
        evolution::Upcasting,
        journal::{Journal, SledJournal},
        read_model,
    },
};
use findings::each_number;
pub use findings::{Findings, Progressing};
use replay::Replay;
use saga_replay::SagaReplay;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use stored_state::{Invariants, StoredState};
use view_check::{RowCheck, row_check};

/// Upper bound of records or numbers read at once.
const BATCH_MAX: usize = 4_096;

/// A function that rebuilds one aggregate and returns what is wrong with it.
type HistoryCheck = fn(&dyn Journal, Stream) -> Result<(), String>;

/// The verifier: an opened store to which the businesses declare their parts.
pub struct Verifier {
    settings: Settings,
    /// The journal on disk, whose records are audited as they are.
    disk: Arc<SledJournal>,
    /// The same journal with every value in today's shape.
    journal: Arc<dyn Journal>,
    upcasting: Arc<Upcasting>,
    registry: Registry,
    aggregates: Vec<(&'static str, KindId, HistoryCheck)>,
    row_checks: Vec<RowCheck>,
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
        Ok(Self {
            journal: Arc::clone(&upcasting).on(journal),
            disk,
            upcasting,
            settings,
            registry: Registry::default(),
            aggregates: Vec::new(),
            row_checks: Vec::new(),
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
        self.audit_aggregates(&mut findings, progressing);
        let Self { settings, journal, registry, row_checks, invariants, replays, .. } = self;
        for (nth, (view, check)) in (0..).zip(row_checks) {
            progressing("views", nth, nth + 1);
            let name = format!("view {view}");
            findings.part(&name, || check(&settings.data, &*journal, &registry));
        }
        findings.part("the index of conversations", || {
            Ok(file_flaws(&view_path(&settings.data, INDEX)))
        });
        findings.part("the subscriptions", || persistent_subscription::flaws(&*journal));
        findings.open = catch_panic(|| replay::open(&replays)).unwrap_or_else(|reason| {
            findings.flaws.push(format!("the pending work cannot be determined: {reason}"));
            Vec::new()
        });
        let (progressing, unreadable) = (RefCell::new(progressing), RefCell::default());
        let (journal_read, registry, replays) = (&*journal, &registry, &*replays);
        let state =
            StoredState { journal: journal_read, registry, replays, progressing, unreadable };
        for (business, check_invariants) in invariants {
            let check_invariants = catch_panic(|| check_invariants(&state))
                .and_then(|check_invariants| check_invariants);
            let unreadable = state.unreadable.take();
            findings.part(&format!("the books of {business}"), || {
                match (check_invariants, unreadable) {
                    (_, Some(reason)) => Err(reason),
                    (Ok(()), None) => Ok(Vec::new()),
                    (Err(reason), None) => {
                        Ok(vec![format!("{business} does not add up: {reason}")])
                    }
                }
            });
        }
        journal.close();
        Ok(findings)
    }

    /// Reads every record and passes it to the replays of sagas, ports and lookups.
    fn audit_records(&mut self, progressing: Progressing<'_>) -> Result<Vec<String>, String> {
        let mut flaws = Vec::new();
        let system = SystemKinds::of(&*self.journal).map_err(|error| error.to_string())?;
        let registry = &self.registry;
        let (replays, upcasting) = (&mut self.replays, &self.upcasting);
        let mut read = |record: &Record| {
            let at = |reason| format!("record {}: {reason}", record.position);
            let today = match upcasting.record(record) {
                Ok(today) => today,
                Err(error) => return flaws.push(at(error.to_string())),
            };
            let record = &*today;
            let is_readable = catch_panic(|| readable(registry, &system, record));
            if let Err(reason) = is_readable.and_then(|is_readable| is_readable) {
                return flaws.push(at(reason));
            }
            let replayed = replays.iter_mut().map(|replay| {
                let name = replay.name();
                let done = catch_panic(|| replay.replay(registry, record)).and_then(|done| done);
                done.map_err(|reason| at(format!("{name}: {reason}")))
            });
            flaws.extend(replayed.filter_map(Result::err));
        };
        let mut tell = |done, total| progressing("records", done, total);
        let found = self.disk.audit(&mut tell, &mut read).map_err(|error| error.to_string())?;
        flaws.extend(found.into_iter().map(|flaw| flaw.to_string()));
        Ok(flaws)
    }

    fn audit_aggregates(&self, findings: &mut Findings, progressing: Progressing<'_>) {
        for (name, kind, check) in &self.aggregates {
            let kind = *kind;
            let mut tell = |done, total| progressing(name, done, total);
            findings.part(name, || {
                let mut flaws = Vec::new();
                each_number(&*self.journal, kind, &mut tell, &mut |number| {
                    let audited = catch_panic(|| check(&*self.journal, Stream { kind, number }))
                        .and_then(|audited| audited);
                    if let Err(reason) = audited {
                        flaws.push(format!("{name} {number}: {reason}"));
                    }
                    Ok(())
                })?;
                Ok(flaws)
            });
        }
    }

    fn kind(&mut self, name: &str) -> KindId {
        self.journal.kind(name).unwrap_or_else(|error| {
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
        self.aggregates.push((A::NAME, kind, check_history::<A>));
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let me = self.kind(&Role::Saga.kind_name(S::NAME));
        // The audit of the journal names what cannot be read here.
        let delivered = DeliveredUpTo::read::<S>(&*self.journal, me).unwrap_or_default();
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
        self.row_checks.push(row_check::<V>());
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

/// Checks that this binary can decode a record.
fn readable(registry: &Registry, system: &SystemKinds, record: &Record) -> Result<(), String> {
    let kind = record.stream.kind;
    let Some((_, decoder)) = registry.of(kind) else {
        let checked = match &record.payload {
            Payload::TimerFired => Some(Ok(())),
            Payload::Event(bytes) => system.check(record, bytes),
            _ => None,
        };
        return checked.unwrap_or_else(|| Err(format!("kind {} is not installed", kind.0)));
    };
    match &record.payload {
        Payload::Event(bytes) => decoder.read_event(bytes).map(drop),
        Payload::Refused { rejection, .. } => decoder.read_rejection(rejection).map(drop),
        Payload::Unchanged { .. } | Payload::TimerFired => Ok(()),
    }
}
