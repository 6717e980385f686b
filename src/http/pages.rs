//! Answers as pages: a client that prefers HTML gets the JSON of a read as a page.

use crate::{
    actors::{Caller, Page, ResourceInfo, ViewInfo},
    domain::kernel::Field,
    http::{
        admin::{components::COMPONENTS, gates::GATES},
        index::{OPERATORS, businesses},
        request::{PathRest, Route, RouteTarget, Shown, Verb, content_negotiation},
        response::{
            ConversationPage, Response,
            html::{
                self, Aggregate, BusinessPaths, Crumb, History, Node, Participants, Rows, Sorting,
            },
        },
        site::Site,
    },
    inbound::{
        problem::Problem,
        query::{Query, SIZE_MAX},
    },
};
use actix_http::HttpMessage as _;
use actix_web::http::header;
use std::time::Duration;

/// The longest time that the page of an aggregate waits for its history.
const HISTORY_WAIT_MAX: Duration = Duration::from_secs(1);

/// The media types that pages are made of.
const JSON: [&str; 3] = ["application/hal+json", "application/json", "application/problem+json"];

/// The fields that aggregates can be sorted by.
const ID: &[Field] = &[Field::key("id")];

/// The answer to a read in the form that the client prefers: unchanged, or as a page.
pub async fn negotiated(
    site: &Site,
    verb: Verb,
    (request, caller): (&actix_http::Request, &Caller),
    answer: Response,
) -> Response {
    if verb != Verb::Read {
        return answer;
    }
    let is_declared = answer.headers.iter().any(|(name, _)| *name == header::VARY);
    let answer = if is_declared { answer } else { answer.varying_by("Accept") };
    let is_json = JSON.contains(&answer.content_type);
    if !is_json || content_negotiation::shown(request.headers()) == Shown::Json {
        return answer;
    }
    let query = request.uri().query().unwrap_or("");
    let asked = Asked { site, caller, path: request.path(), query };
    // On the heap: requests for JSON do not carry the size of this future.
    match Box::pin(asked.page(&answer)).await {
        Some(body) => as_page(answer, body),
        None => answer,
    }
}

/// The answer with this page as its body. The version is left out: it is that of the aggregate, and
/// its page changes with the conversation as well.
fn as_page(mut answer: Response, body: Vec<u8>) -> Response {
    answer.headers.retain(|(name, _)| *name != header::ETAG);
    Response { content_type: "text/html; charset=utf-8", body, ..answer }
        .with(header::CONTENT_SECURITY_POLICY, html::CONTENT_SECURITY_POLICY)
        .with(header::REFERRER_POLICY, "same-origin")
}

/// A read of a client that prefers HTML.
struct Asked<'a> {
    site: &'a Site,
    caller: &'a Caller,
    path: &'a str,
    query: &'a str,
}

