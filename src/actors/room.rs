//! A kind of aggregate with everything its instances share; seen from outside through one small trait.

use super::{
    crash::{Quarantine, caught},
    flight::{Flight, Flights},
    facade::{
        Collection, IdempotencyKey, Outcome, Page, Reply, Request, ResourceInfo, SayingInfo, Trouble,
    },
    keeper::Keeper,
    letter::{ClientCall, Content, InsideCall, Letter, ReplyTo, Teller, Undelivered},
    settings::ActorSettings,
};
use crate::{
    domain::kernel::{
        Aggregate, Dispatch, Malformed, Place, Rejection, Saying, SettingsOf, Speaker, Standing,
        Target, Timestamp,
    },
    store::{
        KindId, Payload, Record, StoredAnswer, StoredOutcome, Stream, codec,
        journal::{History, Journal, StoreError},
    },
};
use actix::{Addr, dev::SendError};
use std::{
    any::Any,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock, atomic::AtomicU64, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, SystemTime},
};
use tokio::sync::oneshot;

/// What all kinds share.
pub struct Shared {
    /// The one journal.
    pub journal: Arc<Journal>,
    /// How actors behave.
    pub settings: ActorSettings,
    /// Aggregates alive in the whole process.
    pub living: AtomicUsize,
    /// Instances that crashed too often.
    pub quarantine: Quarantine,
    /// Requests with an idempotency key that are under way.
    pub flights: Flights,
}

/// One kind of aggregate.
pub struct Room<A: Aggregate> {
    pub(super) kind: KindId,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: SettingsOf<A>,
    pub(super) info: ResourceInfo,
    sayings: Vec<Saying<A>>,
    next_number: AtomicU64,
    keepers: OnceLock<Vec<Addr<Keeper<A>>>>,
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
    /// Reads a rejection back.
    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String>;
    /// Rebuilds one from its events, and its snapshot from those it stands for; says what is wrong.
    fn audit(&self, stream: Stream, history: &History) -> Result<(), String>;
}

/// An aggregate rebuilt from the journal.
pub struct Rebuilt<A> {
    pub state: A,
    pub version: u32,
    pub position: u64,
}

impl<A: Aggregate> Room<A> {
    /// A room whose keepers are still to come.
    pub fn new(kind: KindId, shared: Arc<Shared>, settings: SettingsOf<A>) -> Self {
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
        let next_number = AtomicU64::new(shared.journal.last_number(kind) + 1);
        Self { kind, shared, settings, info, sayings, next_number, keepers: OnceLock::new() }
    }

    /// Hands over the keepers, one per shard.
    pub fn open(&self, keepers: Vec<Addr<Keeper<A>>>) {
        assert!(self.keepers.set(keepers).is_ok(), "a room is opened once");
    }

    pub(super) const fn stream(&self, number: u64) -> Stream {
        Stream { kind: self.kind, number }
    }

    pub(super) fn not_found(number: u64) -> Trouble {
        Trouble::NotFound { resource: A::NAME, number }
    }

    /// Puts a letter into the mailbox of the keeper it belongs to.
    fn post(&self, number: u64, content: Content<A>) {
        let Some(keepers) = self.keepers.get() else {
            return content.refuse(busy("the server"));
        };
        let shard = usize::try_from(number).unwrap_or(usize::MAX) % keepers.len();
        match keepers[shard].try_send(Letter { number, content }) {
            Ok(()) => {}
            Err(SendError::Full(letter) | SendError::Closed(letter)) => {
                letter.content.refuse(busy(A::NAME));
            }
        }
    }

    /// Whether a number was ever given out, as far as the journal's head knows.
    fn may_exist(&self, number: u64) -> bool {
        number > 0 && number <= self.shared.journal.last_number(self.kind)
    }

    async fn ask(&self, number: u64, content: impl FnOnce(ReplyTo) -> Content<A>) -> Reached {
        let (reply, answer) = oneshot::channel();
        self.post(number, content(reply));
        // Dropped unanswered: the journal did not take it, or the instance crashed meanwhile.
        answer.await.unwrap_or_else(|_| Err(busy(A::NAME)))
    }

