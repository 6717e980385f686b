//! The reads of clients: aggregates, rows of views and conversations.

use crate::{
    actors::{Caller, Moment, RequestError, Runtime, ViewQuery},
    http::{
        admin::{READ_ONLY, unless_read},
        request::{PathRest, Route, Shown, Verb, content_negotiation, headers, moment},
        response::{ConversationPage, Response, conversation, hal, history},
        site::Site,
    },
    inbound::{
        escape::short,
        expiry::Expiry,
        problem::{Problem, not_a_number, not_allowed, unknown},
        query::{Query, SIZE_MAX, position},
    },
    traces::TraceContext,
};
use actix_http::HttpMessage as _;
use actix_web::http::{StatusCode, header::HttpDate};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// A request that reads, with its client.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The site.
    pub site: &'a Site,
    /// The request.
    pub request: &'a actix_http::Request,
    /// The client.
    pub caller: &'a Caller,
    /// The end of its token.
    pub expiry: Expiry,
    /// The trace of the request, if there is one.
    pub trace: Option<&'a Arc<TraceContext>>,
}

impl Reading<'_> {
    /// The part of the address after the question mark.
    pub fn query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
    }

    /// The position that the rows of a view have to reach.
    ///
    /// # Errors
    /// When the header with it is invalid.
    pub fn at_least(&self, query: &Query) -> Result<Option<u64>, Problem> {
        match self.request.headers().get(headers::POSITION) {
            Some(value) => {
                position("X-Madang-Position", value.to_str().unwrap_or_default()).map(Some)
            }
            None => Ok(query.at_least),
        }
    }

    /// Shows what a business has.
    ///
    /// # Errors
    /// When the method is not allowed.
    pub fn business(self, business: &'static str, verb: Verb) -> Result<Response, Problem> {
        if let Some(answer) = unless_read(verb)? {
            return Ok(answer);
        }
        let shown = self.site.business(business).ok_or_else(|| unknown(self.request.path()))?;
        let content_type = content_negotiation::json(self.request.headers());
        Ok(Response::new(StatusCode::OK, content_type, shown.to_vec()))
    }

    /// Shows an aggregate.
    ///
    /// # Errors
    /// When there is none, or it cannot be read now.
    pub async fn show(self, resource: usize, base: &str, number: u64) -> Result<Response, Problem> {
        if let Some(moment) = moment(self.query())? {
            return self.past(resource, base, number, moment).await;
        }
        let reply = self.site.runtime.show(resource, number, self.caller).await?;
        // A page shows the conversation as well, which changes while the version does not.
        let is_known = headers::none_match_names(self.request.headers(), reply.version)
            && content_negotiation::shown(self.request.headers()) == Shown::Json;
        let answer = if is_known {
            Response::new(StatusCode::NOT_MODIFIED, "", Vec::new())
        } else {
            let content_type = content_negotiation::json(self.request.headers());
            Response::new(StatusCode::OK, content_type, hal::item(base, &reply))
        };
        Ok(Response { number: Some(number), ..answer.with_version(reply.version) })
    }

    /// Shows an aggregate as it was.
    async fn past(
        self,
        resource: usize,
        base: &str,
        number: u64,
        moment: Moment,
    ) -> Result<Response, Problem> {
        let reply = self.site.runtime.past(resource, number, moment, self.caller).await?;
        let head = self.request.headers();
        let answer = if headers::none_match_names(head, reply.version) {
            Response::new(StatusCode::NOT_MODIFIED, "", Vec::new())
        } else {
            let content_type = content_negotiation::json(head);
            Response::new(StatusCode::OK, content_type, hal::past(base, &reply))
        };
        let time = UNIX_EPOCH + Duration::from_millis(reply.time.0);
        let answer = answer.with_version(reply.version);
        let answer = answer.with(headers::MEMENTO_DATETIME, &HttpDate::from(time).to_string());
        Ok(Response { number: Some(number), ..answer })
    }

    /// Shows a page of the history of an aggregate.
    ///
    /// # Errors
    /// When there is no such aggregate, the query is invalid, or the page cannot be made now.
    pub async fn history(
        self,
        resource: usize,
        base: &str,
        number: u64,
    ) -> Result<Response, Problem> {
        let query = self.page_query()?;
        let page = query.page.clone();
        let found = self.site.runtime.history(resource, number, page, self.caller).await?;
        let body = history(base, number, &query, &found);
        let content_type = content_negotiation::json(self.request.headers());
        let answer = Response::new(StatusCode::OK, content_type, body);
        Ok(Response { number: Some(number), ..answer })
    }

    /// The query of a page that takes no conditions.
    fn page_query(&self) -> Result<Query, Problem> {
        let query = Query::read(self.query())?;
        if let Some((name, _)) = query.conditions.first() {
            let name = short(name);
            let reason = format!("`{name}` is not a parameter here; there are page, size and sort");
            return Err(Problem::bad_query(reason));
        }
        Ok(query)
    }

    /// Shows a page of aggregates.
    ///
    /// # Errors
    /// When the query is invalid, or the page cannot be made now.
    pub async fn list(self, resource: usize, base: &str) -> Result<Response, Problem> {
        let query = self.page_query()?;
        let found = self.site.runtime.list(resource, query.page.clone(), self.caller).await?;
        let body = hal::replies(base, &query, &found);
        Ok(Response::new(StatusCode::OK, content_negotiation::json(self.request.headers()), body))
    }

    /// Shows a page of rows, one row, or the search fields of a view.
    ///
    /// # Errors
    /// When the method or the query is invalid, or the view cannot be read now.
    pub async fn view(
        self,
        view: usize,
        route: Route<'_>,
        verb: Verb,
    ) -> Result<Response, Problem> {
        let base = route.base;
        match route.rest {
            PathRest::Named(..) => return Err(unknown(self.request.path())),
            PathRest::Word(word) if word != "search" => return Err(not_a_number(word)),
            _ => {}
        }
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Response::options(READ_ONLY)),
            _ => return Err(not_allowed(self.request.method().as_str(), READ_ONLY.to_owned())),
        }
        let query = Query::read(self.query())?;
        let at_least = self.at_least(&query)?;
        let wait_max = self.site.limits.wait_max();
        let json = |body| {
            Response::new(StatusCode::OK, content_negotiation::json(self.request.headers()), body)
        };
        let (runtime, place, wait) = (&self.site.runtime, (view, base), (at_least, wait_max));
        let answer = json(match route.rest {
            PathRest::Item(number) => row(runtime, place, number, wait, self.caller).await?,
            PathRest::Word(_) => hal::searches(base, runtime.views()[view].fields),
            _ => rows(runtime, place, &query, wait, self.caller).await?,
        });
        let answer = answer.varying_by("Accept");
        Ok(match self.site.runtime.suspended_view(view) {
            Some(name) => answer.with(headers::SUSPENDED, name),
            None => answer,
        })
    }

    /// Shows a page of a conversation.
    ///
    /// # Errors
    /// When the method or the query is invalid, or the conversation cannot be read now.
    pub async fn conversation(
        self,
        business: &'static str,
        route: Route<'_>,
        verb: Verb,
    ) -> Result<Response, Problem> {
        let number = match route.rest {
            PathRest::Item(number) => number,
            PathRest::Word(word) => return Err(not_a_number(word)),
            PathRest::Collection | PathRest::Named(..) => return Err(unknown(self.request.path())),
        };
        match verb {
            Verb::Read => {}
            Verb::Options => return Ok(Response::options(READ_ONLY)),
            _ => return Err(not_allowed(self.request.method().as_str(), READ_ONLY.to_owned())),
        }
        let query = Query::read_sized(self.query(), SIZE_MAX)?;
        let as_text = conversation::as_text(&query)?;
        let (page, wait_max) = (query.page.clone(), self.site.limits.wait_max());
        let found =
            self.site.runtime.conversation(business, number, (page, wait_max), self.caller).await?;
        let shown = ConversationPage {
            business,
            number,
            base: route.base,
            query: &query,
            conversation: &found,
        };
        let head = self.request.headers();
        let answer = if as_text.unwrap_or_else(|| content_negotiation::prefers_text(head)) {
            Response::new(StatusCode::OK, "text/plain; charset=utf-8", shown.text())
        } else {
            Response::new(StatusCode::OK, content_negotiation::json(head), shown.json())
        };
        Ok(Response { number: Some(number), ..answer.varying_by("Accept") })
    }
}

/// A row of a view at this path.
///
/// # Errors
/// When there is none, or the view cannot be read now.
pub async fn row(
    runtime: &Runtime,
    (view, base): (usize, &str),
    number: u64,
    wait: (Option<u64>, Duration),
    caller: &Caller,
) -> Result<Vec<u8>, RequestError> {
    let row = runtime.row(view, number, wait, caller).await?;
    Ok(hal::row(base, &runtime.views()[view], &row))
}

/// A page of rows of a view at this path.
///
/// # Errors
/// When the query is invalid, or the view cannot be read now.
pub async fn rows(
    runtime: &Runtime,
    (view, base): (usize, &str),
    query: &Query,
    (at_least, wait_max): (Option<u64>, Duration),
    caller: &Caller,
) -> Result<Vec<u8>, RequestError> {
    let (conditions, page) = (query.conditions.clone(), query.page.clone());
    let wanted = ViewQuery { conditions, page, at_least, owner: None, wait_max };
    let found = runtime.search(view, wanted, caller).await?;
    Ok(hal::rows(base, &runtime.views()[view], query, &found))
}
