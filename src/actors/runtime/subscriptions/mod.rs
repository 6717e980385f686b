//! The subscriptions of other programs: claims of events, and the figures of how far they are.

mod reading;

pub use reading::{Claimed, ClaimedEvent, ShowEvent};

use super::Runtime;
use crate::actors::{
    api::Caller,
    persistent_subscription::{
        Acknowledged, Ahead, ClaimId, Definition, Figures, Freed, Given, ParkedEvent, Subscription,
        SubscriptionError, SubscriptionTerms,
    },
    support::in_millis,
};
use reading::Texts;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How far a subscription is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// The wanted events that are not acknowledged and not parked.
    pub events: u64,
    /// Whether there are no others: only so many records are counted at once.
    pub is_exact: bool,
    /// The records of the journal after its position.
    pub records: u64,
}

/// A subscription as it is shown.
#[derive(Clone, Debug)]
pub struct SubscriptionInfo {
    /// Its definition.
    pub definition: Arc<Definition>,
    /// Its figures.
    pub figures: Figures,
    /// How far it is behind.
    pub lag: Lag,
}

impl Runtime {
    /// Creates a subscription, or changes it. Returns whether it is new.
    ///
    /// # Errors
    /// When a term is invalid, the name belongs to another subject, or the journal does not take
    /// it.
    pub async fn put_subscription(
        &self,
        name: &str,
        terms: SubscriptionTerms,
        caller: &Caller,
    ) -> Result<(SubscriptionInfo, bool), SubscriptionError> {
        let (subscription, is_new) = self.parts.subscriptions.put(name, terms, caller).await?;
        Ok((self.told(&subscription, Ahead::default()), is_new))
    }

    /// Deletes a subscription.
    ///
    /// # Errors
    /// When there is none, or the journal does not take it.
    pub async fn delete_subscription(
        &self,
        name: &str,
        caller: &Caller,
    ) -> Result<(), SubscriptionError> {
        self.parts.subscriptions.delete(name, caller).await
    }

    /// A subscription, with its lag in events.
    ///
    /// # Errors
    /// When there is none, or the journal cannot be read now.
    pub async fn subscription(
        &self,
        name: &str,
        caller: &Caller,
    ) -> Result<SubscriptionInfo, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        let runtime = self.clone();
        let told = move || {
            let ahead = runtime.counted_ahead(&subscription)?;
            Ok(runtime.told(&subscription, ahead))
        };
        Ok(self.blocking(told).await?)
    }

    /// The definition of a subscription.
    ///
    /// # Errors
    /// When there is none, or the client does not see it.
    pub fn subscription_definition(
        &self,
        name: &str,
        caller: &Caller,
    ) -> Result<Arc<Definition>, SubscriptionError> {
        Ok(self.parts.subscriptions.get(name, caller)?.definition())
    }

    /// All subscriptions that the client sees. Their events are counted as far as that was asked
    /// for before.
    ///
    /// # Errors
    /// When the client has no token.
    pub fn subscriptions(
        &self,
        caller: &Caller,
    ) -> Result<Vec<SubscriptionInfo>, SubscriptionError> {
        let seen = self.parts.subscriptions.seen_by(caller)?;
        Ok(seen.iter().map(|it| self.told(it, it.ahead())).collect())
    }

    /// The names of the subscriptions with a webhook, with their owners.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Arc<Definition>> {
        let all = self.parts.subscriptions.all().into_iter().map(|it| it.definition());
        all.filter(|definition| definition.webhook.is_some()).collect()
    }

    /// A receiver that changes when a subscription is created, changed or deleted.
    #[must_use]
    pub fn subscription_changes(&self) -> watch::Receiver<u64> {
        self.parts.subscriptions.changes()
    }

    /// Acknowledges events of a claim, or all. They are durable when this returns.
    ///
    /// # Errors
    /// When the lease is lost, an event is not part of the claim, or the journal does not take it.
    pub async fn acknowledge(
        &self,
        name: &str,
        (id, events): (ClaimId, Option<Vec<u64>>),
        caller: &Caller,
    ) -> Result<Acknowledged, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        subscription
            .change(move |machine, now_ms| machine.acknowledge(now_ms, id, events.as_deref()))
            .await
    }

    /// Gives events of a claim back, or all, to be given again after a delay. `is_attempt` tells
    /// whether the delivery counts.
    ///
    /// # Errors
    /// When the lease is lost, or an event is not part of the claim.
    pub async fn release_events(
        &self,
        name: &str,
        (id, events): (ClaimId, Option<Vec<u64>>),
        (delay, is_attempt): (Duration, bool),
        caller: &Caller,
    ) -> Result<Freed, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        let how = (in_millis(delay), is_attempt);
        subscription
            .change(move |machine, now_ms| machine.release(now_ms, id, events.as_deref(), how))
            .await
    }

    /// Parks events of a claim. They are parked durably when this returns.
    ///
    /// # Errors
    /// When the lease is lost, an event is not part of the claim, there is no room, or the journal
    /// does not take it.
    pub async fn park_events(
        &self,
        name: &str,
        (id, events): (ClaimId, Vec<u64>),
        reason: String,
        caller: &Caller,
    ) -> Result<Freed, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        subscription.change(move |machine, now_ms| machine.park(now_ms, id, &events, &reason)).await
    }

    /// The parked events after a position, each with its text.
    ///
    /// # Errors
    /// When there is no such subscription, or the journal cannot be read now.
    pub async fn parked_events(
        &self,
        name: &str,
        (after, events_max): (u64, usize),
        show: ShowEvent,
        caller: &Caller,
    ) -> Result<Vec<(u64, ParkedEvent, Option<String>)>, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        let runtime = self.clone();
        let read = move || {
            let parked = subscription.parked_after(after, events_max);
            let definition = subscription.definition();
            let sights = runtime.sights(&definition.reader());
            let unread = parked.iter().map(|(position, parked)| {
                let given = Given { position: *position, attempts: parked.attempts };
                (*position, (given, None))
            });
            let mut texts: Texts = unread.collect();
            runtime.read_missing((&definition.filter, &sights), show, &mut texts)?;
            let shown = parked.into_iter().map(|(position, parked)| {
                let text = texts.remove(&position).and_then(|(_, event)| event);
                (position, parked, text.map(|event| event.shown))
            });
            Ok(shown.collect())
        };
        Ok(self.blocking(read).await?)
    }

    /// Replays parked events, or drops them: these, or all. Returns their number.
    ///
    /// # Errors
    /// When one is not parked, an earlier one of its aggregate stays parked, there is no room, or
    /// the journal does not take it.
    pub async fn unpark_events(
        &self,
        name: &str,
        events: Option<Vec<u64>>,
        is_replay: bool,
        caller: &Caller,
    ) -> Result<usize, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        subscription
            .change(move |machine, _| {
                let events = events.as_deref();
                if is_replay { machine.replay(events) } else { machine.drop_parked(events) }
            })
            .await
    }

    fn told(&self, subscription: &Subscription, ahead: Ahead) -> SubscriptionInfo {
        let (figures, durable) = (subscription.figures(), self.durable());
        let open = (figures.waiting + figures.claimed) as u64;
        let (events, counted) = if ahead.up_to >= figures.reached {
            (open + ahead.events, ahead.up_to)
        } else {
            (open, figures.reached)
        };
        let records = durable.saturating_sub(figures.position);
        let lag = Lag { events, is_exact: counted >= durable, records };
        SubscriptionInfo { definition: subscription.definition(), figures, lag }
    }
}