impl Asked<'_> {
    /// The page for this answer; `None` when the client asked for JSON in the query.
    async fn page(&self, answer: &Response) -> Option<Vec<u8>> {
        let document = Node::read(&answer.body)?;
        let route = self.site.router.resolve(self.path).ok();
        let crumbs = self.crumbs(route);
        if !answer.status.is_success() && *document.get("type") != Node::Null {
            let retry_after = answer.headers.iter().find(|(name, _)| *name == header::RETRY_AFTER);
            let seconds = retry_after.and_then(|(_, value)| value.to_str().ok());
            return Some(html::problem(&crumbs, &document, seconds));
        }
        let Some(Route { target, base, rest }) = route else {
            return Some(self.page_beside_the_businesses(&crumbs, &document));
        };
        match (target, rest) {
            (RouteTarget::Resource(_), PathRest::Collection) => {
                self.collection(&crumbs, base, None, &document)
            }
            (RouteTarget::Resource(resource), PathRest::Item(number)) => {
                Some(self.aggregate(&crumbs, resource, (base, number), &document).await)
            }
            (RouteTarget::View(view), PathRest::Collection) => {
                let info = &self.site.runtime.views()[view];
                self.collection(&crumbs, base, Some(info), &document)
            }
            (RouteTarget::View(view), PathRest::Item(_)) => {
                Some(html::object(&crumbs, self.site.runtime.views()[view].fields, &document))
            }
            (RouteTarget::Conversations(business), _) => {
                let query = Query::read_sized(self.query, SIZE_MAX).ok()?;
                let is_json = query.conditions.iter().any(|(name, _)| name == "as");
                let participants = self.participants(business, base);
                (!is_json).then(|| html::conversation(&crumbs, &participants, &document))
            }
            (RouteTarget::Business(business), _) => {
                Some(html::business(&crumbs, &self.paths(business)))
            }
            _ => Some(html::object(&crumbs, &[], &document)),
        }
    }

    /// A page of aggregates, or of the rows of a view.
    fn collection(
        &self,
        crumbs: &[Crumb],
        base: &str,
        view: Option<&ViewInfo>,
        document: &Node,
    ) -> Option<Vec<u8>> {
        let query = Query::read(self.query).ok()?;
        let (fields, links) = view.map_or((ID, &[][..]), |view| (view.fields, view.links));
        let sorting = Sorting { base, query: &query, fields };
        let search = view.map(|_| format!("{base}/search"));
        Some(html::collection(crumbs, &Rows { sorting, links, document, search }))
    }

    fn page_beside_the_businesses(&self, crumbs: &[Crumb], document: &Node) -> Vec<u8> {
        if self.path == "/" {
            let businesses = businesses(&self.site.runtime).into_iter();
            let businesses: Vec<_> = businesses.map(|name| self.paths(name)).collect();
            html::index(crumbs, &businesses, &OPERATORS)
        } else {
            html::object(crumbs, &[], document)
        }
    }

    /// The aggregates and views of a business.
    fn paths(&self, name: &'static str) -> BusinessPaths<'static> {
        let (resources, views) = (self.site.runtime.resources(), self.site.runtime.views());
        let resources = resources.iter().filter(|of| of.business == name);
        let views = views.iter().filter(|of| of.business == name);
        BusinessPaths {
            name,
            resources: resources.map(|of| of.name).collect(),
            views: views.map(|of| of.name).collect(),
        }
    }

    async fn aggregate(
        &self,
        crumbs: &[Crumb],
        resource: usize,
        (base, number): (&str, u64),
        document: &Node,
    ) -> Vec<u8> {
        let ResourceInfo { business, name, .. } = self.site.runtime.resources()[resource];
        let prefix = base.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let conversations = format!("{prefix}/conversations");
        let path = format!("{conversations}/{number}");
        let is_served = self
            .site
            .router
            .resolve(&path)
            .is_ok_and(|route| route.target == RouteTarget::Conversations(business));
        let read = if is_served {
            self.conversation(business, number, &conversations).await
        } else {
            Ok(Node::Null)
        };
        let history = match &read {
            Err(problem) if problem.family.status == 404 => History::None,
            Err(problem) => History::Unreadable(problem.detail.clone()),
            Ok(records) if html::has_record_of(records, name, number) => {
                History::Records(records, path, self.participants(business, &conversations))
            }
            Ok(_) => History::None,
        };
        html::aggregate(crumbs, &Aggregate { shown: document, base, history })
    }

    /// The first page of a conversation.
    async fn conversation(
        &self,
        business: &'static str,
        number: u64,
        base: &str,
    ) -> Result<Node, Problem> {
        let query = Query::read_sized("", SIZE_MAX)?;
        let wait_max = self.site.limits.wait_max().min(HISTORY_WAIT_MAX);
        let page: Page = query.page.clone();
        let found =
            self.site.runtime.conversation(business, number, (page, wait_max), self.caller).await?;
        let page = ConversationPage { business, number, base, query: &query, conversation: &found };
        Ok(Node::read(&page.json()).unwrap_or(Node::Null))
    }

    fn participants<'a>(&'a self, business: &str, conversations: &'a str) -> Participants<'a> {
        let resources = self.site.runtime.resources().iter();
        Participants {
            prefix: conversations.rsplit_once('/').map_or("", |(prefix, _)| prefix),
            resources: resources
                .filter(|resource| resource.business == business)
                .map(|resource| resource.name)
                .collect(),
        }
    }

    /// The pages above this one, then the page itself.
    fn crumbs(&self, route: Option<Route>) -> Vec<Crumb> {
        let mut crumbs = vec![Crumb::link("madang", "/")];
        let Some(Route { target, base, rest }) = route else {
            crumbs.extend(self.crumbs_beside_the_businesses());
            return crumbs;
        };
        let (business, has_collection) = match target {
            RouteTarget::Resource(nth) => (self.site.runtime.resources()[nth].business, true),
            RouteTarget::View(nth) => (self.site.runtime.views()[nth].business, true),
            RouteTarget::Conversations(business) => (business, false),
            RouteTarget::Business(business) => {
                crumbs.push(Crumb::text(business));
                return crumbs;
            }
        };
        let name = base.rsplit('/').next().unwrap_or(base);
        crumbs.push(Crumb::link(business, format!("/{business}")));
        crumbs.push(if has_collection { Crumb::link(name, base) } else { Crumb::text(name) });
        match rest {
            PathRest::Collection => {}
            PathRest::Item(number) => crumbs.push(Crumb::text(number.to_string())),
            PathRest::Word(word) => crumbs.push(Crumb::text(word)),
            PathRest::Named(number, word) => {
                crumbs.push(Crumb::link(number.to_string(), format!("{base}/{number}")));
                crumbs.push(Crumb::text(word));
            }
        }
        crumbs
    }

    fn crumbs_beside_the_businesses(&self) -> Vec<Crumb> {
        for list in [COMPONENTS, GATES] {
            let below = self.path.strip_prefix(list).and_then(|below| below.strip_prefix('/'));
            if let Some(name) = below {
                return vec![Crumb::link(list.trim_start_matches('/'), list), Crumb::text(name)];
            }
        }
        let name = self.path.trim_start_matches('/');
        if name.is_empty() { vec![] } else { vec![Crumb::text(name)] }
    }
}
