//! The handler of all HTTP requests: turns each one into a response or a problem.

use crate::{
    actors::{Caller, Outcome, Reply, Request, ViewQuery},
    domain::kernel::Method,
    http::{
        admin::{self, READ_ONLY, health},
        connection::ConnectionState,
        documents,
        escape::short,
        feed::{self, Feeds},
        holding::Holding,
        oauth, pages,
        problem::{Problem, not_a_number, not_allowed, unknown},
        request::{
            ClientRateLimit, PathRest, Query, Route, RouteError, RouteTarget, SIZE_MAX, Shown,
            Verb, content_negotiation, headers, position, read_body,
        },
        response::{Body, ConversationPage, Response, conversation, hal},
        site::Site,
        tokens::Tokens,
    },
    identity::TokenIssuer,
    origin_policy::{OriginPolicy, check_body},
};
use actix_http::{ConnectionType, HttpMessage as _, Payload};
use actix_web::http::{self, StatusCode, header};
use std::{rc::Rc, sync::Arc, time::Instant};

/// The beginning of the paths of operators.
const ADMIN_PATHS: &str = "/admin";

type HttpRequest = actix_http::Request;
type HttpResponse = actix_http::Response<Body>;

/// The handler of one worker.
pub struct Handler {
    site: Site,
    /// The rate limit per client; `None` when no rate is configured.
    clients: Option<Arc<ClientRateLimit>>,
    /// The origin policy: the allowed hosts and origins.
    origins: Arc<OriginPolicy>,
    holding: Holding,
    /// The verification of tokens; `None` while no identity is configured.
    identity: Option<Tokens>,
    /// The embedded authorization server, if there is one.
    issuer: Option<Arc<TokenIssuer>>,
    feeds: Feeds,
}

impl Handler {
    /// Creates the handler of one worker.
    #[must_use]
    pub const fn new(
        site: Site,
        clients: Option<Arc<ClientRateLimit>>,
        origins: Arc<OriginPolicy>,
        identity: Option<Tokens>,
        issuer: Option<Arc<TokenIssuer>>,
        holding: Holding,
        feeds: Feeds,
    ) -> Self {
        Self { site, clients, origins, holding, identity, issuer, feeds }
    }

    /// Handles one request.
    pub async fn serve(&self, mut request: HttpRequest) -> HttpResponse {
        let payload = request.take_payload();
        let connection = request.conn_data::<Rc<ConnectionState>>();
        let has_body = !matches!(payload, Payload::None);
        let serving = connection.map(|state| state.serve(has_body));
        let begun = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        let path = request.path();
        let trace_parent = headers::trace_parent(request.headers());
        let (correlation, caller) =
            (headers::correlation(request.headers()), self.caller(&request).await);
        let (correlation, caller, answer) = match (correlation, caller) {
            (Ok(correlation), Ok(caller)) => {
                let answer = self.answer(&request, &caller, payload).await;
                (correlation, caller, answer)
            }
            (Err(problem), _) | (_, Err(problem)) => (None, Caller::Anonymous, Err(problem)),
        };
        let answer =
            answer.unwrap_or_else(|problem| Response::problem(&problem, path, correlation));
        let answer =
            pages::negotiated(&self.site, verb(request.method()), (&request, &caller), answer)
                .await;
        if let Some(begun) = begun {
            let (method, status) = (request.method().as_str(), answer.status.as_u16());
            let elapsed_us = begun.elapsed().as_micros();
            let (correlation, number) = (correlation.unwrap_or_default(), answer.number);
            tracing::debug!(method, path, status, correlation, number, elapsed_us, "answered");
        }
        let mut response = answer.send(correlation, trace_parent.as_deref(), serving);
        // The server offers no upgrade of the protocol, but the library would confirm one.
        if request.head().connection_type() == ConnectionType::Upgrade {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }

    /// The client: trusted while no identity is configured, otherwise as its token says.
    async fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        match &self.identity {
            Some(tokens) if !oauth::is_path(request.path()) => {
                tokens.caller(request.headers()).await
            }
            Some(_) => Ok(Caller::Anonymous),
            None => Ok(Caller::Trusted),
        }
    }

    async fn answer(
        &self,
        request: &HttpRequest,
        caller: &Caller,
        payload: Payload,
    ) -> Result<Response, Problem> {
        self.origins.check(request.method(), request.uri(), request.headers())?;
        let verb = verb(request.method());
        if let Some(issuer) = self.issuer.as_ref().filter(|_| oauth::is_path(request.path())) {
            self.clients.as_ref().map_or(Ok(()), |clients| clients.count(request))?;
            return oauth::answer(issuer, &self.site.limits, verb, request, payload).await;
        }
        check_body(request.method(), request.headers())?;
        match self.site.router.resolve(request.path()) {
            Ok(route) => {
                // The rate limit does not cover the admin paths below, so operators can always use
                // them.
                self.clients.as_ref().map_or(Ok(()), |clients| clients.count(request))?;
                self.business(route, verb, (request, caller), payload).await
            }
            Err(RouteError::Unknown) if documents::is_path(request.path()) => {
                self.clients.as_ref().map_or(Ok(()), |clients| clients.count(request))?;
                self.site.documents.answer(verb, request.path(), request.headers()).await
            }
            Err(RouteError::Unknown) if request.path() == feed::EVENTS => {
                self.clients.as_ref().map_or(Ok(()), |clients| clients.count(request))?;
                let asked = (request.method(), query_string(request), request.headers());
                self.feeds.answer(&self.site.runtime, verb, asked, caller).await
            }
            Err(RouteError::Unknown) if request.path().starts_with(ADMIN_PATHS) => {
                caller.check_admin()?;
                admin::answer(&self.site, verb, request, payload).await
            }
            Err(RouteError::Unknown) => health::answer(&self.site, verb, request.path()),
            Err(RouteError::NotANumber) => Err(not_a_number(request.path())),
        }
    }