    async fn say_new(&self, command: A::Command, call: Call) -> Reached {
        // A command that nobody could accept needs neither a number nor an actor.
        self.judge_blank(command.clone())?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        self.tell(number, command, call).await
    }

    async fn say_existing(&self, number: u64, command: A::Command, call: Call) -> Reached {
        if !self.may_exist(number) {
            self.judge_blank(command.clone())?;
        }
        self.tell(number, command, call).await
    }

    fn judge_blank(&self, command: A::Command) -> Result<(), Trouble> {
        let decision = caught(|| A::default().decide(command, now(), &self.settings));
        match decision.map_err(Trouble::Failed)? {
            Ok(_) => Ok(()),
            Err(rejection) => Err(rejected(&rejection)),
        }
    }

    async fn tell(&self, number: u64, command: A::Command, call: Call) -> Reached {
        let Call { key, flight, if_match, outcome, patience } = call;
        let told = self.ask(number, |reply| {
            let call = ClientCall { reply, key, if_match, outcome, flight };
            Content::Tell(command, Teller::Client(call))
        });
        self.within(patience, number, told).await
    }

    /// When patience is over first, shows how far things have come.
    async fn within(
        &self,
        patience: Duration,
        number: u64,
        told: impl Future<Output = Reached>,
    ) -> Reached {
        match tokio::time::timeout(patience, told).await {
            Ok(reached) => reached,
            Err(_) => match tokio::time::timeout(patience, self.ask(number, Content::Show)).await {
                Ok(shown) => shown.map(|reply| Reply { outcome: Outcome::Pending, ..reply }),
                Err(_) => Err(busy(A::NAME)),
            },
        }
    }

    /// Answers a request again that was answered before.
    async fn recall(&self, stored: StoredAnswer, call: Call) -> Reached {
        if Some(stored.fingerprint) != call.key.map(|key| key.fingerprint) {
            return Err(Trouble::KeyReused);
        }
        let version = match stored.outcome {
            StoredOutcome::Rejected { kind, because } => {
                return Err(Trouble::Rejected { kind, because });
            }
            StoredOutcome::Accepted { version } => version,
        };
        let number = stored.stream.number;
        if let Some(reply) = self.first_settled(number, version, call.outcome).await? {
            return reply;
        }
        let settled = self.ask(number, |reply| Content::Await(call.outcome, reply));
        self.within(call.patience, number, settled).await
    }

    /// How things stood as soon as nothing was pending, at this version or after it.
    async fn first_settled(
        &self,
        number: u64,
        version: u32,
        outcome: Outcome,
    ) -> Result<Option<Reached>, Trouble> {
        let journal = Arc::clone(&self.shared.journal);
        let stream = self.stream(number);
        let records = blocking(move || journal.records(stream)).await?;
        let mut state = A::default();
        for record in &records {
            state = apply::<A>(state, record).map_err(Trouble::Failed)?;
            if record.version >= version && state.standing() != Standing::Pending {
                return Ok(Some(reply::<A>(&state, number, record.version, record.position, outcome)));
            }
        }
        Ok(None)
    }

    async fn say_once(self: Arc<Self>, request: Request) -> Reached {
        let saying = &self.sayings[request.saying];
        let said = saying.parse(request.number, &request.body).map_err(|error| match error {
            Malformed::Syntax(because) => Trouble::Syntax(because),
            Malformed::Content(because) => Trouble::Malformed(because),
        })?;
        if A::speaker(&said.command) == Speaker::Inside {
            return Err(Trouble::Inside(saying.name));
        }
        let outcome = match saying.place {
            Place::Collection => Outcome::Created,
            Place::Item | Place::Named => Outcome::Done,
        };
        let Request { key, if_match, patience, .. } = request;
        let mut call = Call { key, flight: None, if_match, outcome, patience };
        if let Some(key) = key {
            call.flight = Some(self.shared.flights.board(key.key).await);
            let journal = Arc::clone(&self.shared.journal);
            if let Some(stored) = blocking(move || journal.answer(key.key)).await? {
                return self.recall(stored, call).await;
            }
        }
        match said.target {
            Target::New => self.say_new(said.command, call).await,
            Target::Existing(number) => self.say_existing(number, said.command, call).await,
        }
    }

