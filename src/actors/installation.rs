//! What is to be installed: declarations that are collected and checked against the settings before
//! anything is opened or created.

use super::{
    catalogue::Catalogue,
    courtyard::{Settings, StartError},
    gate::{Guards, wrong_gates},
    sections,
};
use crate::domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View};
use std::collections::BTreeMap;

/// Collects what the businesses declare; see [`Host`].
pub struct Installation {
    settings: Settings,
    /// What is declared to the opened system, in this order.
    declared: Vec<fn(&mut Catalogue)>,
    /// Inside a business nothing is collected: the business declares its parts again by itself.
    is_in_business: bool,
    businesses: Vec<&'static str>,
    ports: Vec<&'static str>,
    gates: BTreeMap<&'static str, Guards>,
    trouble: Vec<String>,
}

impl Installation {
    /// Collects everything, checks the settings, and opens the data.
    ///
    /// # Errors
    /// When a setting makes no sense, in which case nothing is created; or when the data cannot be
    /// opened.
    pub(super) fn open(
        settings: Settings,
        install: impl FnOnce(&mut Self),
    ) -> Result<Catalogue, StartError> {
        let mut installation = Self {
            settings,
            declared: Vec::new(),
            is_in_business: false,
            businesses: Vec::new(),
            ports: Vec::new(),
            gates: BTreeMap::new(),
            trouble: Vec::new(),
        };
        install(&mut installation);
        installation.check()?;
        let mut catalogue = Catalogue::open(installation.settings)?;
        installation.declared.iter().for_each(|declare| declare(&mut catalogue));
        Ok(catalogue)
    }

    /// Whether every setting is for something that is installed, and makes sense there.
    fn check(&mut self) -> Result<(), StartError> {
        let known = |list: &[&str]| format!("there are {}", list.join(", "));
        for name in self.settings.businesses.keys().chain(&self.settings.only) {
            if !self.businesses.contains(&name.as_str()) {
                let known = known(&self.businesses);
                self.trouble.push(format!("`{name}`: there is no such business; {known}"));
            }
        }
        for name in self.settings.ports.keys() {
            if !self.ports.contains(&name.as_str()) {
                let known = known(&self.ports);
                self.trouble.push(format!("ports.\"{name}\": there is no such port; {known}"));
            }
        }
        self.trouble.extend(wrong_gates(&self.settings.gates, &self.gates));
        if self.trouble.is_empty() {
            return Ok(());
        }
        Err(StartError::Settings(self.trouble.join("\n")))
    }

    fn declare(&mut self, declare: fn(&mut Catalogue)) -> &mut Self {
        if !self.is_in_business {
            self.declared.push(declare);
        }
        self
    }
}

impl Host for Installation {
    fn business<B: Business>(&mut self) -> &mut Self {
        self.declare(|catalogue| _ = catalogue.business::<B>());
        self.businesses.push(B::NAME);
        // The section of an excluded business is checked as well.
        let section = self.settings.businesses.get(B::NAME);
        let read = sections::read::<B>(section, self.settings.patience_ms);
        self.trouble.extend(read.err());
        let only = &self.settings.only;
        if !only.is_empty() && !only.iter().any(|name| name == B::NAME) {
            return self;
        }
        let was_in_business = std::mem::replace(&mut self.is_in_business, true);
        B::install(self);
        self.is_in_business = was_in_business;
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.gates.insert(A::NAME, Guards::Admission);
        self.gates.extend(A::STEP.map(|name| (name, Guards::Step)));
        self.declare(|catalogue| _ = catalogue.aggregate::<A>())
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self.declare(|catalogue| _ = catalogue.saga::<S>())
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self.ports.push(P::NAME);
        self.gates.insert(P::NAME, Guards::Port);
        self.declare(|catalogue| _ = catalogue.port::<P>())
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self.declare(|catalogue| _ = catalogue.lookup::<L>())
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self.declare(|catalogue| _ = catalogue.view::<V>())
    }
}
