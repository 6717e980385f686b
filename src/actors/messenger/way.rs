//! One errand on its way: out, and back with the command it leads to.

use super::{Errand, Finished, Freed, Messenger, Running};
use crate::{
    actors::{
        contexts::Contexts,
        letter::{Delivery, Undelivered},
        rooms::Rooms,
    },
    store::{KindId, Origin, Record, journal::Journal},
};
use actix::Addr;
use std::sync::Arc;

/// What an errand needs on its way.
pub(super) struct Way<E: Errand> {
    pub(super) by: KindId,
    pub(super) generation: u64,
    pub(super) rooms: Arc<Rooms>,
    pub(super) contexts: Arc<Contexts>,
    pub(super) journal: Arc<Journal>,
    pub(super) messenger: Addr<Messenger<E>>,
}

impl<E: Errand> Way<E> {
    /// Goes out with an errand and delivers the command it leads to.
    pub(super) async fn go(self, record: Arc<Record>, running: Running) {
        let Self { generation, messenger, .. } = &self;
        let generation = *generation;
        // On a task of its own, so that what panics there is an answer here.
        let Ok(dispatch) = actix::spawn(running).await else {
            tracing::error!(position = record.position, "an errand crashed and runs again");
            messenger.do_send(Freed { generation });
            return messenger.do_send(Finished { record, generation, is_delivered: false });
        };
        let (conversation, position) = (record.correlation, record.position);
        let origin = Origin { by: self.by, conversation, position, nth: 0 };
        let (when, journal) = (Delivery::Durable, &*self.journal);
        let mut fate = self.rooms.deliver_once(journal, generation, &dispatch, origin, when).await;
        // Whoever does not take it now, in quarantine perhaps, must not keep a place from the others.
        messenger.do_send(Freed { generation });
        loop {
            match fate {
                Err(Undelivered::Suspended(context)) => {
                    context.await_more(1);
                    self.contexts.resumed(&context).await;
                    context.await_less(1);
                }
                Err(Undelivered::Later) => {}
                Ok(()) | Err(Undelivered::Stale) => break,
            }
            fate = self.rooms.deliver(journal, generation, &dispatch, origin, when).await;
        }
        messenger.do_send(Finished { record, generation, is_delivered: fate.is_ok() });
    }
}
