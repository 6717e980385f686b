//! Pages of the instances of one kind.

use super::kind::AggregateKind;
use crate::{
    actors::api::{Collection, Page, Reply, RequestError, Sight, blocking},
    domain::kernel::Aggregate,
};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Upper bound of instances of one page that are asked at once.
const ASKED_AT_ONCE: usize = 32;

impl<A: Aggregate> AggregateKind<A> {
    /// Returns a page of instances, by number.
    pub(super) async fn show_page(
        self: Arc<Self>,
        page: Page,
        sight: Sight,
    ) -> Result<Collection<Reply>, RequestError> {
        let descending = match page.sort.as_slice() {
            [] => false,
            [sort] if sort.field == "id" => sort.descending,
            [sort, ..] => {
                let reason =
                    format!("{} cannot be sorted by `{}`, only by `id`", A::NAME, sort.field);
                return Err(RequestError::BadQuery(reason));
            }
        };
        let owned = match sight.limited_to(A::READERS) {
            Some(subject) => Some(self.owned_by(subject).await?),
            None => None,
        };
        let counted = || self.shared.journal.count(self.kind);
        let total = owned.as_ref().map_or_else(counted, |numbers| numbers.len() as u64);
        let skip = page.number.saturating_mul(page.size as u64);
        if skip >= total {
            // The page is beyond the last one. Detecting this by a read would cost a read of all
            // numbers.
            return Ok(Collection { items: Vec::new(), total });
        }
        let items = self
            .shared
            .lists
            .run(|turn| self.show_some(turn, (skip, page.size, descending), owned, sight))
            .await?;
        Ok(Collection { items, total })
    }

    /// The numbers of the instances that belong to this subject.
    async fn owned_by(&self, subject: &str) -> Result<Vec<u64>, RequestError> {
        let (journal, kind, subject) =
            (Arc::clone(&self.shared.journal), self.kind, subject.to_owned());
        blocking(move || journal.owned(kind, &subject)).await
    }

    async fn show_some(
        self: &Arc<Self>,
        turn: OwnedSemaphorePermit,
        (skip, size, descending): (u64, usize, bool),
        owned: Option<Vec<u64>>,
        sight: Sight,
    ) -> Result<Vec<Reply>, RequestError> {
        let (journal, kind) = (Arc::clone(&self.shared.journal), self.kind);
        // The read keeps its turn when the client disconnects.
        let read = move || {
            let numbers = match owned {
                Some(mut numbers) => {
                    if descending {
                        numbers.reverse();
                    }
                    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                    numbers.into_iter().skip(skip).take(size).collect()
                }
                None => journal.numbers(kind, skip, size, descending)?,
            };
            Ok((numbers, turn))
        };
        let (numbers, _turn) = blocking(read).await?;
        // The messages of a group travel together. One group always fits into the mailboxes.
        let at_once = ASKED_AT_ONCE.min(self.shared.settings.mailbox_messages_max).max(1);
        let mut items = Vec::with_capacity(numbers.len());
        for group in numbers.chunks(at_once) {
            let asked = group.iter().map(|number| self.begin_show(*number, &sight));
            for answer in asked.collect::<Vec<_>>() {
                match answer.await {
                    Err(RequestError::NotFound { .. }) => {}
                    shown => items.push(shown?),
                }
            }
        }
        Ok(items)
    }
}
