//! The running system behind the facade. (Contract; see the functions.)

use super::{
    facade::{
        Collection, Health, Page, QuarantineEntry, Reply, Request, ResourceInfo, Row, Trouble,
        ViewInfo, ViewQuery,
    },
    settings::{ActorSettings, PortsSettings},
};
use crate::{
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    store::journal::JournalOptions,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// Collects what the businesses declare.
pub struct Catalogue {}

impl Host for Catalogue {
    fn business<B: Business>(&mut self) -> &mut Self {
        self
    }
    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self
    }
    fn saga<S: Saga>(&mut self) -> &mut Self {
        self
    }
    fn port<P: Port>(&mut self) -> &mut Self {
        self
    }
    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self
    }
    fn view<V: View>(&mut self) -> &mut Self {
        self
    }
}

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
    _inner: Arc<()>,
}

#[allow(
    missing_docs,
    clippy::unused_async,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unused_self,
    clippy::needless_pass_by_value
)]
impl Courtyard {
    pub fn start(_: Settings, _: impl FnOnce(&mut Catalogue)) -> Result<Self, StartError> {
        todo!()
    }
    pub async fn stop(&self) {
        todo!()
    }
    pub fn resources(&self) -> &[ResourceInfo] {
        todo!()
    }
    pub fn views(&self) -> &[ViewInfo] {
        todo!()
    }
    pub async fn say(&self, _: Request) -> Result<Reply, Trouble> {
        todo!()
    }
    pub async fn show(&self, _: usize, _: u64) -> Result<Reply, Trouble> {
        todo!()
    }
    pub async fn list(&self, _: usize, _: Page) -> Result<Collection<Reply>, Trouble> {
        todo!()
    }
    pub async fn search(&self, _: usize, _: ViewQuery) -> Result<Collection<Row>, Trouble> {
        todo!()
    }
    pub async fn row(&self, _: usize, _: u64, _: Option<u64>, _: Duration) -> Result<Row, Trouble> {
        todo!()
    }
    pub fn health(&self) -> Health {
        todo!()
    }
    pub fn quarantine(&self) -> Vec<QuarantineEntry> {
        todo!()
    }
    pub fn release(&self, _: usize, _: u64) -> bool {
        todo!()
    }
}
