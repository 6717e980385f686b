//! The actors of the runtime: aggregates, sagas, ports, lookups, projectors and their supervision.
//!
//! ```text
//! installation ─▶ runtime ─┬─▶ aggregate      one actor for each instance
//!                          ├─▶ saga           one runner for each kind of saga
//!                          ├─▶ effect ─▶ port  calls of outside services, and lookups
//!                          └─▶ view           projections, searched by clients
//! ```
//! `docs/architecture.md` shows all folders and what each may use.

mod aggregate;
mod api;
mod conversation;
mod dispatch;
mod effect;
mod gate;
mod installation;
mod operations;
mod port;
mod runtime;
mod saga;
mod settings;
mod subscription;
mod supervision;
mod support;
mod verify;
mod view;

pub use api::{
    Collection, CommandInfo, ComponentInfo, Example, Fault, FaultError, Health, IdempotencyKey,
    OperationsEntry, Outcome, PATIENCE_MAX, Page, Part, Possible, QuarantineEntry, Reply, Request,
    RequestError, ResourceInfo, Row, Sort, StartError, Status, ViewInfo, ViewQuery,
};
pub use conversation::{Conversation, ConversationEntry, Role, Speaker, What};
pub use gate::{
    Away, Gate, GateInfo, GateKind, GateSettings, Gates, GatesSettings, Outcome as PermitOutcome,
    Permit, Why,
};
pub use installation::Installation;
pub use runtime::Runtime;
pub use saga::Waiting;
pub use settings::{ActorSettings, Fallback, PortSettings, PortsSettings, Settings, TransportKind};
pub use support::clock;
pub(crate) use support::panic_message;
pub use support::{COUNT_MAX, InvalidSetting, Ranged, THREADS_MAX, whole_seconds_spread, within};
pub use verify::{Findings, Progressing};
