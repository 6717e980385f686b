//! What an aggregate can be handed: commands, questions, and whoever waits for the answer.

use super::{
    contexts::Context,
    facade::{IdempotencyKey, Outcome, Reply, Trouble},
    flight::Flight,
    gate::{self, Away, Permit},
    passage::Passage,
};
use crate::{
    domain::kernel::Aggregate,
    store::{Lease, Origin},
};
use actix::Message;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Where a client waits.
pub type ReplyTo = oneshot::Sender<Result<Reply, Trouble>>;

/// Something handed to the one aggregate of this number.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Letter<A: Aggregate> {
    /// Whom it is for.
    pub number: u64,
    /// What it says.
    pub content: Content<A>,
}

/// What a letter says.
pub enum Content<A: Aggregate> {
    /// A command.
    Tell(A::Command, Teller),
    /// Show how it is, as of the last durable record.
    Show(ReplyTo),
    /// Show how it is, because a client who waited for longer than it can wait no more.
    GiveUp(ReplyTo),
    /// Show how it is as soon as nothing is pending any more, and store that under the key.
    Await(Outcome, ReplyTo, Option<Box<Keyed>>),
    /// Leave the quarantine.
    Release,
    /// The journal failed and is open again: look what became of what clients wait for.
    LookAgain,
}

/// Who says a command, and how the answer gets back.
pub enum Teller {
    /// A client.
    Client(ClientCall),
    /// A saga, a port or a lookup.
    Inside(InsideCall),
}

/// A client's side of a command.
pub struct ClientCall {
    /// Where it waits.
    pub reply: ReplyTo,
    /// Its idempotency key, if it has one.
    pub keyed: Option<Box<Keyed>>,
    /// The version it has seen, if it says so.
    pub if_match: Option<u32>,
    /// What success is called.
    pub outcome: Outcome,
    /// Held until the answer is durable.
    pub permit: Permit,
    /// What the gate of the step said that the command may lead to, if it may.
    pub step: Option<Result<Permit, Away>>,
}

/// What a request with an idempotency key carries along.
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// Lands when the answer is durable.
    pub flight: Flight,
    /// The way to the outside service that the command leads to.
    pub passage: Option<Arc<Passage>>,
    /// Whether the command may lead to the step of another aggregate.
    pub takes_step: bool,
}

/// The inner side of a command.
pub struct InsideCall {
    /// Which dispatch this is.
    pub origin: Origin,
    /// Under what it was said.
    pub mandate: Mandate,
    /// When it counts as delivered.
    pub when: Delivery,
    /// Called once: delivered, or why not.
    pub ack: Ack,
}

/// Under what somebody inside speaks: it means nothing any more once the journal has lost what it
/// may rest on, or somebody else has taken the speaker's place.
#[derive(Clone, Debug)]
pub struct Mandate {
    /// The journal's generation it was said in.
    pub generation: u64,
    /// The speaker's.
    pub lease: Lease,
}

impl Mandate {
    /// Whether it still means anything in this generation.
    pub fn holds_in(&self, generation: u64) -> bool {
        self.generation == generation && !self.lease.is_over()
    }
}

/// When a dispatched command counts as delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Its outcome has a position; enough for sagas, which run ahead of the disk.
    Submitted,
    /// Its outcome is durable; for ports, which must not ask twice.
    Durable,
}

/// Told the fate of a dispatched command exactly once: when dropped unsaid, to try again later.
pub struct Ack {
    tell: Option<TellFate>,
}

type TellFate = Box<dyn FnOnce(Result<(), Undelivered>) + Send>;

impl Ack {
    /// Tells this function.
    pub fn new(tell: impl FnOnce(Result<(), Undelivered>) + Send + 'static) -> Self {
        Self { tell: Some(Box::new(tell)) }
    }

    /// Says what became of the command.
    pub fn say(mut self, fate: Result<(), Undelivered>) {
        if let Some(tell) = self.tell.take() {
            tell(fate);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(Err(Undelivered::Later));
        }
    }
}

/// Why a dispatched command was not delivered.
#[derive(Clone, Debug)]
pub enum Undelivered {
    /// Not before this context is resumed.
    Suspended(Arc<Context>),
    /// Try again later: full, crashed, quarantined.
    Later,
    /// The journal lost what it was based on, or somebody else speaks now in place of whoever
    /// said it; who does starts over.
    Stale,
}

impl<A: Aggregate> Content<A> {
    /// Answers without having done anything.
    pub fn refuse(self, trouble: Trouble) {
        match self {
            Self::Tell(_, teller) => teller.refuse(trouble),
            Self::Show(reply) | Self::GiveUp(reply) | Self::Await(_, reply, _) => {
                drop(reply.send(Err(trouble)));
            }
            Self::Release | Self::LookAgain => {}
        }
    }
}

impl Teller {
    /// Answers without having done anything.
    pub fn refuse(self, trouble: Trouble) {
        match self {
            Self::Client(call) => {
                if trouble.is_failure() {
                    call.permit.report(gate::Outcome::Failed);
                }
                drop(call.reply.send(Err(trouble)));
            }
            Self::Inside(call) => call.ack.say(Err(Undelivered::Later)),
        }
    }
}
