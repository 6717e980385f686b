//! Forwarding of commands: a command is addressed to one aggregate kind and handled by another. The
//! reply combines the outcome there with the addressed aggregate of the same number.

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

/// The exclusive or of this and a client's idempotency key is the key under which the other kind
/// stores its part.
const OF_THE_OTHER: u128 = 0x6f66_2074_6865_206f_7468_6572_206b_696e;

/// The stored answer of an idempotency key.
enum Found {
    /// No answer is stored; the guard makes this the only request under way with its key.
    Nothing(KeyGuard),
    /// Only the other kind's part is stored under the same key, as older binaries do.
    OfTheOther,
    /// The complete answer is stored.
    Answer(Result<Reply, RequestError>),
}

impl Runtime {
    /// Submits a command to the kind it is for, waits for its outcome there, and returns the
    /// addressed aggregate of the same number. Under an idempotency key, the other kind stores its
    /// part under a derived key. The combined answer is stored before it is returned.
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
        // An error is stored by the other kind, or is one that is not stored.
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
            return Err(RequestError::Failed(format!(
                "no aggregate kind is installed for {dispatch:?}"
            )));
        };
        let name = self.parts.resources[resource].sayings[request.saying].name;
        // `If-Match` is checked only when no answer is stored: the first attempt may have changed
        // the version.
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
