//! A snapshot of a stream.

/// The state of a stream, so that its history need not be read from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    /// The version that the state follows.
    pub version: u32,
    /// The layout of the state; a snapshot of another layout is not used.
    pub shape: u32,
    /// The state, encoded.
    #[serde(with = "crate::store::codec::bytes")]
    pub state: Vec<u8>,
}
