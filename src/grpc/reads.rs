//! The methods `Get`, `List` and `Search`: aggregates, and rows of views.

use super::{
    call::{Call, Unary},
    execute::shown,
    messages::{
        Aggregate, GetRequest, ListRequest, ListResponse, Row, SearchRequest, SearchResponse,
    },
    site::Site,
};
use crate::{
    actors::{self, ViewQuery},
    inbound::{
        problem::Problem,
        query::{PARAMETERS_MAX, Query, SIZE_DEFAULT},
    },
};
use tonic::{Response, metadata::MetadataValue};

/// The method `Get`.
pub struct Get;

/// The method `List`.
pub struct List;

/// The method `Search`.
pub struct Search;

impl Unary for Get {
    type Got = GetRequest;
    type Sent = Aggregate;

    async fn answer(
        &self,
        site: &Site,
        call: &Call,
        GetRequest { business, resource, number }: GetRequest,
    ) -> Result<Response<Aggregate>, Problem> {
        let resource = site.resource(&business, &resource)?;
        let reply = site.runtime.show(resource, number, &call.caller).await?;
        Ok(Response::new(shown(reply)))
    }
}

impl Unary for List {
    type Got = ListRequest;
    type Sent = ListResponse;

    async fn answer(
        &self,
        site: &Site,
        call: &Call,
        ListRequest { business, resource, page, size, sort }: ListRequest,
    ) -> Result<Response<ListResponse>, Problem> {
        let resource = site.resource(&business, &resource)?;
        let query = query(page, size, sort, Vec::new())?;
        let found = site.runtime.list(resource, query.page, &call.caller).await?;
        let aggregates = found.items.into_iter().map(shown).collect();
        Ok(Response::new(ListResponse { aggregates, total: found.total }))
    }
}

impl Unary for Search {
    type Got = SearchRequest;
    type Sent = SearchResponse;

    async fn answer(
        &self,
        site: &Site,
        call: &Call,
        message: SearchRequest,
    ) -> Result<Response<SearchResponse>, Problem> {
        let SearchRequest { business, view, conditions, page, size, sort, at_least } = message;
        let view = site.view(&business, &view)?;
        let mut further: Vec<_> =
            conditions.into_iter().map(|condition| (condition.name, condition.value)).collect();
        if let Some((name, _)) = further.iter().find(|(name, _)| is_own(name)) {
            let reason = format!("`{name}` is a field of the request, not a condition");
            return Err(Problem::bad_query(reason));
        }
        further.extend((!at_least.is_empty()).then(|| ("at-least".to_owned(), at_least)));
        let Query { page, at_least, conditions } = query(page, size, sort, further)?;
        let wanted = ViewQuery { conditions, page, at_least, owner: None, wait_max: site.wait_max };
        let found = site.runtime.search(view, wanted, &call.caller).await?;
        let shown = |row: actors::Row| Row { number: row.number, body: row.body };
        let rows = found.items.into_iter().map(shown).collect();
        let mut response = Response::new(SearchResponse { rows, total: found.total });
        if let Some(name) = site.runtime.suspended_view(view) {
            response.metadata_mut().insert("x-madang-suspended", MetadataValue::from_static(name));
        }
        Ok(response)
    }
}

/// Whether a parameter of this name has a field of its own in a request.
fn is_own(name: &str) -> bool {
    matches!(name, "page" | "size" | "sort" | "at-least")
}

/// The same query as over HTTP, so that the same limits hold.
fn query(
    page: u64,
    size: u32,
    sort: Vec<String>,
    further: Vec<(String, String)>,
) -> Result<Query, Problem> {
    if sort.len() + further.len() > PARAMETERS_MAX {
        let reason =
            format!("there are more than {PARAMETERS_MAX} conditions and fields to sort by");
        return Err(Problem::bad_query(reason));
    }
    let mut parameters = vec![("page".to_owned(), page.to_string())];
    parameters.extend((size > 0).then(|| ("size".to_owned(), size.to_string())));
    parameters.extend(sort.into_iter().map(|field| ("sort".to_owned(), field)));
    parameters.extend(further);
    Query::of_parameters(parameters, SIZE_DEFAULT)
}
