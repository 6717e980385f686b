//! Messages to an aggregate instance: commands, queries, and clients that wait for an outcome.

use super::{idempotency::KeyGuard, representations::Stamp};
use crate::{
    actors::{
        api::{IdempotencyKey, Outcome, Permission, Reply, RequestError, Sight},
        dispatch::{DeliveryError, InternalCommand},
        gate::{CallOutcome, GateRejection, Permit},
        port::PortAdmission,
    },
    domain::kernel::{Aggregate, Timestamp},
    store::Principals,
    traces::{Correlation, TraceContext},
};
use actix::Message;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The channel on which a client receives its reply.
pub struct ReplyTo(oneshot::Sender<Told>);

/// The receiver of an aggregate's reply.
pub type ReplyReceiver = oneshot::Receiver<Told>;

/// What a client is told about its command.
pub enum Told {
    /// The reply.
    Reply(Result<Reply, RequestError>),
    /// The number of a new aggregate is in use; the command went on to this number, and the reply
    /// comes from there.
    Moved(u64, ReplyReceiver),
}

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
    /// The first command of a new aggregate, and its decision on the blank state.
    Create(A::Command, Decision<A>, ClientCommand),
    /// Reply with the state, as of the last durable record, to a client with this sight. With a
    /// stamp, put it into the cache of representations.
    Show(Sight, ReplyTo, Option<Stamp>),
    /// Reply with the state, because the longest wait of a client is over.
    GiveUp(ReplyTo),
    /// Reply with the state as soon as nothing is pending any more. Store the reply under the key.
    Await(Outcome, ReplyTo, Option<Box<Keyed>>),
    /// Leave the quarantine.
    Release,
    /// The journal failed and is open again: check whether waiting clients can be answered.
    LookAgain,
}

/// The decision of a command.
pub struct Decision<A: Aggregate> {
    /// The time it was made at.
    pub at: Timestamp,
    /// The events that follow from the command.
    pub events: Vec<A::Event>,
}

/// The sender of a command, with the channel for the answer.
pub enum Sender {
    /// A client.
    Client(ClientCommand),
    /// A saga, a port or a lookup.
    Inside(InternalCommand),
}

/// The data that is needed to answer a client's command.
pub struct ClientCommand {
    /// The channel for its reply.
    pub reply: ReplyTo,
    /// Its idempotency key, if it has one.
    pub keyed: Option<Box<Keyed>>,
    /// The version it expects (`If-Match`), if it names one.
    pub if_match: Option<u32>,
    /// The permission to submit it; `None` while no identity is configured.
    pub permission: Option<Permission>,
    /// The kind of success to reply with.
    pub outcome: Outcome,
    /// The trace of its request, if there is one.
    pub trace: Option<Arc<TraceContext>>,
    /// Whether the client does not wait for a pending outcome.
    pub is_async: bool,
    /// The permit of the kind's gate, held until the answer is durable.
    pub permit: Permit,
    /// The answer of the step's gate, if the command may lead to the step of another aggregate.
    pub step: Option<Result<Permit, GateRejection>>,
}

/// The data of a request with an idempotency key.
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// The key guard, which frees the key when the answer is durable.
    pub flight: KeyGuard,
    /// The admission to the outside service that the command leads to.
    pub admission: Option<Arc<PortAdmission>>,
    /// Whether the command may lead to the step of another aggregate.
    pub may_start_step: bool,
}

impl<A: Aggregate> Content<A> {
    /// The conversation of the message at the instance of this number, and its trace.
    pub fn correlation(&self, number: u64) -> Correlation {
        match self {
            Self::Tell(_, Sender::Inside(call)) => {
                Correlation::of(call.origin.conversation, call.inherited.trace.as_deref())
            }
            Self::Tell(_, Sender::Client(call)) | Self::Create(_, _, call) => {
                Correlation::of(number, call.trace.as_deref())
            }
            _ => Correlation::of(number, None),
        }
    }

    /// Answers with this error; nothing is changed.
    pub fn refuse(self, request_error: RequestError) {
        match self {
            Self::Tell(_, sender) => sender.refuse(request_error),
            Self::Create(_, _, call) => Sender::Client(call).refuse(request_error),
            Self::Show(_, reply, _) | Self::GiveUp(reply) | Self::Await(_, reply, _) => {
                reply.send(Err(request_error));
            }
            Self::Release | Self::LookAgain => {}
        }
    }
}

impl ReplyTo {
    /// A channel for one reply.
    pub fn channel() -> (Self, ReplyReceiver) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Whether the client is gone.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Replies, unless the client is gone.
    pub fn send(self, reply: Result<Reply, RequestError>) {
        drop(self.0.send(Told::Reply(reply)));
    }

    /// Says that the reply comes from another number.
    pub fn moves_to(self, number: u64, receiver: ReplyReceiver) {
        drop(self.0.send(Told::Moved(number, receiver)));
    }
}

impl Told {
    /// The reply.
    pub fn reply(self) -> Option<Result<Reply, RequestError>> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::Moved(..) => None,
        }
    }
}

impl Sender {
    /// The principals of records that no client submits to the aggregate that this sender creates.
    /// It belongs to the customer who creates it, or to the owner of what led to its creation.
    pub fn owner_of_new(&self) -> Option<Arc<Principals>> {
        let owner = match self {
            Self::Client(call) => call.permission.as_ref()?.owner_of_new()?,
            Self::Inside(call) => match call.inherited.on_behalf_of.as_ref()? {
                principals if principals.issuer.is_none() && principals.owner.is_some() => {
                    return Some(Arc::clone(principals));
                }
                principals => principals.owner.clone()?,
            },
        };
        Some(Arc::new(Principals { issuer: None, owner: Some(owner) }))
    }

    /// The command creates the aggregate.
    pub const fn creates(&mut self) {
        if let Self::Client(call) = self {
            call.outcome = Outcome::Created;
        }
    }

    /// Answers with this error; nothing is changed.
    pub fn refuse(self, request_error: RequestError) {
        match self {
            Self::Client(call) => {
                if request_error.is_failure() {
                    call.permit.report(CallOutcome::Failed);
                }
                call.reply.send(Err(request_error));
            }
            Self::Inside(call) => call.ack.report(Err(DeliveryError::Later)),
        }
    }
}
