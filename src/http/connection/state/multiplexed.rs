//! The state of a connection of HTTP/2: its streams and its frames.

use super::{ConnectionState, Frames, Phase, Serving};
use std::rc::Rc;

impl ConnectionState {
    /// Records that the client speaks HTTP/2, before anything is read.
    pub(in super::super) fn begins_http2(&self) {
        self.frames.replace(Some(Frames::new()));
    }

    /// Whether the client speaks HTTP/2.
    pub fn speaks_http2(&self) -> bool {
        self.frames.borrow().is_some()
    }

    /// Records that the connection is ready for streams.
    pub fn awaits_streams(&self) {
        self.enter(Phase::Idle);
    }

    /// Records that a handler gets this stream.
    pub fn begins_stream(self: &Rc<Self>, number: u32) -> Serving {
        self.last_stream.set(number);
        self.serve(false)
    }

    /// The number of the last stream that a handler got.
    pub(in super::super) fn last_stream(&self) -> u32 {
        self.last_stream.get()
    }

    /// The time since which a frame of HTTP/2 is incomplete, if one is.
    pub(super) fn incomplete_since_ms(&self) -> Option<u64> {
        self.frames.borrow().as_ref().and_then(Frames::incomplete_since_ms)
    }

    /// Counts bytes of HTTP/2 that were read; false when the client speaks HTTP/1.1.
    pub(super) fn count_frames(&self, bytes: &[u8]) -> bool {
        let mut frames = self.frames.borrow_mut();
        let Some(frames) = &mut *frames else { return false };
        let begun = frames.pass(bytes, self.clock.get());
        self.lines_left.set(self.lines_left.get().saturating_sub(begun));
        self.bytes_left.set(self.bytes_left.get().saturating_sub(bytes.len()));
        true
    }

    /// Gives an incomplete frame its time again, because the server did not read meanwhile.
    pub(super) fn restart_frame(&self) {
        if let Some(frames) = &mut *self.frames.borrow_mut() {
            frames.restart(self.clock.get());
        }
    }
}
