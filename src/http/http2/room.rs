//! The room of a connection for answers that its client has not taken yet.

use std::{cell::Cell, rc::Rc};
use tokio::sync::Notify;

/// The bytes of answers from which on further requests of the connection wait. Requests that are
/// handled already may exceed it with their answers.
const BYTES_MAX: usize = 512 << 10;

/// The answers of one connection.
#[derive(Default)]
pub struct Room {
    bytes: Cell<usize>,
    freed: Notify,
}

/// The part of one answer; dropping it frees the part.
pub struct Part {
    room: Rc<Room>,
    bytes: usize,
}

impl Room {
    /// Waits until there is room for a further answer.
    pub async fn free(&self) {
        while self.bytes.get() >= BYTES_MAX {
            self.freed.notified().await;
        }
    }

    /// Takes the part of an answer with so many bytes.
    pub fn take(self: &Rc<Self>, bytes: usize) -> Part {
        self.bytes.set(self.bytes.get() + bytes);
        Part { room: Rc::clone(self), bytes }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let before = self.room.bytes.get();
        self.room.bytes.set(before - self.bytes);
        if before >= BYTES_MAX && before - self.bytes < BYTES_MAX {
            self.room.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    #[test]
    fn a_request_waits_while_answers_fill_the_room() {
        let room = Rc::<Room>::default();
        let mut context = Context::from_waker(Waker::noop());
        let parts = [room.take(BYTES_MAX - 1), room.take(10)];
        let mut waiting = pin!(room.free());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(parts);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }
}
