//! The one handler: every request comes in here and leaves as an answer or as a problem.

use super::{
    Limits,
    accept::{self, Shown},
    answer::Answer,
    clients::Clients,
    connection::ConnectionState,
    contexts,
    conversation::{self, Told},
    diary, faults, gates, hal, headers, html, operate,
    problem::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem, SYNTAX, TOO_LARGE, TOO_SLOW, UNKNOWN_PATH},
    query::{Query, SIZE_MAX, position, short},
    router::{Lost, Route, Router, Spot, Thing, Verb},
};
use crate::{
    actors::{Courtyard, Outcome, Reply, Request, ViewQuery},
    domain::kernel::Method,
    origin_policy::{OriginPolicy, check_body},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{self, ConnectionType, StatusCode, header},
    web::{Bytes, Payload},
};
use std::{rc::Rc, sync::Arc, time::Instant};

/// What a worker needs to answer.
pub struct Front {
    pub(super) courtyard: Courtyard,
    pub(super) router: Router,
    pub(super) limits: Limits,
    /// `None` when nobody can ask too much.
    clients: Option<Arc<Clients>>,
    /// Which hosts and pages are ours.
    origins: Arc<OriginPolicy>,
}

impl Front {
    /// For this courtyard, within these limits.
    #[must_use]
    pub fn new(
        courtyard: Courtyard,
        limits: Limits,
        clients: Option<Arc<Clients>>,
        origins: Arc<OriginPolicy>,
    ) -> Self {
        let router = Router::new(courtyard.resources(), courtyard.views());
        Self { courtyard, router, limits, clients, origins }
    }

