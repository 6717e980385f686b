//! The writes of one commit, with their checksum and their cost.

use super::tree::Write;
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;

/// Approximate size of a node of sled's tree on disk, in bytes.
const NODE_BYTES: u64 = 8_192;

/// The writes of one commit, and their cost.
#[derive(Default)]
pub struct Batch {
    writes: Vec<Write>,
    /// The checksum of all writes so far.
    digest: SipHasher13,
    /// Growth of the log at most, in bytes.
    bytes: u64,
}

impl Batch {
    pub(in crate::store) fn insert(
        &mut self,
        key: impl Into<sled::IVec>,
        value: impl Into<sled::IVec>,
    ) {
        let (key, value) = (key.into(), value.into());
        self.digest.write(&key);
        // A value ends with its own checksum.
        self.digest.write(value.last_chunk::<4>().unwrap_or(&[0; 4]));
        // sled writes the change, and sometimes the whole node that it belongs to.
        self.bytes += NODE_BYTES + 2 * value.len() as u64;
        self.writes.push((key, Some(value)));
    }

    pub(in crate::store) const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(in crate::store) fn remove(&mut self, key: impl Into<sled::IVec>) {
        let key = key.into();
        self.digest.write(&key);
        self.bytes += NODE_BYTES;
        self.writes.push((key, None));
    }

    /// Returns the writes, and the growth of sled's log at most, in bytes.
    pub(super) fn into_writes(self) -> (Vec<Write>, u64) {
        (self.writes, self.bytes)
    }

    /// Returns the running checksum after this batch: over the one before it, all writes of the
    /// batch, and these bytes.
    pub(in crate::store) fn chained(&self, before: u64, bytes: &[u8]) -> u64 {
        let mut digest = self.digest;
        digest.write_u64(before);
        digest.write(bytes);
        digest.finish()
    }
}
