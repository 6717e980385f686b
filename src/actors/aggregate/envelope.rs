//! Messages to an aggregate instance: commands, queries, and clients that wait for an outcome.

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

/// The channel on which a client receives its reply.
pub type ReplyTo = oneshot::Sender<Result<Reply, RequestError>>;

/// A message to the instance of this number.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Envelope<A: Aggregate> {
    /// The number of the receiving instance.
    pub number: u64,
    /// The content of the message.
    pub content: Content<A>,
}

/// The content of a message.
pub enum Content<A: Aggregate> {
    /// A command.
    Tell(A::Command, Sender),
    /// Reply with the state, as of the last durable record.
    Show(ReplyTo),
    /// Reply with the state, because a client's patience is over.
    GiveUp(ReplyTo),
    /// Reply with the state as soon as nothing is pending any more, and store the reply under the
    /// key.
    Await(Outcome, ReplyTo, Option<Box<Keyed>>),
    /// Leave the quarantine.
    Release,
    /// The journal failed and is open again: check whether waiting clients can be answered.
    LookAgain,
}

/// The sender of a command, and the way back for the answer.
pub enum Sender {
    /// A client.
    Client(ClientCommand),
    /// A saga, a port or a lookup.
    Inside(InternalCommand),
}

/// A client's side of a command.
pub struct ClientCommand {
    /// The channel for its reply.
    pub reply: ReplyTo,
    /// Its idempotency key, if it has one.
    pub keyed: Option<Box<Keyed>>,
    /// The version it expects (`If-Match`), if it names one.
    pub if_match: Option<u32>,
    /// The kind of success to reply with.
    pub outcome: Outcome,
    /// Held until the answer is durable.
    pub permit: Permit,
    /// The answer of the gate of the step that the command may lead to, if it may.
    pub step: Option<Result<Permit, Away>>,
}

/// What a request with an idempotency key carries along.
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// Frees the key when the answer is durable.
    pub flight: KeyGuard,
    /// The admission to the outside service that the command leads to.
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
