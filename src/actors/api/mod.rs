//! The requests, replies and errors of the runtime, as the HTTP layer and embedders see them.

mod available_commands;
mod caller;
mod error;
mod events;
mod fault;
mod history;
mod reply;
mod request;
mod resource;
mod status;
mod store_error;

pub use available_commands::Possible;
pub use caller::{ADMIN, Caller, Permission, Sight};
pub use error::{Answer, RequestError, StartError, busy, misunderstood, rejected};
pub use events::{AggregateEvent, EventBatch, EventFilter, EventHeader, ReadLimits, Sights, Start};
pub use fault::{Fault, FaultError, TARGETS_MAX};
pub use history::{FieldChange, Moment, PastReply};
pub use reply::{Collection, Outcome, Reply, Row};
pub use request::{IdempotencyKey, Page, Request, Sort, ViewQuery, WAIT_MAX};
pub use resource::{CommandInfo, Example, ResourceInfo, ViewInfo};
pub use status::{ComponentInfo, Health, OperationsEntry, Part, QuarantineEntry, Status};
pub use store_error::{begin_read, blocking};
