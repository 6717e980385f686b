//! What is alive: aggregates, sagas, ports, lookups, projectors and their supervision.

mod courtyard;
mod facade;
mod settings;

pub use courtyard::{Catalogue, Courtyard, Settings, StartError};
pub use facade::{
    Collection, Health, IdempotencyKey, Outcome, PATIENCE_MAX, Page, Part, QuarantineEntry, Reply,
    Request, ResourceInfo, Row, SayingInfo, Sort, Status, Trouble, ViewInfo, ViewQuery,
};
pub use settings::{ActorSettings, Fallback, PortSettings, PortsSettings, Transport};
