//! All subscriptions, by name.

use super::{
    definition::{Definition, Owner, SubscriptionTerms, Webhook, check_name},
    error::SubscriptionError,
    machine::Machine,
    sealing::Sealer,
    stored::{self, Loaded, SUBSCRIPTIONS, bounds},
    subscription::Subscription,
};
use crate::{
    actors::{
        api::{Caller, RequestError, Start},
        support::now,
    },
    store::{
        KindId, KindSet,
        journal::{Journal, Listener, ReadLevel, StoreError},
    },
    sync,
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, RwLock, atomic::AtomicUsize},
};
use tokio::sync::watch;

/// The most subscriptions of a server.
const SUBSCRIPTIONS_MAX: usize = 100;

/// The most subscriptions of one subject.
const OF_ONE_SUBJECT_MAX: usize = 20;

/// All subscriptions.
pub struct Subscriptions {
    journal: Arc<dyn Journal>,
    kind: KindId,
    sealer: Arc<Sealer>,
    all: RwLock<BTreeMap<String, Arc<Subscription>>>,
    /// Serializes creation and deletion.
    changing: tokio::sync::Mutex<()>,
    /// Rises with each subscription that is created, changed or deleted.
    changes: watch::Sender<u64>,
    /// The last durable position, while a consumer waits for it.
    arrivals: Arc<watch::Sender<u64>>,
    /// The number of waiting consumers.
    pub waiting: Arc<AtomicUsize>,
}

impl Subscriptions {
    /// Reads the subscriptions of this journal. The key of their secrets is in the data folder.
    /// Secrets that an earlier version stored in clear are stored again.
    ///
    /// # Errors
    /// When the disk fails, or one is damaged.
    pub fn open(journal: Arc<dyn Journal>, data: &Path) -> Result<Arc<Self>, StoreError> {
        let kind = journal.kind(SUBSCRIPTIONS)?;
        let sealer = Arc::new(Sealer::open(data).map_err(StoreError::Failed)?);
        let mut all = BTreeMap::new();
        for loaded in stored::load(&*journal, kind)? {
            let (definition, was_clear) = sealer.opened(loaded.definition);
            let (name, loaded) = (definition.name.clone(), Loaded { definition, ..loaded });
            let kept = (Arc::clone(&journal), Arc::clone(&sealer));
            let subscription = Arc::new(Subscription::new(loaded, kind, kept));
            if was_clear {
                subscription.renew();
            }
            all.insert(name, subscription);
        }
        let all = RwLock::new(all);
        let (waiting, arrivals) = (Arc::<AtomicUsize>::default(), Arc::new(watch::Sender::new(0)));
        let arrived = Arc::clone(&arrivals);
        let listener = Listener {
            kinds: KindSet::default(),
            is_waited_for: Arc::clone(&waiting),
            wake: Arc::new(move |durable| {
                arrived.send_replace(durable);
            }),
            pass: Arc::new(|_| {}),
        };
        journal.subscribe(ReadLevel::Durable, listener);
        let (changing, changes) = (tokio::sync::Mutex::default(), watch::Sender::new(0));
        Ok(Arc::new(Self { journal, kind, sealer, all, changing, changes, arrivals, waiting }))
    }

    /// A receiver that changes when a subscription is created, changed or deleted.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A receiver of the last durable position, which changes while consumers are waiting.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// All subscriptions that the client sees, by name.
    ///
    /// # Errors
    /// When the client has no token.
    pub fn seen_by(&self, caller: &Caller) -> Result<Vec<Arc<Subscription>>, SubscriptionError> {
        check_known(caller)?;
        let all = self.all();
        Ok(all.into_iter().filter(|it| sees(caller, &it.definition())).collect())
    }

    /// All subscriptions, by name.
    pub fn all(&self) -> Vec<Arc<Subscription>> {
        sync::read(&self.all).values().cloned().collect()
    }

    /// The subscription of this name.
    ///
    /// # Errors
    /// When there is none, or the client does not see it.
    pub fn get(&self, name: &str, caller: &Caller) -> Result<Arc<Subscription>, SubscriptionError> {
        check_known(caller)?;
        let found = sync::read(&self.all).get(name).cloned();
        let seen = found.filter(|it| sees(caller, &it.definition()));
        seen.ok_or_else(|| SubscriptionError::Unknown(name.chars().take(60).collect()))
    }

    /// Creates the subscription of this name, or changes it. Returns whether it is new.
    ///
    /// # Errors
    /// When the name or a term is invalid, the name belongs to another subject, the filter or the
    /// start differs, there are too many, or the disk does not take it.
    pub async fn put(
        &self,
        name: &str,
        terms: SubscriptionTerms,
        caller: &Caller,
    ) -> Result<(Arc<Subscription>, bool), SubscriptionError> {
        check_known(caller)?;
        check_name(name).map_err(SubscriptionError::Invalid)?;
        let _turn = self.changing.lock().await;
        let existing = sync::read(&self.all).get(name).cloned();
        let (subscription, is_new) = match existing {
            Some(existing) => (change(existing, terms, caller).await?, false),
            None => (self.create(name, terms, caller).await?, true),
        };
        self.changes.send_modify(|changes| *changes += 1);
        Ok((subscription, is_new))
    }

