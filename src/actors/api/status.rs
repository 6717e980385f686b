//! The status of the runtime's parts.

/// The health of the runtime.
#[derive(Clone, Debug)]
pub struct Health {
    /// The health of each part.
    pub parts: Vec<Part>,
}

/// The health of one part.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name: `journal`, `view taxi/mypages`.
    pub name: String,
    /// The status.
    pub status: Status,
    /// Further figures by name.
    pub details: Vec<(&'static str, String)>,
}

/// The status of a part, with the names of Spring Boot's actuator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `UP`
    Up,
    /// `DOWN`
    Down,
    /// `OUT_OF_SERVICE`
    OutOfService,
}

/// A component: all parts of one name, which can be suspended.
#[derive(Clone, Debug)]
pub struct ComponentInfo {
    /// `taxi/reservations`
    pub name: &'static str,
    /// Its parts: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub parts: Vec<&'static str>,
    /// Whether it is suspended.
    pub is_suspended: bool,
    /// The time of the last transition, in milliseconds since the epoch, if there was one.
    pub since_ms: Option<u64>,
    /// Figures of the work that waits for it.
    pub figures: Vec<(&'static str, u64)>,
}

/// A quarantined instance: an aggregate that crashed too often, or an instance of a saga, port or
/// lookup that crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// `taxi/orders`, or the name of the saga, port or lookup.
    pub resource: &'static str,
    /// The number of the instance.
    pub number: u64,
    /// The message of the last panic.
    pub reason: String,
    /// The command it crashed on, for an aggregate.
    pub command: Option<String>,
    /// The position of the record it crashed on, for other instances.
    pub position: Option<u64>,
    /// Number of crashes.
    pub crashes: u32,
    /// The time of the quarantine, in milliseconds since the epoch.
    pub since_ms: u64,
}

/// An entry of the operations log.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationsEntry {
    /// The number of the entry, from 1.
    pub number: u64,
    /// The time, in milliseconds since the epoch.
    pub time_ms: u64,
    /// The name of the event: `Quarantined`.
    pub what: String,
    /// The fields of the event.
    pub details: serde_json::Value,
}
