//! A kind of aggregate with everything its instances share; seen from outside through one small trait.

mod admission;
mod client;
mod looking_ahead;
mod patience;
mod rebuilding;
mod recalling;

use super::{
    contexts::Context,
    crash::Quarantine,
    diary::Diary,
    facade::{Collection, Page, Reply, Request, ResourceInfo, SayingInfo, Trouble},
    faults::Strikes,
    flight::Flights,
    gate::{Gate, Gates, Guards},
    keeper::{Healed, Keeper},
    later::{Drain, soon, whole_seconds_spread},
    letter::{Content, InsideCall, Letter, Teller, Undelivered},
    outbox::Post,
    passage::Passages,
    settings::ActorSettings,
    supervision::{Begin, start_in},
};
use crate::{
    domain::kernel::{Aggregate, Dispatch, Rejection, Saying, SettingsOf},
    store::{
        KindId, KindSet, Stream, codec,
        journal::{Journal, Level, Listener, StoreError},
    },
};
use std::{
    any::Any,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

pub use super::clock::now;
pub use rebuilding::{Rebuilt, rebuild, reply, shown};

/// What all kinds share.
pub struct Shared {
    /// The one journal.
    pub journal: Arc<Journal>,
    /// How actors behave.
    pub settings: ActorSettings,
    /// Aggregates alive in the whole process.
    pub living: AtomicUsize,
    /// What guards whatever can be slow, broken or too busy.
    pub gates: Arc<Gates>,
    /// The ways to the outside services.
    pub passages: Passages,
    /// What happens to the parts of the house.
    pub diary: Arc<Diary>,
    /// Instances that crashed too often.
    pub quarantine: Quarantine,
    /// Instances that are made to panic on purpose.
    pub strikes: Strikes,
    /// Whether anything may be broken on purpose.
    pub allows_faults: bool,
    /// Requests with an idempotency key that are under way.
    pub flights: Flights,
    /// How fast the journal drains.
    pub drain: Drain,
}

impl Shared {
    /// The journal took nothing, because as much waits for the disk as may, or because it heals.
    pub fn journal_is_busy(&self) -> Trouble {
        let (submitted, durable) = (self.journal.submitted(), self.journal.durable());
        let waiting = submitted.saturating_sub(durable);
        let drained = self.drain.time_of(waiting, durable, Instant::now());
        Trouble::Busy { what: "the journal", retry_after_s: whole_seconds_spread(drained) }
    }
}

/// One kind of aggregate.
pub struct Room<A: Aggregate> {
    pub(super) kind: KindId,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: SettingsOf<A>,
    pub(super) info: ResourceInfo,
    context: Arc<Context>,
    /// In front of everything that clients say to it.
    admission: Arc<Gate>,
    /// In front of the step of another aggregate that clients wait for.
    step: Option<Arc<Gate>>,
    sayings: Vec<Saying<A>>,
    next_number: AtomicU64,
    undecided: patience::Undecided,
    post: Post<A>,
}

/// An answer under way.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send>>;

/// A kind of aggregate seen from outside: names and bytes in, bytes out. The only place where
/// the type of an aggregate is erased.
pub trait Door: Send + Sync {
    /// What clients see of it.
    fn info(&self) -> &ResourceInfo;
    /// Its number in the journal.
    fn kind(&self) -> KindId;
    /// Says a command for a client.
    fn say(self: Arc<Self>, request: Request) -> Answer<Reply>;
    /// The command for another kind that a request means, if it does.
    fn passed_on(&self, request: &Request) -> Result<Option<Dispatch>, Trouble>;
    /// Says a command for a client who said it at another kind, under this name; what has to be
    /// so `first` is looked at only if it was not answered before.
    fn say_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Answer<Reply>;
    /// Shows one.
    fn show(self: Arc<Self>, number: u64) -> Answer<Reply>;
    /// Shows a page of them.
    fn list(self: Arc<Self>, page: Page) -> Answer<Collection<Reply>>;
    /// Says a command for a saga, a port or a lookup.
    fn dispatch(&self, dispatch: &Dispatch, call: InsideCall);
    /// Lets one out of quarantine.
    fn release(&self, number: u64) -> bool;
    /// Reads an event back.
    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String>;
    /// Reads an event back as JSON.
    fn describe_event(&self, bytes: &[u8]) -> Result<serde_json::Value, String>;
    /// Reads a rejection back.
    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String>;
    /// Rebuilds one from its events and compares its snapshot; says what is wrong.
    fn audit(&self, number: u64) -> Result<(), String>;
}

impl<A: Aggregate> Room<A> {
    /// A room whose keepers are still to come.
    pub fn new(
        kind: KindId,
        context: Arc<Context>,
        shared: Arc<Shared>,
        settings: SettingsOf<A>,
    ) -> Self {
        let (business, name) = A::NAME.split_once('/').unwrap_or(("", A::NAME));
        let sayings = A::vocabulary().into_sayings();
        let infos = sayings
            .iter()
            .map(|saying| SayingInfo {
                name: saying.name,
                method: saying.method,
                place: saying.place,
            })
            .collect();
        let info = ResourceInfo { business, name, aliases: A::ALIASES, sayings: infos };
        // A saga may have asked, in vain, for any number that a client once wrote.
        let last = shared.journal.last_born(kind).unwrap_or_else(|error| {
            tracing::warn!(resource = A::NAME, %error, "new numbers begin above all that are known");
            shared.journal.last_number(kind)
        });
        let next_number = AtomicU64::new(last + 1);
        let shards = shared.settings.shard_count();
        let post = Post::new(shards, shared.settings.mailbox_messages_max);
        let admission = shared.gates.with(A::NAME, Guards::Admission);
        let step = A::STEP.map(|name| shared.gates.with(name, Guards::Step));
        let undecided = patience::Undecided::default();
        Self {
            kind,
            shared,
            settings,
            info,
            context,
            admission,
            step,
            sayings,
            next_number,
            undecided,
            post,
        }
    }

    /// What begins the keeper of this shard.
    pub fn begins_keeper(self: &Arc<Self>, shard: usize) -> Begin {
        let room = Arc::clone(self);
        Box::new(move |arbiter, lease| {
            let of_keeper = Arc::clone(&room);
            let keeper = start_in(arbiter, move || Keeper::new(of_keeper, lease))?;
            room.post.seat(shard).take(keeper.clone());
            Ok(keeper.recipient())
        })
    }

    /// Lets the keepers hear of failures: the generation rises with each, and the watermark is
    /// spoken of after the healing.
    pub fn hear_of_failures(&self) {
        let journal = &self.shared.journal;
        let (known, weak) = (AtomicU64::new(journal.generation()), Arc::downgrade(journal));
        let post = self.post.clone();
        let wake = move |_| {
            let Some(journal) = weak.upgrade() else { return };
            let generation = journal.generation();
            if known.swap(generation, Ordering::Relaxed) != generation {
                post.tell_all(&Healed);
            }
        };
        // No kind concerns it: it is woken after failures only.
        let (kinds, is_waited_for) = (KindSet::default(), Arc::default());
        let pass = Arc::new(|_| {});
        let listener = Listener { kinds, is_waited_for, wake: Arc::new(wake), pass };
        journal.subscribe(Level::Durable, listener);
    }

    pub(super) const fn stream(&self, number: u64) -> Stream {
        Stream { kind: self.kind, number }
    }

    pub(super) fn not_found(number: u64) -> Trouble {
        Trouble::NotFound { resource: A::NAME, number }
    }

    /// Puts a letter into the mailbox of the keeper it belongs to.
    pub(super) fn post(&self, number: u64, content: Content<A>) {
        self.post.send(Letter { number, content });
    }

    /// Whether a number was ever given out, as far as the journal's head knows.
    fn may_exist(&self, number: u64) -> bool {
        number > 0 && number <= self.shared.journal.last_number(self.kind)
    }

    async fn show_all(self: Arc<Self>, page: Page) -> Result<Collection<Reply>, Trouble> {
        let descending = match page.sort.as_slice() {
            [] => false,
            [sort] if sort.field == "id" => sort.descending,
            [sort, ..] => {
                let because =
                    format!("{} cannot be sorted by `{}`, only by `id`", A::NAME, sort.field);
                return Err(Trouble::BadQuery(because));
            }
        };
        let (journal, kind) = (Arc::clone(&self.shared.journal), self.kind);
        let total = journal.count(kind);
        let skip = page.number.saturating_mul(page.size as u64);
        if skip >= total {
            // Beyond the last page; to find that out by reading takes as long as there are many.
            return Ok(Collection { items: Vec::new(), total });
        }
        let numbers = blocking(move || journal.numbers(kind, skip, page.size, descending)).await?;
        let mut items = Vec::with_capacity(numbers.len());
        for number in numbers {
            match self.ask(number, Content::Show).await {
                Err(Trouble::NotFound { .. }) => {}
                shown => items.push(shown?),
            }
        }
        Ok(Collection { items, total })
    }
}

impl<A: Aggregate> Door for Room<A> {
    fn info(&self) -> &ResourceInfo {
        &self.info
    }

    fn kind(&self) -> KindId {
        self.kind
    }

    fn say(self: Arc<Self>, request: Request) -> Answer<Reply> {
        Box::pin(self.say_once(request))
    }

    fn passed_on(&self, request: &Request) -> Result<Option<Dispatch>, Trouble> {
        let saying = &self.sayings[request.saying];
        saying.passed_on(request.number, &request.body).map_err(client::misunderstood)
    }

    fn say_for(
        self: Arc<Self>,
        dispatch: Dispatch,
        name: &'static str,
        request: Request,
        first: Answer<()>,
    ) -> Answer<Reply> {
        Box::pin(Self::say_for(self, dispatch, name, request, first))
    }

    fn show(self: Arc<Self>, number: u64) -> Answer<Reply> {
        Box::pin(async move {
            if self.undecided.contains(number) {
                let because = format!("{} {number} is accepted and not decided yet", A::NAME);
                return Err(Trouble::NotYet(because));
            }
            if !self.may_exist(number) {
                return Err(Self::not_found(number));
            }
            self.ask(number, Content::Show).await
        })
    }

    fn list(self: Arc<Self>, page: Page) -> Answer<Collection<Reply>> {
        Box::pin(self.show_all(page))
    }

    fn dispatch(&self, dispatch: &Dispatch, call: InsideCall) {
        if self.context.is_suspended() {
            return call.ack.say(Err(Undelivered::Suspended(Arc::clone(&self.context))));
        }
        match dispatch.command::<A>() {
            Some(command) => {
                self.post(dispatch.number(), Content::Tell(command.clone(), Teller::Inside(call)));
            }
            None => call.ack.say(Err(Undelivered::Later)),
        }
    }

    fn release(&self, number: u64) -> bool {
        let was_in = self.shared.quarantine.release(A::NAME, number);
        if was_in {
            self.shared.strikes.forgive(A::NAME, number);
            self.post(number, Content::Release);
        }
        was_in
    }

    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String> {
        let event: A::Event = codec::decode(bytes).map_err(|error| error.to_string())?;
        Ok(Arc::new(event))
    }

    fn describe_event(&self, bytes: &[u8]) -> Result<serde_json::Value, String> {
        let event: A::Event = codec::decode(bytes).map_err(|error| error.to_string())?;
        serde_json::to_value(event).map_err(|error| error.to_string())
    }

    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String> {
        let rejection: A::Rejection = codec::decode(bytes).map_err(|error| error.to_string())?;
        Ok(Box::new(rejection))
    }

    fn audit(&self, number: u64) -> Result<(), String> {
        let (journal, stream) = (&self.shared.journal, self.stream(number));
        let snapshot = journal.snapshot(stream).map_err(|error| error.to_string())?;
        let snapshot = snapshot.filter(|snapshot| snapshot.shape == A::SHAPE);
        let (mut state, mut flaw) = (A::default(), None);
        let folded = journal.each_record(stream, 0, |record| {
            let mut is_wrong = |because: String| {
                flaw = Some(format!("version {}: {because}", record.version));
                StoreError::Failed(String::new())
            };
            let before = std::mem::take(&mut state);
            state = rebuilding::apply(before, &record).map_err(&mut is_wrong)?;
            let here = snapshot.as_ref().filter(|snapshot| snapshot.version == record.version);
            if here.is_some_and(|snapshot| snapshot.state != codec::encode(&state)) {
                return Err(is_wrong("the snapshot is not what the events add up to".into()));
            }
            Ok(())
        });
        match (flaw, folded) {
            (Some(flaw), _) => Err(flaw),
            (None, folded) => folded.map_err(|error| error.to_string()),
        }
    }
}

/// A rejection as a client is told it.
pub fn rejected(rejection: &impl Rejection) -> Trouble {
    Trouble::Rejected { kind: rejection.kind(), because: rejection.to_string() }
}

/// A queue is full, of which nobody knows how fast it drains.
pub fn busy(what: &'static str) -> Trouble {
    Trouble::Busy { what, retry_after_s: soon() }
}

/// Does something that may wait for the disk off the loop.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Trouble::Failed(error.to_string())),
        Err(error) => Err(Trouble::Failed(error.to_string())),
    }
}
