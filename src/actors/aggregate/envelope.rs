//! What an aggregate can be handed: commands, questions, and whoever waits for the answer.

use super::idempotency::KeyGuard;
use crate::{
    actors::{
        api::{IdempotencyKey, Outcome, Reply, RequestError},
        dispatch::{DeliveryError, InternalCommand},
        gate::{Away, Permit, types},
        port::PortAdmission,
    },
    domain::kernel::Aggregate,
};
use actix::Message;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Where a client waits.
pub type ReplyTo = oneshot::Sender<Result<Reply, RequestError>>;

/// Something handed to the one aggregate of this number.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Envelope<A: Aggregate> {
    /// Whom it is for.
    pub number: u64,
    /// What it says.
    pub content: Content<A>,
}

/// What a message says.
pub enum Content<A: Aggregate> {
    /// A command.
    Tell(A::Command, Sender),
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
pub enum Sender {
    /// A client.
    Client(ClientCommand),
    /// A saga, a port or a lookup.
    Inside(InternalCommand),
}

/// A client's side of a command.
pub struct ClientCommand {
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
    pub flight: KeyGuard,
    /// The way to the outside service that the command leads to.
    pub passage: Option<Arc<PortAdmission>>,
    /// Whether the command may lead to the step of another aggregate.
    pub takes_step: bool,
}

impl<A: Aggregate> Content<A> {
    /// Answers without having done anything.
    pub fn refuse(self, trouble: RequestError) {
        match self {
            Self::Tell(_, teller) => teller.refuse(trouble),
            Self::Show(reply) | Self::GiveUp(reply) | Self::Await(_, reply, _) => {
                drop(reply.send(Err(trouble)));
            }
            Self::Release | Self::LookAgain => {}
        }
    }
}

impl Sender {
    /// Answers without having done anything.
    pub fn refuse(self, trouble: RequestError) {
        match self {
            Self::Client(call) => {
                if trouble.is_failure() {
                    call.permit.report(types::Outcome::Failed);
                }
                drop(call.reply.send(Err(trouble)));
            }
            Self::Inside(call) => call.ack.say(Err(DeliveryError::Later)),
        }
    }
}
