//! A snapshot of a stream.

/// The state of a stream, so that its history need not be read from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    /// The version it is the state after.
    pub version: u32,
    /// The layout of the state; of another layout it is of no use.
    pub shape: u32,
    /// The state, encoded.
    #[serde(with = "crate::store::codec::bytes")]
    pub state: Vec<u8>,
}
