//! The handler of all HTTP requests: turns each one into a response or a problem.

use crate::{
    actors::{Caller, Request, clock},
    http::{
        admin::{self, health, unless_read},
        connection::{ConnectionState, Serving},
        documents::{self, Documents},
        feed::Feeds,
        finishing::Finishing,
        forwarding::{self, peer_of},
        holding::Holding,
        index::EVENTS,
        live::{Live, LiveQuery},
        metrics::{METRICS, Metrics},
        oauth, pages,
        reading::Reading,
        request::{
            HISTORY, PathRest, Route, RouteError, RouteTarget, Verb, content_negotiation, headers,
            read_body, verb,
        },
        response::{Body, Response, written},
        site::Site,
        subscriptions,
        turnstile::Turnstile,
    },
    identity::TokenIssuer,
    inbound::{
        client_limit::{ClientRateLimit, FORWARDED_FOR},
        expiry::Expiry,
        preferences::{PREFER, Preferences},
        problem::{Problem, not_a_number, not_allowed, unknown},
        tokens::Tokens,
    },
    origin_policy::{OriginPolicy, check_body},
    traces::{Correlation, RequestTrace, TraceContext, pattern},
};
use actix_http::{ConnectionType, HttpMessage as _, Payload};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use std::{net::IpAddr, rc::Rc, sync::Arc, time::Instant};

/// The target of a question about the server as a whole (RFC 9110, 9.3.7), and all its methods.
const SERVER: &str = "*";
const METHODS: &str = "OPTIONS, GET, HEAD, POST, PUT, PATCH";

/// The beginning of the paths of operators.
const ADMIN_PATHS: &str = "/admin";

type HttpRequest = actix_http::Request;
type HttpResponse = actix_http::Response<Body>;

/// The handler of one worker.
pub struct Handler {
    pub(super) site: Site,
    pub(super) turnstile: Arc<Turnstile>,
    /// The rate limit per client; `None` when no rate is configured.
    pub(super) clients: Option<Arc<ClientRateLimit>>,
    /// The origin policy: the allowed hosts and origins.
    pub(super) origins: Arc<OriginPolicy>,
    pub(super) holding: Holding,
    /// The contract, at the paths of its documents.
    pub(super) documents: Documents,
    /// The figures of the server; `None` when they are off.
    pub(super) metrics: Option<Arc<Metrics>>,
    /// The verification of tokens; `None` while no identity is configured.
    pub(super) identity: Option<Tokens>,
    /// The embedded authorization server, if there is one.
    pub(super) issuer: Option<Arc<TokenIssuer>>,
    pub(super) feeds: Feeds,
    pub(super) live: Live,
    pub(super) finishing: Finishing,
}

impl Handler {
    /// Handles one request.
    pub async fn serve(&self, mut request: HttpRequest) -> HttpResponse {
        let payload = request.take_payload();
        let tracer = self.site.runtime.tracer().map(AsRef::as_ref);
        let client = headers::trace(request.headers());
        let is_command = matches!(verb(request.method()), Verb::Submit(_));
        let trace = RequestTrace::begin(client, is_command, tracer);
        let Some(client) = client else {
            return self.respond(&request, payload, trace.as_ref()).await;
        };
        let response = self.respond(&request, payload, trace.as_ref());
        Box::pin(Correlation::of(0, Some(&client)).scope(response)).await
    }

    /// Exports the span of a request that was answered.
    fn end_trace(&self, trace: &RequestTrace, request: &HttpRequest, answer: &Response) {
        let Some(tracer) = self.site.runtime.tracer() else { return };
        let number = answer.number.unwrap_or_default();
        let business = match self.site.router.resolve(request.path()) {
            Ok(Route { target: RouteTarget::Resource(resource), .. }) => {
                self.site.runtime.resources()[resource].business
            }
            _ => "",
        };
        // Without a number there is no conversation, so the trace has to be that of the client.
        if number != 0 && !business.is_empty() || trace.context.is_of_client() {
            let name = || format!("{} {}", request.method(), pattern(request.path()));
            trace.end(tracer, (business, number), name, answer.status.as_u16());
        }
    }

