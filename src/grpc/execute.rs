//! The method `Execute`: a command, with the key, the version and the path that it has over HTTP.

use super::{
    call::{Call, Unary, insert},
    messages::{Aggregate, ExecuteRequest, ExecuteResponse, Outcome},
    site::{Addressed, Site},
};
use crate::{
    actors::{self, Reply, Request},
    inbound::{
        metadata,
        position_token::PositionToken,
        preferences::{PREFER, PREFERENCE_APPLIED, Preferences},
        problem::Problem,
    },
};
use tonic::Response;

/// The method `Execute`.
pub struct Execute;

impl Unary for Execute {
    type Got = ExecuteRequest;
    type Sent = ExecuteResponse;

    async fn answer(
        &self,
        site: &Site,
        call: &Call,
        message: ExecuteRequest,
    ) -> Result<Response<ExecuteResponse>, Problem> {
        let ExecuteRequest { business, resource, number, command, body } = message;
        let Addressed { resource, command_route, number, method, path } =
            site.command((&business, &resource), number, &command)?;
        let key = metadata::idempotency_key(
            call.values("idempotency-key"),
            call.caller.subject(),
            (method, &path),
            &body,
        )?;
        let if_match = metadata::if_match(call.values("if-match"))?;
        let preferences = Preferences::of(call.values(PREFER));
        let request = Request {
            resource,
            command_route,
            number,
            caller: call.caller.clone(),
            body,
            key,
            if_match,
            wait_max: preferences.wait_within(site.wait_max),
            is_async: preferences.is_async(),
            trace: call.trace.clone(),
        };
        let reply = site.runtime.submit(request).await?;
        let outcome = match reply.outcome {
            actors::Outcome::Created => Outcome::Created,
            actors::Outcome::Done => Outcome::Done,
            actors::Outcome::Pending => Outcome::Pending,
        };
        let aggregate = Some(shown(reply));
        let mut response = Response::new(ExecuteResponse { outcome: outcome.into(), aggregate });
        if outcome == Outcome::Pending {
            let applied = preferences.applied(site.wait_max);
            insert(response.metadata_mut(), PREFERENCE_APPLIED, applied.as_deref());
        }
        Ok(response)
    }
}

/// An aggregate as a message.
pub fn shown(reply: Reply) -> Aggregate {
    Aggregate {
        number: reply.number,
        version: reply.version,
        commands: reply.available_commands.names().map(str::to_owned).collect(),
        position: PositionToken(reply.position).to_string(),
        body: reply.body,
    }
}