    async fn create(
        &self,
        name: &str,
        terms: SubscriptionTerms,
        caller: &Caller,
    ) -> Result<Arc<Subscription>, SubscriptionError> {
        let owner = Owner::of(caller);
        let durable = self.journal.durable();
        let started_after = match terms.start {
            Start::Beginning => 0,
            Start::Now => durable,
            Start::After(position) if position <= durable => position,
            Start::After(_) => {
                let reason = "the journal has not reached the position in `start`";
                return Err(SubscriptionError::Invalid(reason.to_owned()));
            }
        };
        let id = self.free_id(owner.as_ref())?;
        let SubscriptionTerms { filter, start, attempts_max, webhook, .. } = terms;
        let machine = Machine::starting_after(started_after, bounds(attempts_max));
        let definition = Definition {
            name: name.to_owned(),
            owner,
            filter,
            start,
            started_after,
            attempts_max,
            webhook,
            created: now(),
        };
        let loaded = Loaded { id, definition: definition.clone(), machine };
        let kept = (Arc::clone(&self.journal), Arc::clone(&self.sealer));
        let subscription = Arc::new(Subscription::new(loaded, self.kind, kept));
        subscription.redefine(definition).await?;
        sync::write(&self.all).insert(name.to_owned(), Arc::clone(&subscription));
        Ok(subscription)
    }

    /// The lowest number that no subscription has.
    fn free_id(&self, owner: Option<&Owner>) -> Result<u16, SubscriptionError> {
        let all = self.all();
        if all.len() >= SUBSCRIPTIONS_MAX {
            return Err(SubscriptionError::TooMany(SUBSCRIPTIONS_MAX));
        }
        let subject = owner.map(|owner| &owner.subject);
        let of_subject = all.iter().filter(|it| {
            let definition = it.definition();
            subject.is_some() && definition.owner.as_ref().map(|it| &it.subject) == subject
        });
        if of_subject.count() >= OF_ONE_SUBJECT_MAX {
            return Err(SubscriptionError::TooMany(OF_ONE_SUBJECT_MAX));
        }
        let free = (1..=u16::MAX).find(|id| all.iter().all(|it| it.id != *id));
        free.ok_or(SubscriptionError::TooMany(SUBSCRIPTIONS_MAX))
    }

    /// Deletes the subscription of this name, with its position and its parked events.
    ///
    /// # Errors
    /// When there is none, the client does not see it, or the disk does not take it.
    pub async fn delete(&self, name: &str, caller: &Caller) -> Result<(), SubscriptionError> {
        let _turn = self.changing.lock().await;
        self.get(name, caller)?.remove().await?;
        sync::write(&self.all).remove(name);
        self.changes.send_modify(|changes| *changes += 1);
        Ok(())
    }
}

/// Changes what may change: the address, the key, the limit of deliveries, the roles of the owner.
async fn change(
    existing: Arc<Subscription>,
    terms: SubscriptionTerms,
    caller: &Caller,
) -> Result<Arc<Subscription>, SubscriptionError> {
    let before = existing.definition();
    if !sees(caller, &before) {
        let owner = "the client that created the subscription of this name";
        return Err(RequestError::Forbidden(owner.to_owned()).into());
    }
    if terms.filter != before.filter {
        return Err(SubscriptionError::Differs("filter"));
    }
    if terms.start != before.start {
        return Err(SubscriptionError::Differs("start"));
    }
    if terms.webhook.is_some() != before.webhook.is_some() {
        return Err(SubscriptionError::Differs("way of delivery"));
    }
    let webhook = match (terms.webhook, &before.webhook) {
        (Some(new), Some(old)) if terms.is_secret_new => {
            Some(Webhook { secret: old.secret.clone(), ..new })
        }
        (webhook, _) => webhook,
    };
    let is_owner = before.owner.as_ref().is_some_and(|it| Some(&*it.subject) == caller.subject());
    let owner = if is_owner { Owner::of(caller) } else { before.owner.clone() };
    let attempts_max = terms.attempts_max;
    let after = Definition { owner, attempts_max, webhook, ..(*before).clone() };
    if after != *before {
        existing.redefine(after).await?;
    }
    Ok(existing)
}

/// Whether the client sees a subscription: its own, and operators see all.
fn sees(caller: &Caller, definition: &Definition) -> bool {
    definition.is_seen_by(caller) || caller.check_admin().is_ok()
}

fn check_known(caller: &Caller) -> Result<(), SubscriptionError> {
    match caller {
        Caller::Anonymous => Err(RequestError::Unauthenticated.into()),
        Caller::Trusted | Caller::Known { .. } => Ok(()),
    }
}