    async fn business(
        &self,
        route: Route<'_>,
        verb: Verb,
        (request, caller): (&HttpRequest, &Caller),
        payload: Payload,
    ) -> Result<Response, Problem> {
        match route.target {
            RouteTarget::Resource(resource) => {
                let answer = self.resource(resource, route, verb, (request, caller), payload).await;
                answer.map(|answer| answer.with(header::VARY, "Accept"))
            }
            RouteTarget::View(view) => self.view(view, route, verb, (request, caller)).await,
            RouteTarget::Conversations(business) => {
                self.conversation(business, route, verb, (request, caller)).await
            }
        }
    }

    async fn resource(
        &self,
        resource: usize,
        route: Route<'_>,
        verb: Verb,
        (request, caller): (&HttpRequest, &Caller),
        payload: Payload,
    ) -> Result<Response, Problem> {
        if let PathRest::Word(word) = route.rest {
            return Err(not_a_number(word));
        }
        match (verb, route.rest) {
            (Verb::Read, PathRest::Item(number)) => {
                self.show(resource, route.base, number, (request, caller)).await
            }
            (Verb::Read, PathRest::Collection) => {
                self.list(resource, route.base, (request, caller)).await
            }
            (Verb::Submit(method), rest) => {
                match self.site.router.command_route(resource, method, rest) {
                    Some(command_route) => {
                        self.submit(resource, command_route, route, (request, caller), payload)
                            .await
                    }
                    None => Err(self.not_allowed(resource, rest, request)),
                }
            }
            (Verb::Options, rest) => match self.site.router.allow(resource, rest) {
                Some(allow) => Ok(Response::options(&allow)),
                None => Err(self.not_allowed(resource, rest, request)),
            },
            (_, rest) => Err(self.not_allowed(resource, rest, request)),
        }
    }

    fn not_allowed(&self, resource: usize, rest: PathRest, request: &HttpRequest) -> Problem {
        match self.site.router.allow(resource, rest) {
            Some(allow) => not_allowed(request.method().as_str(), allow),
            None => unknown(request.path()),
        }
    }

    async fn show(
        &self,
        resource: usize,
        base: &str,
        number: u64,
        (request, caller): (&HttpRequest, &Caller),
    ) -> Result<Response, Problem> {
        let reply = self.site.runtime.show(resource, number, caller).await?;
        // A page shows the conversation as well, which changes while the version does not.
        let is_known = headers::none_match_names(request.headers(), reply.version)
            && content_negotiation::shown(request.headers()) == Shown::Json;
        let answer = if is_known {
            Response::new(StatusCode::NOT_MODIFIED, "", Vec::new())
        } else {
            let content_type = content_negotiation::json(request.headers());
            Response::new(StatusCode::OK, content_type, hal::item(base, &reply))
        };
        Ok(Response { number: Some(number), ..answer.with_version(reply.version) })
    }

    async fn list(
        &self,
        resource: usize,
        base: &str,
        (request, caller): (&HttpRequest, &Caller),
    ) -> Result<Response, Problem> {
        let query = Query::read(query_string(request))?;
        if let Some((name, _)) = query.conditions.first() {
            let name = short(name);
            let reason = format!("`{name}` is not a parameter here; there are page, size and sort");
            return Err(Problem::bad_query(reason));
        }
        let found = self.site.runtime.list(resource, query.page.clone(), caller).await?;
        let body = hal::replies(base, &query, &found);
        Ok(Response::new(StatusCode::OK, content_negotiation::json(request.headers()), body))
    }

    async fn submit(
        &self,
        resource: usize,
        command_route: usize,
        route: Route<'_>,
        (request, caller): (&HttpRequest, &Caller),
        payload: Payload,
    ) -> Result<Response, Problem> {
        let (head, path) = (request.headers(), request.path());
        let if_match = headers::if_match(head)?;
        let body = read_body(&self.site.limits, request, payload).await?;
        let method = request.method().as_str();
        let key = headers::idempotency_key(head, caller.subject(), (method, path), &body)?;
        let number = match route.rest {
            PathRest::Item(number) | PathRest::Named(number, _) => Some(number),
            PathRest::Collection | PathRest::Word(_) => None,
        };
        let wait_max = self.site.limits.wait_max();
        let body = body.into();
        let caller = caller.clone();
        let command =
            Request { resource, command_route, number, caller, body, key, if_match, wait_max };
        let request_error = match self.site.runtime.submit(command).await {
            Ok(reply) => return Ok(written(&route, &reply, content_negotiation::json(head))),
            Err(request_error) => request_error,
        };
        match self.holding.hold(request_error, self.site.runtime.gates(), head).await {
            // A reply under a key has the same body for each retry: it omits the retry's
            // `X-Correlation-Id`.
            request_error if key.is_some() => {
                Ok(Response::problem(&Problem::from(request_error), path, None))
            }
            request_error => Err(request_error.into()),
        }
    }