    /// Handles a request of this trace.
    async fn respond(
        &self,
        request: &HttpRequest,
        payload: Payload,
        trace: Option<&RequestTrace>,
    ) -> HttpResponse {
        let context = trace.map(|trace| &trace.context);
        let connection = request.conn_data::<Rc<ConnectionState>>();
        let has_body = !matches!(payload, Payload::None);
        let serving = connection.map(|state| state.serve(has_body));
        if self.turnstile.is_closed() {
            return Box::pin(self.forwarded(request, payload, serving)).await;
        }
        let begun = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        let path = request.path();
        let (correlation, client) =
            (headers::correlation(request.headers()), self.admitted(request).await);
        let (correlation, caller, answer) = match (correlation, client) {
            (Ok(correlation), Ok((caller, expiry))) => {
                let answer = self.answer(request, (&caller, expiry), (context, payload)).await;
                (correlation, caller, answer)
            }
            (Err(problem), _) | (_, Err(problem)) => (None, Caller::Anonymous, Err(problem)),
        };
        let answer =
            answer.unwrap_or_else(|problem| Response::problem(&problem, path, correlation));
        let answer =
            pages::negotiated(&self.site, verb(request.method()), (request, &caller), answer).await;
        let answer = self.finishing.finish(request, answer).await;
        if let Some(state) = connection {
            state.answered(answer.status.as_u16());
        }
        if let Some(trace) = trace {
            self.end_trace(trace, request, &answer);
        }
        if let Some(begun) = begun {
            let (method, status) = (request.method().as_str(), answer.status.as_u16());
            let elapsed_us = clock::micros(begun.elapsed());
            let number = answer.number.unwrap_or_default();
            let _entered = Correlation::of(number, context.map(AsRef::as_ref)).enter();
            tracing::debug!(method, path, status, named = correlation, elapsed_us, "answered");
        }
        let mut response = answer.send(correlation, context.map(AsRef::as_ref), serving);
        // The server offers no upgrade of the protocol, but the library would confirm one.
        if request.head().connection_type() == ConnectionType::Upgrade {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }

    /// The answer of the process that serves now.
    async fn forwarded(
        &self,
        request: &HttpRequest,
        payload: Payload,
        serving: Option<Serving>,
    ) -> HttpResponse {
        let _held = self.turnstile.count();
        let body = read_body(&self.site.limits, request, payload).await;
        let answer = match body {
            Ok(body) => {
                let with = (body, peer_of(request));
                forwarding::forwarded(&self.turnstile, request, with, serving).await
            }
            Err(problem) => Err(problem),
        };
        answer.unwrap_or_else(|problem| {
            let answer = Response::problem(&problem, request.path(), None);
            let mut response = answer.send(None, None, None);
            response.head_mut().set_connection_type(ConnectionType::Close);
            response
        })
    }

    /// The client, and the end of its token: trusted while no identity is configured, otherwise as
    /// its token says. The host and the origin are checked before a token is verified.
    async fn admitted(&self, request: &HttpRequest) -> Result<(Caller, Expiry), Problem> {
        self.origins.check(request.method(), request.uri(), request.headers())?;
        match &self.identity {
            Some(tokens) if !oauth::is_path(request.path()) => {
                let values = request.headers().get_all(AUTHORIZATION);
                let last = request.conn_data::<Rc<ConnectionState>>().map(|it| it.last_token());
                let limit = self.clients.as_deref().zip(self.address(request));
                tokens.caller(values.map(HeaderValue::as_bytes), last, limit).await
            }
            Some(_) => Ok((Caller::Anonymous, Expiry::NEVER)),
            None => Ok((Caller::Trusted, Expiry::NEVER)),
        }
    }

    /// The answer. The futures of rare requests are on the heap, so that commands and reads of single
    /// aggregates do not carry their size.
    async fn answer(
        &self,
        request: &HttpRequest,
        (caller, expiry): (&Caller, Expiry),
        (trace, payload): (Option<&Arc<TraceContext>>, Payload),
    ) -> Result<Response, Problem> {
        let verb = verb(request.method());
        if let Some(issuer) = self.issuer.as_ref().filter(|_| oauth::is_path(request.path())) {
            self.count(request, caller)?;
            let answer = oauth::answer(issuer, &self.site.limits, verb, request, payload);
            return Box::pin(answer).await;
        }
        check_body(request.method(), request.headers())?;
        if request.path() == SERVER && verb == Verb::Options {
            return Ok(Response::options(METHODS));
        }
        let reading = Reading { site: &self.site, request, caller, expiry, trace };
        match self.site.router.resolve(request.path()) {
            Ok(route) => {
                // The rate limit does not cover the admin paths below, so operators can always use
                // them.
                self.count(request, caller)?;
                self.business(route, verb, reading, payload).await
            }
            Err(RouteError::Unknown) if documents::is_path(request.path()) => {
                self.count(request, caller)?;
                let (path, head) = (request.path(), request.headers());
                Box::pin(self.documents.answer(verb, path, head)).await
            }
            Err(RouteError::Unknown) if request.path() == EVENTS => {
                self.count(request, caller)?;
                Box::pin(self.feeds.answer(reading, verb)).await
            }
            Err(RouteError::Unknown) if subscriptions::is_path(request.path()) => {
                self.count(request, caller)?;
                let stopping = self.feeds.stopping();
                subscriptions::answer(&self.site, stopping, (request, caller), payload).await
            }
            Err(RouteError::Unknown) if request.path().starts_with(ADMIN_PATHS) => {
                caller.check_admin()?;
                Box::pin(admin::answer(&self.site, verb, (request, caller), payload)).await
            }
            Err(RouteError::Unknown) if request.path() == METRICS => {
                caller.check_admin()?;
                self.metrics(verb, request).await
            }
            Err(RouteError::Unknown) => health::answer(&self.site, verb, request.path()),
            Err(RouteError::NotANumber) => Err(not_a_number(request.path())),
        }
    }

    /// The figures of the server, if they are on.
    async fn metrics(&self, verb: Verb, request: &HttpRequest) -> Result<Response, Problem> {
        let metrics = self.metrics.as_ref().ok_or_else(|| unknown(METRICS))?;
        match unless_read(verb)? {
            None => Box::pin(metrics.answer(request.headers())).await,
            Some(answer) => Ok(answer),
        }
    }

    /// Counts the request of a client.
    ///
    /// # Errors
    /// When the client has reached its limit.
    fn count(&self, request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
        let counted = self.clients.as_ref().map(|it| it.count(caller, self.address(request)));
        let Some((quota, admitted)) = counted.flatten() else { return Ok(()) };
        // For the headers of the answer.
        request.extensions_mut().insert(quota);
        admitted
    }

    /// The address of the client, for its rate limit; `None` when there is no limit.
    fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let (clients, peer) = (self.clients.as_ref()?, peer_of(request)?);
        let forwarded = request.headers().get_all(FORWARDED_FOR);
        Some(clients.address(peer, forwarded.filter_map(|value| value.to_str().ok())))
    }

