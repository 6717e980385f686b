//! How the parts of the runtime are.

/// How the parts are.
#[derive(Clone, Debug)]
pub struct Health {
    /// Each part by name.
    pub parts: Vec<Part>,
}

/// How one part is.
#[derive(Clone, Debug)]
pub struct Part {
    /// `journal`, `view taxi/mypages`.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// Figures worth knowing.
    pub details: Vec<(&'static str, String)>,
}

/// As Spring Boot's actuator names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `UP`
    Up,
    /// `DOWN`
    Down,
    /// `OUT_OF_SERVICE`
    OutOfService,
}

/// A part that can be suspended: everything of one name.
#[derive(Clone, Debug)]
pub struct ComponentInfo {
    /// `taxi/reservations`
    pub name: &'static str,
    /// What it consists of: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub parts: Vec<&'static str>,
    /// Whether it is suspended.
    pub is_suspended: bool,
    /// Since when it is as it is, in milliseconds since the epoch, if it was ever otherwise.
    pub since_ms: Option<u64>,
    /// How much waits for it.
    pub figures: Vec<(&'static str, u64)>,
}

/// An aggregate that crashed too often, or a saga's conversation that crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// `taxi/orders`, or the name of the saga, port or lookup.
    pub resource: &'static str,
    /// Which one.
    pub number: u64,
    /// What the last crash said.
    pub because: String,
    /// The command it crashed on, if it was a command.
    pub command: Option<String>,
    /// The position of the record it crashed on, if it was a conversation.
    pub position: Option<u64>,
    /// How often it crashed.
    pub crashes: u32,
    /// Since when, in milliseconds since the epoch.
    pub since_ms: u64,
}

/// Something that happened to a part of the runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationsEntry {
    /// Counted from 1.
    pub number: u64,
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// What, in a word: `Quarantined`.
    pub what: String,
    /// The rest of it.
    pub details: serde_json::Value,
}
