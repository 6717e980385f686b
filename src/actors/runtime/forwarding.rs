//! A command that is said at one kind of aggregate and is for another: what came of it there, and
//! how the one of the same number stands that it was said at.

use super::Runtime;
use crate::{
    actors::{
        aggregate::{Boarding, Keeping, KeyGuard, recalled},
        api::{IdempotencyKey, Reply, Request, RequestError, ResourceInfo, blocking},
        support::soon,
    },
    domain::kernel::Dispatch,
    store::Stream,
};
use std::sync::Arc;
use tokio::time::timeout;

/// Turns the key of a client into the one under which the other kind stores its part.
const OF_THE_OTHER: u128 = 0x6f66_2074_6865_206f_7468_6572_206b_696e;

/// What is stored under the key of a request.
enum Found {
    /// Nothing; it is the only one under way.
    Nothing(KeyGuard),
    /// Only what the other kind stored under the same key, as older binaries have it.
    OfTheOther,
    /// The whole answer.
    Answer(Result<Reply, RequestError>),
}

impl Runtime {
    /// Says a command to the kind it is for, waits for its outcome there, and shows the one of the
    /// same number that it was said at. Under a key, the other kind stores its part under a key
    /// derived from it, and the answer composed of both is stored before it is given.
    pub(in crate::actors) async fn pass_on(
        &self,
        dispatch: Dispatch,
        request: Request,
    ) -> Result<Reply, RequestError> {
        let Some(key) = request.key else { return self.say_and_show(dispatch, request).await };
        let flight = match self.find(key, &request).await? {
            Found::Nothing(flight) => flight,
            Found::OfTheOther => return self.say_and_show(dispatch, request).await,
            Found::Answer(answer) => return answer,
        };
        let (resource, number) = (request.resource, dispatch.number());
        let patience = request.patience;
        let of_the_other = IdempotencyKey { key: key.key ^ OF_THE_OTHER, ..key };
        let request = Request { key: Some(of_the_other), ..request };
        // A trouble is stored by the other kind, or is none that is stored.
        let reply = self.say_and_show(dispatch, request).await?;
        let stream = Stream { kind: self.parts.doors[resource].kind(), number };
        let keeping = Keeping { fingerprint: key.fingerprint, stream, is_first: true };
        let kept = self.parts.shared.keep_answer(key.key, keeping, Ok(reply), patience).await;
        drop(flight);
        kept
    }

    async fn find(&self, key: IdempotencyKey, request: &Request) -> Result<Found, RequestError> {
        let shared = &self.parts.shared;
        let flight = match timeout(request.patience, shared.flights.board(key)).await {
            Ok(Boarding::Alone(flight)) => flight,
            Ok(Boarding::Undecided(reply)) => return Ok(Found::Answer(Ok(reply))),
            Ok(Boarding::Reused) => return Err(RequestError::KeyReused),
            Err(_) => {
                let what = "a request under the same key";
                return Err(RequestError::Busy { what, retry_after_s: soon() });
            }
        };
        let journal = Arc::clone(&shared.journal);
        let Some(stored) = blocking(move || journal.answer(key.key)).await? else {
            return Ok(Found::Nothing(flight));
        };
        if stored.fingerprint != key.fingerprint {
            return Err(RequestError::KeyReused);
        }
        Ok(recalled(stored.outcome).map_or(Found::OfTheOther, Found::Answer))
    }

    async fn say_and_show(
        &self,
        dispatch: Dispatch,
        request: Request,
    ) -> Result<Reply, RequestError> {
        let (resource, number) = (request.resource, dispatch.number());
        let named = |info: &ResourceInfo| {
            dispatch.aggregate().split_once('/') == Some((info.business, info.name))
        };
        let Some(door) = self.parts.doors.iter().find(|door| named(door.info())) else {
            return Err(RequestError::Failed(format!("nobody is there for {dispatch:?}")));
        };
        let name = self.parts.resources[resource].sayings[request.saying].name;
        // Checked only when it was not answered before: what it did may have changed the version.
        let (said_at, if_match) = (Arc::clone(&self.parts.doors[resource]), request.if_match);
        let first = Box::pin(async move {
            let actual = said_at.show(number).await?.version;
            match if_match.filter(|version| *version != actual) {
                Some(expected) => Err(RequestError::VersionDiffers { expected, actual }),
                None => Ok(()),
            }
        });
        let request = Request { if_match: None, ..request };
        let said = Arc::clone(door).say_for(dispatch, name, request, first).await?;
        let shown = self.show(resource, number).await?;
        Ok(Reply { outcome: said.outcome, position: said.position.max(shown.position), ..shown })
    }
}
