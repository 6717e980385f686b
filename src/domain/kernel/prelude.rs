//! The names that the files of a business use, to be imported together.
//!
//! `use madang::domain::kernel::prelude::*;` at the top of a file of a business.

pub use super::{
    Aggregate, Business, CANCELLED, CardNumber, CommandRoutes, Date, Decision, Dispatch, Empty,
    EpochMs, EventSet, FailureKind, Field, Filter, Host, Id, Issuer, Link, Lookup, Malformed,
    Meanings, Meta,
    Method::{Patch, Post, Put},
    Money, Number, Personal, Port, PortReply, PortRequest, Progress, Quantity, Query, Readers,
    RejectedCommand, RetryPolicy, Saga, StateReader, StatusWords, Step, Text, Timestamp, Unchanged,
    Upcasters, View, WaitsFor, ensure,
};
pub use crate::{
    aggregate_types, body, described, event_set, fields, object, rejections, statuses, variant,
};
pub use serde::{Deserialize, Serialize};
pub use serde_json::{Value, json};
