//! The running system behind the facade: started from settings, stopped as a whole.

use super::{
    catalogue::Catalogue,
    facade::{
        Collection, Health, Page, Part, QuarantineEntry, Reply, Request, ResourceInfo, Row, Status,
        Trouble, ViewInfo, ViewQuery,
    },
    progress::Progress,
    projector::Rows,
    room::{Door, Shared},
    settings::{ActorSettings, PortsSettings},
};
use crate::{
    domain::kernel::Dispatch,
    store::journal::{Journal, JournalOptions},
};
use actix::Arbiter;
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// Everything needed to start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The folder that holds everything remembered.
    pub data: PathBuf,
    /// How the journal is kept.
    pub journal: JournalOptions,
    /// How actors behave.
    pub actors: ActorSettings,
    /// How outside services are reached.
    pub ports: PortsSettings,
    /// The sections of the businesses.
    pub businesses: BTreeMap<String, Value>,
    /// Only these businesses; all when empty.
    pub only: Vec<String>,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings make no sense.
    #[error("{0}")]
    Settings(String),
    /// The data cannot be opened.
    #[error("{0}")]
    Store(String),
}

/// The running system; cheap to clone.
#[derive(Clone)]
pub struct Courtyard {
    parts: Arc<Parts>,
}

/// What a courtyard consists of.
pub(super) struct Parts {
    pub journal: Arc<Journal>,
    pub shared: Arc<Shared>,
    pub doors: Vec<Arc<dyn Door>>,
    pub resources: Vec<ResourceInfo>,
    pub rows: Vec<Arc<Rows>>,
    pub views: Vec<ViewInfo>,
    pub followers: Vec<Arc<Progress>>,
    pub arbiters: Vec<Arbiter>,
}

impl Courtyard {
    /// Opens the store, brings everything that is declared to life, and lets it catch up.
    ///
    /// # Errors
    /// When the settings make no sense or the data cannot be opened.
    pub fn start(
        settings: Settings,
        install: impl FnOnce(&mut Catalogue),
    ) -> Result<Self, StartError> {
        let mut catalogue = Catalogue::open(settings)?;
        install(&mut catalogue);
        Ok(Self { parts: Arc::new(catalogue.bring_to_life()?) })
    }

    /// Finishes what is submitted and closes the journal.
    pub async fn stop(&self) {
        let journal = Arc::clone(&self.parts.journal);
        let _ = tokio::task::spawn_blocking(move || journal.close()).await;
        for arbiter in &self.parts.arbiters {
            arbiter.stop();
        }
    }

    /// Every kind of aggregate.
    #[must_use]
    pub fn resources(&self) -> &[ResourceInfo] {
        &self.parts.resources
    }

    /// Every read model.
    #[must_use]
    pub fn views(&self) -> &[ViewInfo] {
        &self.parts.views
    }

    /// Says a command, and waits until what is pending is over, or patience is.
    ///
    /// # Errors
    /// Whatever kept it from being so.
    pub async fn say(&self, request: Request) -> Result<Reply, Trouble> {
        let door = &self.parts.doors[request.resource];
        match door.passed_on(&request)? {
            None => Arc::clone(door).say(request).await,
            Some(dispatch) => self.pass_on(dispatch, request).await,
        }
    }

    /// Says a command to the kind it is for, waits for its outcome there, and shows the one of the
    /// same number that it was said at.
    async fn pass_on(&self, dispatch: Dispatch, request: Request) -> Result<Reply, Trouble> {
        let (resource, number) = (request.resource, dispatch.number());
        let actual = self.show(resource, number).await?.version;
        if let Some(expected) = request.if_match.filter(|version| *version != actual) {
            return Err(Trouble::VersionDiffers { expected, actual });
        }
        let named = |info: &ResourceInfo| {
            dispatch.aggregate().split_once('/') == Some((info.business, info.name))
        };
        let Some(door) = self.parts.doors.iter().find(|door| named(door.info())) else {
            return Err(Trouble::Failed(format!("nobody is there for {dispatch:?}")));
        };
        let name = self.parts.resources[resource].sayings[request.saying].name;
        let request = Request { if_match: None, ..request };
        let said = Arc::clone(door).say_for(dispatch, name, request).await?;
        let shown = self.show(resource, number).await?;
        Ok(Reply { outcome: said.outcome, position: said.position.max(shown.position), ..shown })
    }

    /// Shows one aggregate, as of its last durable record.
    ///
    /// # Errors
    /// When there is none, or it cannot be read now.
    pub async fn show(&self, resource: usize, number: u64) -> Result<Reply, Trouble> {
        Arc::clone(&self.parts.doors[resource]).show(number).await
    }

    /// A page of aggregates.
    ///
    /// # Errors
    /// When it cannot be sorted like that, or not be read now.
    pub async fn list(&self, resource: usize, page: Page) -> Result<Collection<Reply>, Trouble> {
        Arc::clone(&self.parts.doors[resource]).list(page).await
    }

    /// A page of rows of a view.
    ///
    /// # Errors
    /// When the conditions make no sense, or the view is not as far yet.
    pub async fn search(&self, view: usize, query: ViewQuery) -> Result<Collection<Row>, Trouble> {
        self.parts.rows[view].search(query).await
    }

    /// One row of a view.
    ///
    /// # Errors
    /// When there is none, or the view is not as far yet.
    pub async fn row(
        &self,
        view: usize,
        number: u64,
        at_least: Option<u64>,
        patience: Duration,
    ) -> Result<Row, Trouble> {
        let row = self.parts.rows[view].row(number, at_least, patience).await?;
        let resource = self.parts.views[view].name;
        row.ok_or(Trouble::NotFound { resource, number })
    }

    /// How the parts are. Never waits.
    #[must_use]
    pub fn health(&self) -> Health {
        let durable = self.parts.journal.durable();
        let mut parts = vec![self.journal_part()];
        parts.extend(self.parts.followers.iter().map(|progress| progress.part(durable)));
        parts.extend(self.parts.rows.iter().map(|rows| rows.progress.part(durable)));
        Health { parts }
    }

    fn journal_part(&self) -> Part {
        let Parts { journal, shared, .. } = &*self.parts;
        let living = shared.living.load(std::sync::atomic::Ordering::Relaxed);
        let status = if journal.is_open() { Status::Up } else { Status::Down };
        let details = vec![
            ("durable", journal.durable().to_string()),
            ("submitted", journal.submitted().to_string()),
            ("generation", journal.generation().to_string()),
            ("livingAggregates", living.to_string()),
        ];
        Part { name: "journal".into(), status, details }
    }

    /// Instances in quarantine.
    #[must_use]
    pub fn quarantine(&self) -> Vec<QuarantineEntry> {
        self.parts.shared.quarantine.entries()
    }

    /// Lets an instance out of quarantine; false when it was not in.
    #[must_use]
    pub fn release(&self, resource: usize, number: u64) -> bool {
        self.parts.doors[resource].release(number)
    }
}
