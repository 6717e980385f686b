//! The stored types of the installed businesses, and the journal that shows their values in today's
//! shapes.

use super::{
    api::StartError,
    conversation::Role,
    saga::{place_of, stored_types},
};
use crate::{
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    store::{
        evolution::{Catalogue, Place, StoredType, Upcasting},
        journal::{Journal, StoreError},
        persons,
        shape::trace,
    },
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A stored type of a kind; an error when its values cannot be stored.
struct Declared {
    kind_name: String,
    place: Place,
    stored: Result<StoredType, String>,
}

/// The stored types of the installed businesses.
pub struct StoredTypes {
    includes: Box<dyn Fn(&str) -> bool>,
    declared: Vec<Declared>,
    unrecorded: Vec<&'static str>,
    /// The folder of the keys of personal texts.
    keys: Option<PathBuf>,
    /// The views whose rows can have personal texts.
    personal_views: Vec<&'static str>,
}

impl StoredTypes {
    /// No types yet. `includes` tells which businesses are installed.
    pub fn of(includes: impl Fn(&str) -> bool + 'static) -> Self {
        Self {
            includes: Box::new(includes),
            declared: Vec::new(),
            unrecorded: Vec::new(),
            keys: None,
            personal_views: Vec::new(),
        }
    }

    /// Encrypts personal texts with the keys in this data folder. Without it, texts that are
    /// encrypted cannot be read.
    #[must_use]
    pub fn with_keys_in(self, data: &Path) -> Self {
        Self { keys: Some(data.join(persons::FOLDER)), ..self }
    }

    /// The views whose rows can have personal texts.
    #[must_use]
    pub fn personal_views(&self) -> &[&'static str] {
        &self.personal_views
    }

    /// The types of everything that `install` declares.
    ///
    /// # Errors
    /// The first type whose values cannot be stored, as a sentence.
    pub fn installed(install: impl FnOnce(&mut Self)) -> Result<Vec<StoredType>, String> {
        let mut types = Self::of(|_| true);
        install(&mut types);
        types.declared.into_iter().map(|declared| declared.stored).collect()
    }

    /// The types of everything that is declared, by the name of their kind and their place.
    ///
    /// # Errors
    /// The first type whose values cannot be stored, as a sentence.
    pub fn by_place(self) -> Result<HashMap<(String, Place), StoredType>, String> {
        let stored =
            |declared: Declared| Ok(((declared.kind_name, declared.place), declared.stored?));
        self.declared.into_iter().map(stored).collect()
    }

    /// Compares the types with the store, and remembers them there. Returns the journal that shows
    /// every value in today's shape and in clear, and the conversion.
    ///
    /// # Errors
    /// When this binary cannot read a type of the store, or the disk fails.
    pub fn remember(
        self,
        journal: Arc<dyn Journal>,
    ) -> Result<(Arc<dyn Journal>, Arc<Upcasting>), StartError> {
        self.catalogue(journal, true)?.remember().map_err(StartError::Store)
    }

    /// Compares the types with the store, and leaves the store as it is.
    ///
    /// # Errors
    /// When this binary cannot read a type of the store, or the disk fails.
    pub fn compare(self, journal: Arc<dyn Journal>) -> Result<Upcasting, StartError> {
        self.catalogue(journal, false)?.finish().map_err(StartError::Store)
    }

    /// `is_begun` tells whether a store without keys gets them.
    fn catalogue(self, journal: Arc<dyn Journal>, is_begun: bool) -> Result<Catalogue, StartError> {
        let failed = |error: StoreError| StartError::Store(error.to_string());
        let mut catalogue = Catalogue::open(journal, place_of).map_err(failed)?;
        if let Some(folder) = self.keys {
            catalogue = catalogue.with_keys(&folder, is_begun).map_err(failed)?;
        }
        for unrecorded in self.unrecorded {
            catalogue.assume(unrecorded).map_err(StartError::Store)?;
        }
        for Declared { kind_name, place, stored } in self.declared {
            let stored = stored.map_err(StartError::Store)?;
            catalogue.add(&kind_name, place, stored).map_err(failed)?;
        }
        Ok(catalogue)
    }

    fn declare(&mut self, kind_name: &str, place: Place, stored: Result<StoredType, String>) {
        self.declared.push(Declared { kind_name: kind_name.to_owned(), place, stored });
    }
}

impl Host for StoredTypes {
    fn business<B: Business>(&mut self) -> &mut Self {
        if (self.includes)(B::NAME) {
            self.unrecorded.extend(B::UNRECORDED_SHAPES);
            B::install(self);
        }
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        let name = |place: Place| format!("{} {}", A::NAME, place.word());
        let event = StoredType::of::<A::Event>(name(Place::Event), A::upcasters());
        self.declare(A::NAME, Place::Event, event);
        let rejection = StoredType::of::<A::Rejection>(name(Place::Rejection), A::upcasters());
        self.declare(A::NAME, Place::Rejection, rejection);
        let state = StoredType::of::<A>(name(Place::Snapshot), A::upcasters());
        self.declare(A::NAME, Place::Snapshot, state);
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        let kind_name = Role::Saga.kind_name(S::NAME);
        for (place, stored) in stored_types::<S>(&kind_name) {
            self.declare(&kind_name, place, stored);
        }
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        // A row whose fields are not known may have any.
        if trace::<V>().map_or(true, |shape| shape.is_personal()) {
            self.personal_views.push(V::NAME);
        }
        self
    }
}
