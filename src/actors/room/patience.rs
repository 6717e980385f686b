//! Waiting for what came of a command, and what a client is answered when patience is over first.
//!
//! What was handed to an aggregate is never called undone unless it certainly is: as long as it
//! may still be carried out, the answer is 202 with the place where the outcome will be found.

use super::{Room, busy};
use crate::{
    actors::{
        answers::Keeping,
        facade::{IdempotencyKey, Outcome, Reply, Trouble},
        flight::{Verdict, Watch},
        homing::homing,
        letter::Content,
        passage::Passage,
    },
    domain::kernel::Aggregate,
};
use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

pub(super) type Reached = Result<Reply, Trouble>;

/// Where the answer of an aggregate arrives.
pub(super) type Told = oneshot::Receiver<Reached>;

/// What a client waits for.
pub(super) struct Waits {
    /// The number of the aggregate.
    pub number: u64,
    /// How long it waits at most.
    pub patience: Duration,
    /// The way to the outside service whose answer is waited for.
    pub passage: Option<Arc<Passage>>,
    /// The idempotency key, if there is one.
    pub keyed: Option<(IdempotencyKey, Watch)>,
    /// Whether the number is that of a new aggregate.
    pub is_new: bool,
}

impl<A: Aggregate> Room<A> {
    /// Waits for the answer; when patience is over first, or what is waited for is put off, shows
    /// how far things have come.
    pub(super) async fn within(&self, waits: Waits, mut told: Told) -> Reached {
        let answered = unless_put_off(waits.passage.clone(), waits.number, homing(&mut told));
        let is_put_off = match timeout(waits.patience, answered).await {
            Ok(Some(Ok(reached))) => return reached,
            Ok(Some(Err(_))) => return self.after_loss(&waits).await,
            Ok(None) => true,
            Err(_) => false,
        };
        let answer = self.answer_in_time(&waits, Some(told)).await;
        if !is_put_off {
            // The step that the client waited for was not taken in time.
            let (reply, _) = oneshot::channel();
            self.post(waits.number, Content::GiveUp(reply));
        }
        answer
    }

    /// The command, or whoever waited for its outcome, was dropped without an answer.
    async fn after_loss(&self, waits: &Waits) -> Reached {
        let unknown = "whether the command was carried out is unknown";
        if waits.keyed.is_some() || !waits.is_new {
            return Err(Trouble::Failed(unknown.to_owned()));
        }
        // Nobody else has this number: what is there is what the command made.
        match timeout(waits.patience, self.ask(waits.number, Content::Show)).await {
            Ok(Ok(reply)) => Ok(Reply { outcome: Outcome::Pending, ..reply }),
            Ok(Err(Trouble::NotFound { .. })) => Err(busy(A::NAME)),
            _ => Err(Trouble::Failed(unknown.to_owned())),
        }
    }

    /// What a client is answered who cannot wait any longer.
    pub(super) async fn answer_in_time(&self, waits: &Waits, mut told: Option<Told>) -> Reached {
        let shown = timeout(waits.patience, self.ask(waits.number, Content::Show)).await;
        if let Some(Ok(reached)) = told.as_mut().map(oneshot::Receiver::try_recv) {
            return reached;
        }
        let (reply, is_shown) = match shown {
            Ok(Ok(reply)) => (Reply { outcome: Outcome::Pending, ..reply }, true),
            _ => (self.undecided_reply(waits.number), false),
        };
        let told_later = told.take_if(|_| waits.is_new && !is_shown);
        let Some((key, watch)) = &waits.keyed else {
            self.undecided.add(waits.number, told_later);
            return Ok(reply);
        };
        match watch.give_up(&reply) {
            Verdict::Undecided(reply) => {
                self.undecided.add(waits.number, told_later);
                Ok(reply)
            }
            Verdict::GivenUp(reply) => {
                let (fingerprint, stream) = (key.fingerprint, self.stream(waits.number));
                let keeping = Keeping { fingerprint, stream, is_first: false };
                let kept = self.shared.keep_answer(key.key, keeping, Ok(reply), waits.patience);
                let kept = kept.await;
                match &kept {
                    Err(trouble) if !is_unknown(trouble) => watch.take_back(),
                    Err(_) => {}
                    Ok(_) => watch.land(),
                }
                kept
            }
            // The aggregate has submitted the answer, which is on its way to the disk.
            Verdict::Open | Verdict::Pending | Verdict::Answered => {
                let answered = async { homing(told.or(told_later)?).await.ok() };
                let answered = timeout(waits.patience, answered).await.ok().flatten();
                let unknown = "the answer is not durable yet; the same key tells".to_owned();
                answered.unwrap_or(Err(Trouble::Failed(unknown)))
            }
        }
    }

    /// What is shown of an aggregate that has not decided yet.
    fn undecided_reply(&self, number: u64) -> Reply {
        Reply {
            outcome: Outcome::Pending,
            number,
            version: 0,
            position: self.shared.journal.durable(),
            body: b"{}".to_vec(),
            possible: [].as_slice().into(),
        }
    }
}

const fn is_unknown(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Failed(_))
}

/// What came of it; `None` when the question that it waits for was put off first.
async fn unless_put_off<T>(
    passage: Option<Arc<Passage>>,
    number: u64,
    told: impl Future<Output = T>,
) -> Option<T> {
    let Some(passage) = passage.filter(|passage| passage.may_put_off()) else {
        return Some(told.await);
    };
    tokio::select! {
        biased;
        reached = told => Some(reached),
        () = passage.is_put_off(number) => None,
    }
}

/// The numbers of new aggregates that a client was answered 202 for before they were decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Undecided {
    numbers: Arc<Mutex<HashSet<u64>>>,
    count: Arc<AtomicUsize>,
}

impl Undecided {
    /// One more, until this is answered.
    fn add(&self, number: u64, told: Option<Told>) {
        let Some(told) = told else { return };
        let undecided = self.clone();
        undecided.change(|numbers| numbers.insert(number));
        tokio::spawn(async move {
            // Dropped or answered, it is decided.
            let _ = told.await;
            undecided.change(|numbers| numbers.remove(&number));
        });
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.lock().contains(&number)
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<u64>) -> bool) {
        let mut numbers = self.lock();
        change(&mut numbers);
        self.count.store(numbers.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
