//! The actors of the runtime: aggregates, sagas, ports, lookups, projectors and their supervision.
//!
//! ```text
//! installation ─▶ runtime ─┬─▶ aggregate      one actor for each instance
//!                          ├─▶ saga           one runner for each kind of saga
//!                          ├─▶ effect ─▶ port  calls of outside services, and lookups
//!                          └─▶ view           projections, searched by clients
//! ```
//! `docs/architecture.md` shows all folders, and the folders that each may use.

mod aggregate;
mod api;
mod conversation;
mod dispatch;
mod effect;
mod erasure;
mod evolution;
mod gate;
mod installation;
mod operations;
mod persistent_subscription;
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
    ADMIN, AggregateEvent, Caller, Collection, CommandInfo, ComponentInfo, EventBatch, EventFilter,
    EventHeader, Example, Fault, FaultError, FieldChange, Health, IdempotencyKey, Moment,
    OperationsEntry, Outcome, Page, Part, PastReply, Possible, QuarantineEntry, ReadLimits, Reply,
    Request, RequestError, ResourceInfo, Row, Sight, Sights, Sort, Start, StartError, Status,
    ViewInfo, ViewQuery, WAIT_MAX,
};
pub use conversation::{Conversation, ConversationEntry, Issuer, Role, What};
pub(crate) use dispatch::named as named_event;
pub use erasure::{ErasurePlan, Numbers, Person, Persons};
pub use evolution::StoredTypes;
pub use gate::{
    CallOutcome, Gate, GateInfo, GateKind, GateRejection, GateSettings, Gates, GatesSettings,
    Permit, PersistedSettings, RejectReason,
};
pub use installation::Installation;
pub use persistent_subscription::{
    Acknowledged, ClaimId, Definition, Freed, GATES_OF_WEBHOOKS, ParkedEvent, Refusal, Secret,
    SubscriptionError, SubscriptionTerms, Webhook, Wish,
};
pub(crate) use persistent_subscription::{SUBSCRIPTIONS, fitting as fitting_subscription};
pub use runtime::{Claimed, ClaimedEvent, HistoryEntry, Lag, Runtime, SubscriptionInfo};
pub use saga::Waiting;
pub(crate) use settings::business::read as read_section;
pub use settings::{
    ActorSettings, Fallback, HeaderSetting, HeadersSettings, PortSettings, PortsSettings, Settings,
    TransportKind,
};
pub use support::{Backoff, clock};
pub use support::{COUNT_MAX, InvalidSetting, Ranged, THREADS_MAX, whole_seconds_spread, within};
pub(crate) use support::{panic_message, with_causes};
pub use verify::{Findings, Progressing, Repair};