    /// Answers one request.
    pub async fn serve(&self, request: HttpRequest, payload: Payload) -> HttpResponse {
        let begun = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        let path = request.path();
        let trace_parent = headers::trace_parent(request.headers());
        let (correlation, answer) = match headers::correlation(request.headers()) {
            Ok(correlation) => (correlation, self.answer(&request, payload).await),
            Err(problem) => (None, Err(problem)),
        };
        let answer = answer.unwrap_or_else(|problem| Answer::problem(&problem, path, correlation));
        if let Some(begun) = begun {
            let (method, status) = (request.method().as_str(), answer.status.as_u16());
            let elapsed_us = begun.elapsed().as_micros();
            let (correlation, number) = (correlation.unwrap_or_default(), answer.number);
            tracing::debug!(method, path, status, correlation, number, elapsed_us, "answered");
        }
        let mut response = answer.send(correlation, trace_parent.as_deref());
        // No other protocol is offered, and the library would confirm the change.
        if request.head().connection_type() == ConnectionType::Upgrade {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }

    async fn answer(&self, request: &HttpRequest, payload: Payload) -> Result<Answer, Problem> {
        self.origins.check(request.method(), request.uri(), request.headers())?;
        check_body(request.method(), request.headers())?;
        let verb = verb(request.method());
        match self.router.resolve(request.path()) {
            Ok(route) => {
                // What operators ask below is not counted: they get in whoever asks too much.
                self.clients.as_ref().map_or(Ok(()), |clients| clients.count(request))?;
                self.business(route, verb, request, payload).await
            }
            Err(Lost::Unknown) if request.path().starts_with(contexts::CONTEXTS) => {
                contexts::answer(self, verb, request.path()).await
            }
            Err(Lost::Unknown) if request.path().starts_with(gates::GATES) => {
                gates::answer(self, verb, request, payload).await
            }
            Err(Lost::Unknown) if request.path() == diary::DIARY => {
                diary::answer(self, verb, request.query_string()).await
            }
            Err(Lost::Unknown) if request.path() == faults::FAULTS => {
                match faults::before_reading(verb)? {
                    Some(answer) => Ok(answer),
                    None => faults::answer(self, &self.body(request, payload).await?).await,
                }
            }
            Err(Lost::Unknown) => operate::answer(self, verb, request.path()),
            Err(Lost::NotANumber) => Err(not_a_number(request.path())),
        }
    }

    async fn business(
        &self,
        route: Route<'_>,
        verb: Verb,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Answer, Problem> {
        match route.thing {
            Thing::Resource(resource) => {
                let answer = self.resource(resource, route, verb, request, payload).await;
                answer.map(|answer| answer.with(header::VARY, "Accept"))
            }
            Thing::View(view) => self.view(view, route, verb, request).await,
            Thing::Conversations(business) => {
                self.conversation(business, route, verb, request).await
            }
        }
    }

    async fn resource(
        &self,
        resource: usize,
        route: Route<'_>,
        verb: Verb,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Answer, Problem> {
        if let Spot::Word(word) = route.spot {
            return Err(not_a_number(word));
        }
        match (verb, route.spot) {
            (Verb::Read, Spot::Item(number)) => {
                self.show(resource, route.base, number, request).await
            }
            (Verb::Read, Spot::Collection) => self.list(resource, route.base, request).await,
            (Verb::Say(method), spot) => match self.router.saying(resource, method, spot) {
                Some(saying) => self.say(resource, saying, route, request, payload).await,
                None => Err(self.not_allowed(resource, spot, request)),
            },
            (Verb::Options, spot) => match self.router.allow(resource, spot) {
                Some(allow) => Ok(Answer::options(&allow)),
                None => Err(self.not_allowed(resource, spot, request)),
            },
            (_, spot) => Err(self.not_allowed(resource, spot, request)),
        }
    }

    fn not_allowed(&self, resource: usize, spot: Spot, request: &HttpRequest) -> Problem {
        match self.router.allow(resource, spot) {
            Some(allow) => not_allowed(request.method().as_str(), allow),
            None => unknown(request.path()),
        }
    }

    async fn show(
        &self,
        resource: usize,
        base: &str,
        number: u64,
        request: &HttpRequest,
    ) -> Result<Answer, Problem> {
        let reply = self.courtyard.show(resource, number).await?;
        let answer = if headers::none_match_names(request.headers(), reply.version) {
            Answer::new(StatusCode::NOT_MODIFIED, "", Vec::new())
        } else {
            let content_type = accept::json(request.headers());
            Answer::new(StatusCode::OK, content_type, hal::item(base, &reply))
        };
        Ok(Answer { number: Some(number), ..answer.with_version(reply.version) })
    }

    async fn list(
        &self,
        resource: usize,
        base: &str,
        request: &HttpRequest,
    ) -> Result<Answer, Problem> {
        let query = Query::read(request.query_string())?;
        if let Some((name, _)) = query.conditions.first() {
            let name = short(name);
            let because =
                format!("`{name}` is not a parameter here; there are page, size and sort");
            return Err(Problem::bad_query(because));
        }
        let found = self.courtyard.list(resource, query.page.clone()).await?;
        let body = hal::replies(base, &query, &found);
        Ok(Answer::new(StatusCode::OK, accept::json(request.headers()), body))
    }

    async fn say(
        &self,
        resource: usize,
        saying: usize,
        route: Route<'_>,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Answer, Problem> {
        let (head, path) = (request.headers(), request.path());
        let if_match = headers::if_match(head)?;
        let body = self.body(request, payload).await?;
        let key = headers::idempotency_key(head, request.method().as_str(), path, &body)?;
        let number = match route.spot {
            Spot::Item(number) | Spot::Named(number, _) => Some(number),
            Spot::Collection | Spot::Word(_) => None,
        };
        let patience = self.limits.patience();
        let body = body.into();
        let said = Request { resource, saying, number, body, key, if_match, patience };
        match self.courtyard.say(said).await {
            Ok(reply) => Ok(written(&route, &reply, accept::json(head))),
            // The answer under a key is the same to each retry, whatever that calls itself.
            Err(trouble) if key.is_some() => {
                Ok(Answer::problem(&Problem::from(trouble), path, None))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Reads the body, within the limits of size and time.
    pub(super) async fn body(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Bytes, Problem> {
        let bytes_max = self.limits.body_bytes_max;
        let too_large =
            || Problem::new(TOO_LARGE, format!("the body is larger than {bytes_max} bytes"));
        let length = request.headers().get(header::CONTENT_LENGTH);
        let declared = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|bytes| bytes > bytes_max) {
            return Err(too_large());
        }
        let reading = payload.to_bytes_limited(bytes_max);
        let connection = request.conn_data::<Rc<ConnectionState>>();
        connection.inspect(|state| state.begins_body());
        let read = tokio::time::timeout(self.limits.body_timeout(), reading).await;
        connection.inspect(|state| state.ends_body(matches!(read, Ok(Ok(Ok(_))))));
        let read = read.map_err(|_| Problem::new(TOO_SLOW, "the body did not arrive in time"))?;
        let body = read
            .map_err(|_| too_large())?
            .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
        match std::str::from_utf8(&body) {
            Ok(_) => Ok(body),
            Err(error) => {
                let at = error.valid_up_to();
                Err(Problem::new(SYNTAX, format!("the body is not valid utf-8 at byte {at}")))
            }
        }
    }

    async fn view(
        &self,
        view: usize,
        route: Route<'_>,
        verb: Verb,
        request: &HttpRequest,
    ) -> Result<Answer, Problem> {
        let base = route.base;
        match route.spot {
            Spot::Named(..) => return Err(unknown(request.path())),
            Spot::Word(word) if word != "search" => return Err(not_a_number(word)),
            _ => {}
        }
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Answer::options(operate::READ_ONLY)),
            _ => return Err(not_allowed(request.method().as_str(), operate::READ_ONLY.to_owned())),
        }
        let query = Query::read(request.query_string())?;
        let at_least = match request.headers().get(headers::POSITION) {
            Some(value) => Some(position("X-Madang-Position", value.to_str().unwrap_or_default())?),
            None => query.at_least,
        };
        let patience = self.limits.patience();
        let json = |body| Answer::new(StatusCode::OK, accept::json(request.headers()), body);
        let answer = match route.spot {
            Spot::Item(number) => {
                let row = self.courtyard.row(view, number, at_least, patience).await?;
                json(hal::row(base, &row))
            }
            Spot::Word(_) => json(hal::searches(base, self.courtyard.views()[view].fields)),
            _ => {
                let (conditions, page) = (query.conditions.clone(), query.page.clone());
                let wanted = ViewQuery { conditions, page, at_least, patience };
                let found = self.courtyard.search(view, wanted).await?;
                match accept::shown(request.headers()) {
                    Shown::Json => json(hal::rows(base, &query, &found)),
                    Shown::Html => {
                        let info = &self.courtyard.views()[view];
                        page_for_people(html::rows(base, info, &query, &found))
                    }
                }
            }
        };
        let answer = answer.with(header::VARY, "Accept");
        Ok(match self.courtyard.suspended_view(view) {
            Some(name) => answer.with(headers::SUSPENDED, name),
            None => answer,
        })
    }

    async fn conversation(
        &self,
        business: &'static str,
        route: Route<'_>,
        verb: Verb,
        request: &HttpRequest,
    ) -> Result<Answer, Problem> {
        let number = match route.spot {
            Spot::Item(number) => number,
            Spot::Word(word) => return Err(not_a_number(word)),
            Spot::Collection | Spot::Named(..) => return Err(unknown(request.path())),
        };
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Answer::options(operate::READ_ONLY)),
            _ => return Err(not_allowed(request.method().as_str(), operate::READ_ONLY.to_owned())),
        }
        let query = Query::read_sized(request.query_string(), SIZE_MAX)?;
        let as_text = conversation::as_text(&query)?;
        let (page, patience) = (query.page.clone(), self.limits.patience());
        let told = self.courtyard.conversation(business, number, page, patience).await?;
        let told = Told { business, number, base: route.base, query: &query, told: &told };
        let head = request.headers();
        let answer = if as_text.unwrap_or_else(|| accept::prefers_text(head)) {
            Answer::new(StatusCode::OK, "text/plain; charset=utf-8", told.text())
                .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        } else {
            Answer::new(StatusCode::OK, accept::json(head), told.json())
        };
        Ok(Answer { number: Some(number), ..answer.with(header::VARY, "Accept") })
    }
}

fn page_for_people(body: Vec<u8>) -> Answer {
    Answer::new(StatusCode::OK, "text/html; charset=utf-8", body)
        .with(header::CONTENT_SECURITY_POLICY, html::CONTENT_SECURITY_POLICY)
        .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

fn verb(method: &http::Method) -> Verb {
    match *method {
        http::Method::GET | http::Method::HEAD => Verb::Read,
        http::Method::POST => Verb::Say(Method::Post),
        http::Method::PUT => Verb::Say(Method::Put),
        http::Method::PATCH => Verb::Say(Method::Patch),
        http::Method::OPTIONS => Verb::Options,
        _ => Verb::Other,
    }
}

/// The answer to a command that was accepted.
fn written(route: &Route<'_>, reply: &Reply, content_type: &'static str) -> Answer {
    let status = match reply.outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Done => StatusCode::OK,
        Outcome::Pending => StatusCode::ACCEPTED,
    };
    let answer = Answer::new(status, content_type, hal::item(route.base, reply));
    // There is no version yet when the command is not decided.
    let answer = if reply.version > 0 { answer.with_version(reply.version) } else { answer };
    let answer = answer.with_position(reply.position);
    let answer = match reply.outcome {
        Outcome::Created | Outcome::Pending => answer.with_location(route.base, reply.number),
        Outcome::Done => answer,
    };
    Answer { number: Some(reply.number), ..answer }
}

/// Nothing is served at this path.
pub(super) fn unknown(path: &str) -> Problem {
    Problem::new(UNKNOWN_PATH, format!("nothing is served at {}", short(path)))
}

/// The path is known, the method is not.
pub(super) fn not_allowed(method: &str, allow: String) -> Problem {
    let because = format!("{} is not possible here, only {allow}", short(method));
    Problem { allow: Some(allow), ..Problem::new(METHOD_NOT_ALLOWED, because) }
}

fn not_a_number(path: &str) -> Problem {
    let because = format!("`{}` is not the number of anything", short(path));
    Problem::new(NOT_FOUND, because)
}
