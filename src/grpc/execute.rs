//! The method `Execute`: a command, with the key, the version and the path that it has over HTTP.

use super::{
    call::{Call, Unary, insert},
    messages::{Aggregate, ExecuteRequest, ExecuteResponse, Outcome},
    site::{Addressed, Site},
};
use crate::{
    actors::{self, Reply, Request, ResourceInfo},
    inbound::{
        metadata,
        position_token::PositionToken,
        preferences::{PREFER, PREFERENCE_APPLIED, Preferences},
        problem::Problem,
    },
};
use std::sync::Arc;
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
            trace: call.trace.as_ref().map(|trace| Arc::clone(&trace.context)),
        };
        let submitted = site.runtime.submit(request).await.map_err(Problem::from);
        end_trace(site, call, (resource, command_route), &submitted);
        let reply = submitted?;
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

/// Exports the span of a command that was answered.
fn end_trace(
    site: &Site,
    call: &Call,
    (resource, command_route): (usize, usize),
    submitted: &Result<Reply, Problem>,
) {
    let Some((trace, tracer)) = call.trace.as_ref().zip(site.runtime.tracer()) else { return };
    let ResourceInfo { business, name, command_routes, .. } = &site.runtime.resources()[resource];
    let (number, status) = match submitted {
        Ok(reply) => (Some(reply.number), 200),
        Err(problem) => (problem.number, problem.family.status),
    };
    if number.is_some() || trace.context.is_of_client() {
        let command = command_routes[command_route].name;
        let span_name = || format!("Execute {business}/{name} {command}");
        trace.end(tracer, (business, number.unwrap_or_default()), span_name, status);
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
