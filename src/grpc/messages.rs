//! The messages of `docs/contract/businesses.proto`, which describes their fields. A test compares
//! both.

use prost::{Enumeration, Message, bytes::Bytes};

/// A command.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ExecuteRequest {
    #[prost(string, tag = "1")]
    pub business: String,
    #[prost(string, tag = "2")]
    pub resource: String,
    #[prost(uint64, tag = "3")]
    pub number: u64,
    #[prost(string, tag = "4")]
    pub command: String,
    #[prost(bytes = "vec", tag = "5")]
    pub body: Vec<u8>,
}

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub enum Outcome {
    Unspecified = 0,
    Created = 1,
    Done = 2,
    Pending = 3,
}

/// The answer to a command.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ExecuteResponse {
    #[prost(enumeration = "Outcome", tag = "1")]
    pub outcome: i32,
    #[prost(message, optional, tag = "2")]
    pub aggregate: Option<Aggregate>,
}

/// One aggregate.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Aggregate {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(uint32, tag = "2")]
    pub version: u32,
    #[prost(bytes = "vec", tag = "3")]
    pub body: Vec<u8>,
    #[prost(string, repeated, tag = "4")]
    pub commands: Vec<String>,
    #[prost(string, tag = "5")]
    pub position: String,
}

/// The name of an aggregate.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GetRequest {
    #[prost(string, tag = "1")]
    pub business: String,
    #[prost(string, tag = "2")]
    pub resource: String,
    #[prost(uint64, tag = "3")]
    pub number: u64,
}

/// A page of aggregates that a client asks for.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ListRequest {
    #[prost(string, tag = "1")]
    pub business: String,
    #[prost(string, tag = "2")]
    pub resource: String,
    #[prost(uint64, tag = "3")]
    pub page: u64,
    #[prost(uint32, tag = "4")]
    pub size: u32,
    #[prost(string, repeated, tag = "5")]
    pub sort: Vec<String>,
}

/// A page of aggregates.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    pub aggregates: Vec<Aggregate>,
    #[prost(uint64, tag = "2")]
    pub total: u64,
}

/// A condition of a search.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Condition {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A page of rows that a client asks for.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SearchRequest {
    #[prost(string, tag = "1")]
    pub business: String,
    #[prost(string, tag = "2")]
    pub view: String,
    #[prost(message, repeated, tag = "3")]
    pub conditions: Vec<Condition>,
    #[prost(uint64, tag = "4")]
    pub page: u64,
    #[prost(uint32, tag = "5")]
    pub size: u32,
    #[prost(string, repeated, tag = "6")]
    pub sort: Vec<String>,
    #[prost(string, tag = "7")]
    pub at_least: String,
}

/// One row of a view.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Row {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(bytes = "vec", tag = "2")]
    pub body: Vec<u8>,
}

/// A page of rows.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SearchResponse {
    #[prost(message, repeated, tag = "1")]
    pub rows: Vec<Row>,
    #[prost(uint64, tag = "2")]
    pub total: u64,
}

/// A filter of events, and where they start.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchRequest {
    #[prost(string, tag = "1")]
    pub business: String,
    #[prost(string, tag = "2")]
    pub resource: String,
    #[prost(uint64, optional, tag = "3")]
    pub number: Option<u64>,
    #[prost(uint64, optional, tag = "4")]
    pub correlation: Option<u64>,
    #[prost(string, repeated, tag = "5")]
    pub types: Vec<String>,
    #[prost(string, tag = "6")]
    pub after: String,
}

/// One event, or a sign of life.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchResponse {
    #[prost(string, tag = "1")]
    pub position: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub event: Bytes,
}
