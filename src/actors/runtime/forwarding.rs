//! Forwarding of commands: a command is addressed to one aggregate kind and handled by another. The
//! reply combines the outcome there with the addressed aggregate of the same number.

use super::Runtime;
use crate::{
    actors::{
        aggregate::{Acquired, Keeping, KeyGuard, recalled},
        api::{IdempotencyKey, Outcome, Reply, Request, RequestError, ResourceInfo, begin_read},
        support::soon,
    },
    domain::kernel::Dispatch,
    store::Stream,
};
use std::sync::Arc;
use tokio::time::timeout;

/// The exclusive or of this and a client's idempotency key is the key under which the other kind
/// stores its part.
const DERIVED_KEY_MASK: u128 = 0x6f66_2074_6865_206f_7468_6572_206b_696e;

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
    pub(in crate::actors) async fn forward(
        &self,
        dispatch: Dispatch,
        request: Request,
    ) -> Result<Reply, RequestError> {
        let Some(key) = request.key else {
            return self.submit_and_represent(dispatch, request).await;
        };
        let key_guard = match self.find(key, &request).await? {
            Found::Nothing(key_guard) => key_guard,
            Found::OfTheOther => return self.submit_and_represent(dispatch, request).await,
            Found::Answer(answer) => return answer,
        };
        let (resource, number) = (request.resource, dispatch.number());
        let wait_max = request.wait_max;
        let derived_key = IdempotencyKey { key: key.key ^ DERIVED_KEY_MASK, ..key };
        let request = Request { key: Some(derived_key), ..request };
        // The other kind has stored the error, unless it is one that is never stored.
        let reply = self.submit_and_represent(dispatch, request).await?;
        let stream = Stream { kind: self.parts.endpoints[resource].kind(), number };
        let keeping = Keeping { fingerprint: key.fingerprint, stream, is_first: true };
        let kept = self.parts.shared.keep_answer(key.key, keeping, Ok(reply), wait_max).await;
        drop(key_guard);
        kept
    }

    async fn find(&self, key: IdempotencyKey, request: &Request) -> Result<Found, RequestError> {
        let shared = &self.parts.shared;
        let key_guard = match timeout(request.wait_max, shared.in_flight_keys.acquire(key)).await {
            Ok(Acquired::Alone(key_guard)) => key_guard,
            Ok(Acquired::Undecided(reply)) => return Ok(Found::Answer(Ok(reply))),
            Ok(Acquired::Reused) => return Err(RequestError::KeyReused),
            Err(_) => {
                let what = "a request under the same key";
                return Err(RequestError::Busy { what, retry_after_s: soon() });
            }
        };
        let journal = Arc::clone(&shared.journal);
        let Some(stored) = begin_read(move || journal.answer(key.key)).await? else {
            return Ok(Found::Nothing(key_guard));
        };
        if stored.fingerprint != key.fingerprint {
            return Err(RequestError::KeyReused);
        }
        Ok(recalled(stored.outcome).map_or(Found::OfTheOther, Found::Answer))
    }

    async fn submit_and_represent(
        &self,
        dispatch: Dispatch,
        request: Request,
    ) -> Result<Reply, RequestError> {
        let (resource, number) = (request.resource, dispatch.number());
        let named = |info: &ResourceInfo| {
            dispatch.aggregate().split_once('/') == Some((info.business, info.name))
        };
        let Some(target) = self.parts.endpoints.iter().find(|one| named(one.info())) else {
            return Err(RequestError::Failed(format!(
                "no aggregate kind is installed for {dispatch:?}"
            )));
        };
        let name = self.parts.resources[resource].command_routes[request.command_route].name;
        // `If-Match` is checked only when no answer is stored: the first attempt may have changed
        // the version.
        let (addressed, if_match) = (Arc::clone(&self.parts.endpoints[resource]), request.if_match);
        let caller = request.caller.clone();
        let viewer = caller.clone();
        let first = Box::pin(async move {
            let actual = addressed.show(number, &caller).await?.version;
            match if_match.filter(|version| *version != actual) {
                Some(expected) => Err(RequestError::VersionDiffers { expected, actual }),
                None => Ok(()),
            }
        });
        let request = Request { if_match: None, ..request };
        let reply = Arc::clone(target).submit_for(dispatch, name, request, first).await?;
        let shown = self.show(resource, number, &viewer).await?;
        // The addressed aggregate exists, so nothing is created at its path.
        let outcome = match reply.outcome {
            Outcome::Created => Outcome::Done,
            outcome @ (Outcome::Done | Outcome::Pending) => outcome,
        };
        Ok(Reply { outcome, position: reply.position.max(shown.position), ..shown })
    }
}
