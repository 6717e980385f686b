//! What is alive: aggregates, sagas, ports, lookups, projectors and their supervision.
//!
//! ```text
//! courtyard ── catalogue (the Host) ── room (a kind of aggregate) ── keeper (per shard) ── living (per instance)
//!                                   ├─ saga runner ── conversation
//!                                   ├─ messenger ── errands: transport (ports), rows (lookups)
//!                                   └─ projector ── rows (views)
//! ```

mod audit;
mod catalogue;
mod contexts;
mod courtyard;
mod crash;
mod errands;
mod facade;
mod flight;
mod follower;
mod keeper;
mod letter;
mod living;
mod messenger;
mod newborns;
mod outbox;
mod progress;
mod projector;
mod room;
mod rooms;
mod saga;
mod settings;
mod transport;

pub use audit::Progressing;
pub use catalogue::Catalogue;
pub use courtyard::{Courtyard, Settings, StartError};
pub use facade::{
    Collection, ContextInfo, Health, IdempotencyKey, Outcome, PATIENCE_MAX, Page, Part,
    QuarantineEntry, Reply, Request, ResourceInfo, Row, SayingInfo, Sort, Status, Trouble,
    ViewInfo, ViewQuery,
};
pub use settings::{ActorSettings, Fallback, PortSettings, PortsSettings, Transport};
