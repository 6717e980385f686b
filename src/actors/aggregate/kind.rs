//! An aggregate kind: the data that all its instances share.

use super::{
    envelope::{Content, Envelope},
    figures::Population,
    numbers::NextNumber,
    router::ShardRouter,
    services::Services,
    undecided::Undecided,
};
use crate::{
    actors::{
        api::{RequestError, ResourceInfo},
        gate::Gate,
        operations::Component,
        settings::Live,
    },
    domain::kernel::{Aggregate, CommandRoute, SettingsOf},
    store::{KindId, Stream},
};
use std::sync::Arc;

/// An aggregate kind: the data that all its instances share.
pub struct AggregateKind<A: Aggregate> {
    pub(super) kind: KindId,
    pub(super) shared: Arc<Services>,
    /// The section of its business.
    pub(super) settings: Live<SettingsOf<A>>,
    pub(super) info: ResourceInfo,
    pub(super) component: Arc<Component>,
    /// The gate in front of all commands of clients to this kind.
    pub(super) admission: Arc<Gate>,
    /// The gate in front of the step of another aggregate that clients wait for.
    pub(super) step: Option<Arc<Gate>>,
    pub(super) command_routes: Vec<CommandRoute<A>>,
    pub(super) next_number: NextNumber,
    pub(super) undecided: Undecided,
    pub(super) post: ShardRouter<A>,
    pub(super) population: Population,
}

impl<A: Aggregate> AggregateKind<A> {
    pub(super) const fn stream(&self, number: u64) -> Stream {
        Stream { kind: self.kind, number }
    }

    pub(super) fn not_found(number: u64) -> RequestError {
        RequestError::NotFound { resource: A::NAME, number }
    }

    /// Sends a message to the instance of this number, through its shard.
    pub(super) fn post(&self, number: u64, content: Content<A>) {
        self.post.send(Envelope { number, content });
    }
}
