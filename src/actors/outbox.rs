//! Letters leave a thread in bundles: being woken for every single one would cost more than the
//! work they ask for.
//!
//! The first letter of a turn of the loop schedules the sending behind everything that is ready
//! to run now; what that writes goes along. A thread without a loop sends at once.

use super::{
    facade::Trouble,
    keeper::Keeper,
    later::{Drain, whole_seconds_spread},
    letter::Letter,
    room::busy,
    supervision::Seat,
};
use crate::domain::kernel::Aggregate;
use actix::{Actor, Arbiter, Context, Handler, Message, dev::SendError};
use std::{
    any::Any,
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

/// Letters for instances of one kind in one shard.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Bundle<A: Aggregate> {
    /// In the order in which they were sent.
    pub letters: Vec<Letter<A>>,
    /// They count as queued for as long as this lives, whatever becomes of the keeper.
    pub on_the_way: OnTheWay,
}

/// So many letters are on their way.
pub struct OnTheWay {
    traffic: Arc<Traffic>,
    letters: usize,
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        self.traffic.queued.fetch_sub(self.letters, Ordering::Relaxed);
        self.traffic.arrived.fetch_add(self.letters as u64, Ordering::Relaxed);
    }
}

/// The way to the keepers of one kind of aggregate.
pub struct Post<A: Aggregate> {
    /// No other post has it.
    id: usize,
    /// One for each shard.
    keepers: Arc<[Seat<Keeper<A>>]>,
    traffic: Arc<Traffic>,
    letters_max: usize,
}

/// Letters of one kind. Counted here and not by mailboxes, which hold bundles.
#[derive(Default)]
struct Traffic {
    /// On their way.
    queued: AtomicUsize,
    /// Arrived so far, or come back.
    arrived: AtomicU64,
    drain: Drain,
}

impl<A: Aggregate> Clone for Post<A> {
    fn clone(&self) -> Self {
        let (keepers, traffic) = (Arc::clone(&self.keepers), Arc::clone(&self.traffic));
        Self { id: self.id, keepers, traffic, letters_max: self.letters_max }
    }
}

/// What waits on this thread, for one kind.
struct Outbox<A: Aggregate> {
    post: Post<A>,
    letters: Vec<Letter<A>>,
}

thread_local! {
    /// The outboxes of this thread, by post.
    static OUTBOXES: RefCell<HashMap<usize, Box<dyn Any>>> = RefCell::default();
}

static POSTS: AtomicUsize = AtomicUsize::new(0);

impl<A: Aggregate> Post<A> {
    /// To so many keepers, one per shard, with at most so many letters on their way.
    pub fn new(shards: usize, letters_max: usize) -> Self {
        let id = POSTS.fetch_add(1, Ordering::Relaxed);
        let keepers = (0..shards).map(|_| Seat::default()).collect();
        Self { id, keepers, traffic: Arc::default(), letters_max }
    }

    /// Sends a letter to the keeper it belongs to, with the others of this turn of the loop.
    pub fn send(&self, letter: Letter<A>) {
        if self.traffic.queued.fetch_add(1, Ordering::Relaxed) >= self.letters_max {
            self.traffic.queued.fetch_sub(1, Ordering::Relaxed);
            return letter.content.refuse(self.full());
        }
        if Arbiter::try_current().is_none() {
            return self.send_all(vec![letter]);
        }
        let is_first = OUTBOXES.with_borrow_mut(|outboxes| {
            let outbox = outboxes
                .entry(self.id)
                .or_insert_with(|| Box::new(Outbox { post: self.clone(), letters: Vec::new() }));
            let outbox = outbox.downcast_mut::<Outbox<A>>().expect("a post has one kind");
            outbox.letters.push(letter);
            outbox.letters.len() == 1
        });
        if is_first {
            let id = self.id;
            actix::spawn(async move { flush::<A>(id) });
        }
    }

    /// As many letters are on their way as may be.
    fn full(&self) -> Trouble {
        let Traffic { queued, arrived, drain } = &*self.traffic;
        let (queued, arrived) = (queued.load(Ordering::Relaxed), arrived.load(Ordering::Relaxed));
        let drained = drain.time_of(queued as u64, arrived, Instant::now());
        Trouble::Busy { what: A::NAME, retry_after_s: whole_seconds_spread(drained) }
    }

    /// Where the keeper of this shard lives.
    pub fn seat(&self, shard: usize) -> &Seat<Keeper<A>> {
        &self.keepers[shard]
    }

    /// Says something to every keeper.
    pub fn tell_all<M>(&self, message: &M)
    where
        M: Message<Result = ()> + Clone + Send + 'static,
        Keeper<A>: Handler<M> + Actor<Context = Context<Keeper<A>>>,
    {
        for keeper in self.keepers.iter().filter_map(Seat::addr) {
            keeper.do_send(message.clone());
        }
    }

    fn send_all(&self, letters: Vec<Letter<A>>) {
        let mut bundles: Vec<Vec<Letter<A>>> = self.keepers.iter().map(|_| Vec::new()).collect();
        for letter in letters {
            let shard = letter.number % self.keepers.len() as u64;
            bundles[usize::try_from(shard).unwrap_or_default()].push(letter);
        }
        for (seat, letters) in self.keepers.iter().zip(bundles) {
            if letters.is_empty() {
                continue;
            }
            let traffic = Arc::clone(&self.traffic);
            let on_the_way = OnTheWay { traffic, letters: letters.len() };
            let bundle = Bundle { letters, on_the_way };
            // Whoever is replaced gets nothing more once his successor has taken the seat.
            let refused = seat.with(|keeper| match keeper.map(|keeper| keeper.try_send(bundle)) {
                None | Some(Ok(())) => None,
                Some(Err(SendError::Full(bundle) | SendError::Closed(bundle))) => Some(bundle),
            });
            for letter in refused.into_iter().flat_map(|bundle| bundle.letters) {
                letter.content.refuse(busy(A::NAME));
            }
        }
    }
}

fn flush<A: Aggregate>(id: usize) {
    let taken = OUTBOXES.with_borrow_mut(|outboxes| {
        let outbox = outboxes.get_mut(&id)?.downcast_mut::<Outbox<A>>()?;
        Some((outbox.post.clone(), std::mem::take(&mut outbox.letters)))
    });
    if let Some((post, letters)) = taken {
        post.send_all(letters);
    }
}
