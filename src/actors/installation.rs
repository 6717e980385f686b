//! The installation: collects the declarations of the businesses. It checks the settings against
//! them before anything is opened or created.

mod names;

use super::{
    api::StartError,
    erasure::{Persons, give_up_lost_keys},
    evolution::StoredTypes,
    gate::{GateKind, wrong_gates},
    persistent_subscription::{GATES_OF_WEBHOOKS, check_name},
    runtime::{Runtime, RuntimeBuilder},
    settings::{Settings, business},
    support::{catch_panic, data_folder, millis},
    verify::{Findings, Progressing, Repair, Verifier, views_alone},
};
use crate::{
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View, wrong_names},
    store::journal::Journal,
};
use names::wrong_names_of_aggregate;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

/// One declaration, to be applied to the stored types, the runtime builder or the verifier.
struct Declared {
    types: fn(&mut StoredTypes),
    start: fn(&mut RuntimeBuilder),
    verify: fn(&mut Verifier),
}

/// The collected declarations of the businesses; see [`Host`].
pub struct Installation {
    settings: Settings,
    /// The declarations, in the order in which they are applied.
    declared: Vec<Declared>,
    /// Whether a business is being installed. Its parts are not collected, because the business
    /// declares them again to the builder and the verifier.
    is_in_business: bool,
    businesses: Vec<&'static str>,
    ports: Vec<&'static str>,
    gates: BTreeMap<&'static str, GateKind>,
    problems: Vec<String>,
}

impl Installation {
    /// Collects all declarations and checks the settings.
    ///
    /// # Errors
    /// When a setting is invalid. Nothing is created in this case.
    fn collect(settings: Settings, install: impl FnOnce(&mut Self)) -> Result<Self, StartError> {
        let mut installation = Self {
            settings,
            declared: Vec::new(),
            is_in_business: false,
            businesses: Vec::new(),
            ports: Vec::new(),
            gates: BTreeMap::new(),
            problems: Vec::new(),
        };
        install(&mut installation);
        installation.check()?;
        Ok(installation)
    }

    /// Checks the settings against what is declared. Nothing is opened or created.
    ///
    /// # Errors
    /// When a setting is invalid; each line names one.
    pub fn check_settings(
        settings: Settings,
        install: impl FnOnce(&mut Self),
    ) -> Result<(), StartError> {
        Self::collect(settings, install).map(drop)
    }

    /// Verifies the store of a stopped server. It checks checksums, positions, versions and causes,
    /// the state of each aggregate, snapshots and views, and the invariants of every business.
    ///
    /// # Errors
    /// When the settings are invalid or the data cannot be opened.
    pub fn audit(
        settings: Settings,
        install: impl FnOnce(&mut Self),
        progressing: Progressing<'_>,
    ) -> Result<Findings, StartError> {
        let opened = catch_panic(|| {
            let installation = Self::collect(settings, install)?;
            let types = installation.stored_types();
            let Self { settings, declared, .. } = installation;
            let mut verifier = Verifier::open(settings, types)?;
            for declared in declared {
                (declared.verify)(&mut verifier);
            }
            Ok(verifier)
        });
        opened.unwrap_or_else(|reason| Err(StartError::Store(reason)))?.run(progressing)
    }

    /// Carries out repairs in the store of a stopped server: what is removed is made again from the
    /// records.
    ///
    /// # Errors
    /// When the store cannot be opened, or a part cannot be removed; those before it are removed.
    pub fn repair(settings: &Settings, repairs: &[Repair]) -> Result<(), StartError> {
        Verifier::repair(settings, repairs)
    }

    /// Opens the store of a stopped server to erase a person.
    ///
    /// # Errors
    /// When the settings are invalid, or the store cannot be opened or read.
    pub fn persons(
        settings: Settings,
        install: impl FnOnce(&mut Self),
    ) -> Result<Persons, StartError> {
        let installation = Self::collect(settings, install)?;
        let types = installation.stored_types();
        let views = types.personal_views().to_vec();
        let journal = installation.settings.open_journal()? as Arc<dyn Journal>;
        let (_, upcasting) = types.remember(Arc::clone(&journal))?;
        Ok(Persons::of(&installation.settings.data, (journal, upcasting), views))
    }

    /// Gives up the lost keys of personal texts in the store of a stopped server.
    ///
    /// # Errors
    /// When the store has no keys, or cannot be opened or read.
    pub fn give_up_lost_keys(settings: &Settings) -> Result<(), StartError> {
        let journal = settings.open_journal()?;
        let given_up = give_up_lost_keys(&*journal, &settings.data);
        journal.close();
        given_up.map_err(StartError::Store)
    }

    /// Checks only the files of views, for a store whose journal cannot be opened.
    #[must_use]
    pub fn audit_views_alone(data: &Path) -> Findings {
        views_alone(data)
    }

    /// Checks that every setting belongs to an installed part and is valid for it.
    pub(super) fn check(&mut self) -> Result<(), StartError> {
        let known = |list: &[&str]| format!("there are {}", list.join(", "));
        for name in self.settings.businesses.keys().chain(&self.settings.only) {
            if !self.businesses.contains(&name.as_str()) {
                let known = known(&self.businesses);
                self.problems.push(format!("`{name}`: there is no such business; {known}"));
            }
        }
        for name in self.settings.ports.keys() {
            if !self.ports.contains(&name.as_str()) {
                let known = known(&self.ports);
                self.problems.push(format!("ports.\"{name}\": there is no such port; {known}"));
            }
        }
        self.check_gates();
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(StartError::Settings(self.problems.join("\n")))
    }

