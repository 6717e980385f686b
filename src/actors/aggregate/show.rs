//! Reads of one instance by clients: from the cache of representations, from the journal, or from
//! the instance.
//!
//! ```text
//! cache ──▶ hit
//!   ├─────▶ no instance in memory ──▶ journal, on a thread that may block ──▶ cache
//!   │                                    └─▶ anything unusual ──▶ instance
//!   └─────▶ an instance in memory ─────────────────────────────▶ instance ──▶ cache
//! ```
//! A passive aggregate needs no actor to be read. The instance is asked for all that is not a plain
//! read: an aggregate that does not exist, one that cannot be rebuilt, one that needs a snapshot.

use super::{
    envelope::Content,
    kind::AggregateKind,
    rehydration::{Rebuilt, rebuild, shown_safely},
    representations::{Miss, Shown, Stamp},
    wait::Reached,
};
use crate::{
    actors::{
        api::{Reply, Sight},
        support::begin_brief,
    },
    domain::kernel::Aggregate,
};
use std::sync::Arc;

/// A read that has begun.
enum Begun<Asked, Read> {
    Seen(Reached),
    Asked(Asked),
    Read(Stamp, Read),
}

impl<A: Aggregate> AggregateKind<A> {
    /// Begins to read an instance as a client with this sight sees it; the result waits for the end.
    pub(super) fn begin_show(
        self: &Arc<Self>,
        number: u64,
        sight: &Sight,
    ) -> impl Future<Output = Reached> + use<A> {
        let begun = match self.shared.representations.lookup(self.stream(number)) {
            Ok(shown) => Begun::Seen(self.as_seen(number, &shown, sight)),
            Err(Miss::Active(stamp)) => Begun::Asked(self.begin_ask_to_show(number, sight, stamp)),
            Err(Miss::Passive(stamp)) => {
                let aggregate = Arc::clone(self);
                Begun::Read(stamp, begin_brief(move || aggregate.read_passive(number)))
            }
        };
        let (aggregate, sight) = (Arc::clone(self), sight.clone());
        async move {
            let (stamp, read) = match begun {
                Begun::Seen(seen) => return seen,
                Begun::Asked(asked) => return asked.await,
                Begun::Read(stamp, read) => (stamp, read),
            };
            if let Ok(Some(shown)) = read.await {
                let (stream, shown) = (aggregate.stream(number), Arc::new(shown));
                if aggregate.shared.representations.insert(stream, stamp, Arc::clone(&shown)) {
                    return aggregate.as_seen(number, &shown, &sight);
                }
            }
            aggregate.begin_ask_to_show(number, &sight, None).await
        }
    }

    /// The reply from a representation to a client with this sight.
    fn as_seen(&self, number: u64, shown: &Shown, sight: &Sight) -> Reached {
        if !sight.sees(A::READERS, shown.owner.as_deref()) {
            return Err(Self::not_found(number));
        }
        Ok(Reply { position: self.shared.journal.durable(), ..shown.reply.clone() })
    }

    fn begin_ask_to_show(
        &self,
        number: u64,
        sight: &Sight,
        stamp: Option<Stamp>,
    ) -> impl Future<Output = Reached> + use<A> {
        let sight = sight.clone();
        self.begin_ask(number, move |reply| Content::Show(sight, reply, stamp))
    }

    /// Reads an aggregate without an instance from the journal; `None` when its instance has to be
    /// asked. Blocking.
    fn read_passive(&self, number: u64) -> Option<Shown> {
        let shared = &self.shared;
        if shared.quarantine.reason(A::NAME, number).is_some() {
            return None;
        }
        let rebuilt = rebuild::<A>(&*shared.journal, self.stream(number), shared.has_identity);
        let rebuilt = rebuilt.ok()?;
        let needs_snapshot = rebuilt.needs_snapshot(shared.settings.snapshot_every_events);
        let Rebuilt { state, version, owner, .. } = rebuilt;
        if version == 0 || needs_snapshot || state == A::default() {
            return None;
        }
        let reply = shown_safely(&state, number, version, 0).ok()?;
        Some(Shown { reply, owner: owner.and_then(|owner| owner.owner.clone()) })
    }
}
