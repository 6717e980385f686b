//! What is alive: aggregates, sagas, ports, lookups, projectors and their supervision.
//!
//! ```text
//! courtyard ── catalogue (the Host) ── room (a kind of aggregate) ── keeper (per shard) ── living (per instance)
//!                                   ├─ saga runner ── conversation
//!                                   ├─ messenger ── errands: transport (ports), rows (lookups)
//!                                   └─ projector ── shelf, rows (views)
//! gates stand before rooms and ports; the gatekeeper lets time pass for them
//! ```

mod annals;
mod answers;
mod audit;
mod books;
mod catalogue;
mod chance;
pub mod clock;
mod contexts;
mod conversations;
mod courtyard;
mod crash;
mod crowd;
mod diary;
mod drills;
mod errands;
mod facade;
mod faults;
mod flight;
mod folding;
mod follower;
mod gate;
mod homing;
mod house;
mod installation;
mod keeper;
mod later;
mod letter;
mod living;
mod messenger;
mod naming;
mod newborns;
mod outbox;
mod passage;
mod passing_on;
mod positions;
mod possible;
mod private;
mod progress;
mod projector;
mod put_off;
mod queries;
mod ranges;
mod refusal;
mod room;
mod rooms;
mod saga;
mod sections;
mod service;
mod settings;
mod shelf;
mod supervision;
mod transport;

pub use audit::{Findings, Progressing};
pub use conversations::{Conversation, Happening, Role, Speaker, Waiting, What};
pub use courtyard::{Courtyard, Settings, StartError};
pub(crate) use crash::panic_message;
pub use facade::{
    Collection, ContextInfo, DiaryEntry, Example, Health, IdempotencyKey, Outcome, PATIENCE_MAX,
    Page, Part, QuarantineEntry, Reply, Request, ResourceInfo, Row, SayingInfo, Sort, Status,
    Trouble, ViewInfo, ViewQuery,
};
pub use faults::{Fault, Unbroken};
pub use gate::{
    Away, Gate, GateInfo, GateSettings, Gates, GatesSettings, Guards, Outcome as PermitOutcome,
    Permit, Why,
};
pub use installation::Installation as Catalogue;
pub use later::whole_seconds_spread;
pub use possible::Possible;
pub use ranges::{MANY, Ranged, Senseless, THREADS_MAX, within};
pub use settings::{ActorSettings, Fallback, PortSettings, PortsSettings, Transport};