    async fn business(
        &self,
        route: Route<'_>,
        verb: Verb,
        reading: Reading<'_>,
        payload: Payload,
    ) -> Result<Response, Problem> {
        if let Some(query) = LiveQuery::of(reading, route)? {
            return Box::pin(self.live.open(reading, query)).await;
        }
        match route.target {
            RouteTarget::Resource(resource) => {
                let answer = self.resource(resource, route, verb, reading, payload).await;
                answer.map(|answer| answer.varying_by("Accept"))
            }
            RouteTarget::View(view) => Box::pin(reading.view(view, route, verb)).await,
            RouteTarget::Conversations(business) => {
                Box::pin(reading.conversation(business, route, verb)).await
            }
            RouteTarget::Business(business) => reading.business(business, verb),
        }
    }

    async fn resource(
        &self,
        resource: usize,
        route: Route<'_>,
        verb: Verb,
        reading: Reading<'_>,
        payload: Payload,
    ) -> Result<Response, Problem> {
        if let PathRest::Word(word) = route.rest {
            return Err(not_a_number(word));
        }
        match (verb, route.rest) {
            (Verb::Read, PathRest::Item(number)) => {
                reading.show(resource, route.base, number).await
            }
            (Verb::Read, PathRest::Named(number, HISTORY)) => {
                Box::pin(reading.history(resource, route.base, number)).await
            }
            (Verb::Read, PathRest::Collection) => {
                Box::pin(reading.list(resource, route.base)).await
            }
            (Verb::Submit(method), rest) => {
                match self.site.router.command_route(resource, method, rest) {
                    Some(command_route) => {
                        self.submit(resource, command_route, route, reading, payload).await
                    }
                    None => Err(self.not_allowed(resource, rest, reading.request)),
                }
            }
            (Verb::Options, rest) => match self.site.router.allow(resource, rest) {
                Some(allow) => Ok(Response::options(&allow)),
                None => Err(self.not_allowed(resource, rest, reading.request)),
            },
            (_, rest) => Err(self.not_allowed(resource, rest, reading.request)),
        }
    }

    fn not_allowed(&self, resource: usize, rest: PathRest, request: &HttpRequest) -> Problem {
        match self.site.router.allow(resource, rest) {
            Some(allow) => not_allowed(request.method().as_str(), allow),
            None => unknown(request.path()),
        }
    }

    async fn submit(
        &self,
        resource: usize,
        command_route: usize,
        route: Route<'_>,
        reading: Reading<'_>,
        payload: Payload,
    ) -> Result<Response, Problem> {
        let Reading { request, caller, .. } = reading;
        let (head, path) = (request.headers(), request.path());
        let if_match = headers::if_match(head)?;
        let body = read_body(&self.site.limits, request, payload).await?;
        let method = request.method().as_str();
        let key = headers::idempotency_key(head, caller.subject(), (method, path), &body)?;
        let number = match route.rest {
            PathRest::Item(number) | PathRest::Named(number, _) => Some(number),
            PathRest::Collection | PathRest::Word(_) => None,
        };
        let preferences = Preferences::of(head.get_all(PREFER).map(HeaderValue::as_bytes));
        let command = Request {
            resource,
            command_route,
            number,
            caller: caller.clone(),
            body: body.into(),
            key,
            if_match,
            wait_max: preferences.wait_within(self.site.limits.wait_max()),
            is_async: preferences.is_async(),
            trace: reading.trace.cloned(),
        };
        let request_error = match self.site.runtime.submit(command).await {
            Ok(reply) => {
                let applied = || preferences.applied(self.site.limits.wait_max());
                let content_type = content_negotiation::json(head);
                return Ok(written(route.base, &reply, content_type, applied));
            }
            Err(request_error) => request_error,
        };
        match self.holding.hold(request_error, self.site.runtime.gates(), &preferences).await {
            // A reply under a key has the same body for each retry: it omits the retry's
            // `X-Correlation-Id`.
            request_error if key.is_some() => {
                Ok(Response::problem(&Problem::from(request_error), path, None))
            }
            request_error => Err(request_error.into()),
        }
    }
}
