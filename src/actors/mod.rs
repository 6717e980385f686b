//! What is alive: aggregates, sagas, ports, lookups, projectors and their supervision.

mod facade;

pub use facade::{
    Collection, Courtyard, Health, IdempotencyKey, Outcome, Page, Part, QuarantineEntry, Reply,
    Request, ResourceInfo, Row, SayingInfo, Sort, Status, Trouble, ViewInfo, ViewQuery,
};