    async fn view(
        &self,
        view: usize,
        route: Route<'_>,
        verb: Verb,
        (request, caller): (&HttpRequest, &Caller),
    ) -> Result<Response, Problem> {
        let base = route.base;
        match route.rest {
            PathRest::Named(..) => return Err(unknown(request.path())),
            PathRest::Word(word) if word != "search" => return Err(not_a_number(word)),
            _ => {}
        }
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Response::options(READ_ONLY)),
            _ => return Err(not_allowed(request.method().as_str(), READ_ONLY.to_owned())),
        }
        let query = Query::read(query_string(request))?;
        let at_least = match request.headers().get(headers::POSITION) {
            Some(value) => Some(position("X-Madang-Position", value.to_str().unwrap_or_default())?),
            None => query.at_least,
        };
        let wait_max = self.site.limits.wait_max();
        let json = |body| {
            Response::new(StatusCode::OK, content_negotiation::json(request.headers()), body)
        };
        let answer = match route.rest {
            PathRest::Item(number) => {
                let row = self.site.runtime.row(view, number, (at_least, wait_max), caller).await?;
                json(hal::row(base, &self.site.runtime.views()[view], &row))
            }
            PathRest::Word(_) => json(hal::searches(base, self.site.runtime.views()[view].fields)),
            _ => {
                let (conditions, page) = (query.conditions.clone(), query.page.clone());
                let wanted = ViewQuery { conditions, page, at_least, owner: None, wait_max };
                let found = self.site.runtime.search(view, wanted, caller).await?;
                json(hal::rows(base, &self.site.runtime.views()[view], &query, &found))
            }
        };
        let answer = answer.with(header::VARY, "Accept");
        Ok(match self.site.runtime.suspended_view(view) {
            Some(name) => answer.with(headers::SUSPENDED, name),
            None => answer,
        })
    }

    async fn conversation(
        &self,
        business: &'static str,
        route: Route<'_>,
        verb: Verb,
        (request, caller): (&HttpRequest, &Caller),
    ) -> Result<Response, Problem> {
        let number = match route.rest {
            PathRest::Item(number) => number,
            PathRest::Word(word) => return Err(not_a_number(word)),
            PathRest::Collection | PathRest::Named(..) => return Err(unknown(request.path())),
        };
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Response::options(READ_ONLY)),
            _ => return Err(not_allowed(request.method().as_str(), READ_ONLY.to_owned())),
        }
        let query = Query::read_sized(query_string(request), SIZE_MAX)?;
        let as_text = conversation::as_text(&query)?;
        let (page, wait_max) = (query.page.clone(), self.site.limits.wait_max());
        let found =
            self.site.runtime.conversation(business, number, (page, wait_max), caller).await?;
        let shown = ConversationPage {
            business,
            number,
            base: route.base,
            query: &query,
            conversation: &found,
        };
        let head = request.headers();
        let answer = if as_text.unwrap_or_else(|| content_negotiation::prefers_text(head)) {
            Response::new(StatusCode::OK, "text/plain; charset=utf-8", shown.text())
                .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        } else {
            Response::new(StatusCode::OK, content_negotiation::json(head), shown.json())
        };
        Ok(Response { number: Some(number), ..answer.with(header::VARY, "Accept") })
    }
}

fn query_string(request: &HttpRequest) -> &str {
    request.uri().query().unwrap_or_default()
}

fn verb(method: &http::Method) -> Verb {
    match *method {
        http::Method::GET | http::Method::HEAD => Verb::Read,
        http::Method::POST => Verb::Submit(Method::Post),
        http::Method::PUT => Verb::Submit(Method::Put),
        http::Method::PATCH => Verb::Submit(Method::Patch),
        http::Method::OPTIONS => Verb::Options,
        _ => Verb::Other,
    }
}

/// The response to a command that was accepted.
fn written(route: &Route<'_>, reply: &Reply, content_type: &'static str) -> Response {
    let status = match reply.outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Done => StatusCode::OK,
        Outcome::Pending => StatusCode::ACCEPTED,
    };
    let answer = Response::new(status, content_type, hal::item(route.base, reply));
    // A pending command has no version yet.
    let answer = if reply.version > 0 { answer.with_version(reply.version) } else { answer };
    let answer = answer.with_position(reply.position);
    let answer = match reply.outcome {
        Outcome::Created | Outcome::Pending => answer.with_location(route.base, reply.number),
        Outcome::Done => answer,
    };
    Response { number: Some(reply.number), ..answer }
}