    async fn show_all(self: Arc<Self>, page: Page) -> Result<Collection<Reply>, Trouble> {
        let descending = match &page.sort {
            None => false,
            Some(sort) if sort.field == "id" => sort.descending,
            Some(sort) => {
                let because = format!("{} cannot be sorted by `{}`, only by `id`", A::NAME, sort.field);
                return Err(Trouble::BadQuery(because));
            }
        };
        let (journal, kind) = (Arc::clone(&self.shared.journal), self.kind);
        let total = journal.count(kind);
        let skip = page.number.saturating_mul(page.size as u64);
        let numbers =
            blocking(move || journal.numbers(kind, skip, page.size, descending)).await?;
        let mut items = Vec::with_capacity(numbers.len());
        for number in numbers {
            items.push(self.ask(number, Content::Show).await?);
        }
        Ok(Collection { items, total })
    }
}

type Reached = Result<Reply, Trouble>;

/// What a client said beside the command.
struct Call {
    key: Option<IdempotencyKey>,
    flight: Option<Flight>,
    if_match: Option<u32>,
    outcome: Outcome,
    patience: Duration,
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

    fn show(self: Arc<Self>, number: u64) -> Answer<Reply> {
        Box::pin(async move {
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
            self.post(number, Content::Release);
        }
        was_in
    }

    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String> {
        let event: A::Event = codec::decode(bytes).map_err(|error| error.to_string())?;
        Ok(Arc::new(event))
    }

    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String> {
        let rejection: A::Rejection = codec::decode(bytes).map_err(|error| error.to_string())?;
        Ok(Box::new(rejection))
    }

    fn audit(&self, _stream: Stream, history: &History) -> Result<(), String> {
        let mut state = A::default();
        for record in &history.records {
            state = apply(state, record)?;
            let Some(snapshot) = &history.snapshot else { continue };
            let is_comparable = snapshot.version == record.version && snapshot.shape == A::SHAPE;
            if is_comparable && codec::encode(&state) != snapshot.state {
                return Err(format!("the snapshot at version {} differs", record.version));
            }
        }
        Ok(())
    }
}

/// Rebuilds an aggregate from its snapshot and the records after it. Blocking.
pub fn rebuild<A: Aggregate>(journal: &Journal, stream: Stream) -> Result<Rebuilt<A>, StoreError> {
    let unreadable = |because| StoreError::Unreadable { stream, because };
    let history = journal.history(stream)?;
    let snapshot = history.snapshot.filter(|snapshot| snapshot.shape == A::SHAPE);
    let (mut state, mut version, records) = match snapshot {
        Some(snapshot) => {
            let state = codec::decode(&snapshot.state);
            let state = state.map_err(|error| unreadable(error.to_string()))?;
            (state, snapshot.version, history.records)
        }
        None if history.records.first().is_some_and(|record| record.version > 1) => {
            (A::default(), 0, journal.records(stream)?)
        }
        None => (A::default(), 0, history.records),
    };
    let mut position = 0;
    for record in &records {
        state = apply::<A>(state, record).map_err(unreadable)?;
        (version, position) = (record.version, record.position);
    }
    Ok(Rebuilt { state, version, position })
}

/// Takes one record into account; a panic in the domain is an error here.
fn apply<A: Aggregate>(state: A, record: &Record) -> Result<A, String> {
    let Payload::Event(bytes) = &record.payload else { return Ok(state) };
    let event = codec::decode(bytes).map_err(|error| error.to_string())?;
    caught(|| state.evolve(event))
}

/// How an aggregate is shown, or why it did not come about.
pub fn reply<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Reached {
    if let Standing::Fell { how, because } = state.standing() {
        return Err(Trouble::Fell { how, because, number });
    }
    shown(state, number, version, position, outcome)
}

/// How an aggregate is shown.
pub fn shown<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Reached {
    let body = serde_json::to_vec(&state.show(number))
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    Ok(Reply { outcome, number, version, position, body, possible: state.possible() })
}

/// A rejection as a client is told it.
pub fn rejected(rejection: &impl Rejection) -> Trouble {
    Trouble::Rejected { kind: rejection.kind(), because: rejection.to_string() }
}

/// A queue is full.
pub const fn busy(what: &'static str) -> Trouble {
    Trouble::Busy { what, retry_after_s: 1 }
}

/// The present moment.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
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