    /// Checks the sections of gates. A webhook can be created at any time, so its gate may have a
    /// section before there is one.
    fn check_gates(&mut self) {
        let mut gates: BTreeMap<&str, GateKind> =
            self.gates.iter().map(|(name, guards)| (*name, *guards)).collect();
        for name in self.settings.gates.keys() {
            let Some(subscription) = name.strip_prefix(GATES_OF_WEBHOOKS) else { continue };
            gates.insert(name, GateKind::Port);
            if let Err(reason) = check_name(subscription) {
                self.problems.push(format!("gates.\"{name}\": {reason}"));
            }
        }
        self.problems.extend(wrong_gates(&self.settings.gates, &gates));
    }

    /// The stored types of everything that is declared.
    fn stored_types(&self) -> StoredTypes {
        let settings = self.settings.clone();
        let data = settings.data.clone();
        let includes = move |business: &str| settings.includes(business);
        let mut types = StoredTypes::of(includes).with_keys_in(&data);
        for declared in &self.declared {
            (declared.types)(&mut types);
        }
        types
    }

    fn declare(
        &mut self,
        types: fn(&mut StoredTypes),
        start: fn(&mut RuntimeBuilder),
        verify: fn(&mut Verifier),
    ) -> &mut Self {
        if !self.is_in_business {
            self.declared.push(Declared { types, start, verify });
        }
        self
    }
}

impl Runtime {
    /// Opens the store and starts everything that is declared. Subscribers then catch up with the
    /// journal.
    ///
    /// # Errors
    /// When the settings are invalid or the data cannot be opened.
    pub fn start(
        settings: Settings,
        install: impl FnOnce(&mut Installation),
    ) -> Result<Self, StartError> {
        let installation = Installation::collect(settings, install)?;
        let journal = installation.settings.open_journal()?;
        Self::start_collected(installation, journal)
    }

    /// Starts everything that is declared on this journal, for example one in memory. The folder of
    /// the data then holds only the views.
    ///
    /// # Errors
    /// When the settings are invalid or the journal cannot be read.
    pub fn start_on(
        journal: Arc<dyn Journal>,
        settings: Settings,
        install: impl FnOnce(&mut Installation),
    ) -> Result<Self, StartError> {
        let installation = Installation::collect(settings, install)?;
        data_folder::restrict(&installation.settings.data).map_err(StartError::Store)?;
        Self::start_collected(installation, journal)
    }

    fn start_collected(
        installation: Installation,
        journal: Arc<dyn Journal>,
    ) -> Result<Self, StartError> {
        let begun = Instant::now();
        let types = installation.stored_types();
        let Installation { settings, declared, .. } = installation;
        let (views, stored) = (types.personal_views().to_vec(), Arc::clone(&journal));
        let (journal, upcasting) = types.remember(journal)?;
        let persons = Persons::of(&settings.data, (stored, upcasting), views);
        persons.finish().map_err(|error| StartError::Store(error.to_string()))?;
        let mut builder = RuntimeBuilder::on((Arc::clone(&journal), persons), settings)?;
        for declared in declared {
            (declared.start)(&mut builder);
        }
        let runtime = Self::of(builder.bring_to_life()?);
        let (records, aggregates) = (journal.durable(), runtime.aggregates());
        tracing::info!(records, aggregates, started_ms = millis(begun), "the parts are started");
        Ok(runtime)
    }
}

/// Declares the same part to the stored types, the builder and the verifier.
macro_rules! declared {
    ($self:ident.$method:ident::<$part:ident>()) => {
        $self.declare(
            |types| _ = types.$method::<$part>(),
            |builder| _ = builder.$method::<$part>(),
            |verifier| _ = verifier.$method::<$part>(),
        )
    };
}

impl Host for Installation {
    fn business<B: Business>(&mut self) -> &mut Self {
        declared!(self.business::<B>());
        self.businesses.push(B::NAME);
        // The section of an excluded business is checked as well.
        let section = self.settings.businesses.get(B::NAME);
        let read = business::read::<B>(section, self.settings.wait_max_ms);
        self.problems.extend(read.err());
        if !self.settings.includes(B::NAME) {
            return self;
        }
        let was_in_business = std::mem::replace(&mut self.is_in_business, true);
        B::install(self);
        self.is_in_business = was_in_business;
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.problems.extend(wrong_names_of_aggregate::<A>());
        self.gates.insert(A::NAME, GateKind::Admission);
        self.gates.extend(A::AWAITED_STEP.map(|name| (name, GateKind::Step)));
        declared!(self.aggregate::<A>())
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        declared!(self.saga::<S>())
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self.ports.push(P::NAME);
        self.gates.insert(P::NAME, GateKind::Port);
        declared!(self.port::<P>())
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        declared!(self.lookup::<L>())
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self.problems.extend(wrong_names::<V>());
        declared!(self.view::<V>())
    }
}
