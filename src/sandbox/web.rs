//! The HTTP interface of the sandbox: calls to services, and admin requests to read and change
//! them.

use super::{
    behaviour::Behaviour,
    ledger::{Call, Verdict},
    service::{Answer, Service},
};
use crate::origin_policy::{OriginPolicy, Refusal, check_body};
use crate::sync;
use actix_web::{
    Error, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::{self, Bytes, Data, Path, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

/// The services that exist from the start. Others are created by the first call or change.
pub const SERVICES: [&str; 4] = ["payment", "sms", "review-desk", "reward-bank"];

const SERVICES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;
const KEY_BYTES_MAX: usize = 256;
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The first path segment that is not the name of a service.
const ADMIN: &str = "admin";

/// All services.
#[derive(Debug)]
pub struct Services {
    by_name: Mutex<BTreeMap<String, Arc<Service>>>,
    behaviour: Behaviour,
    keys_max: usize,
}

impl Services {
    /// Creates the services with this behaviour. Each stores at most `keys_max` keys.
    pub fn new(behaviour: Behaviour, keys_max: usize) -> Self {
        let service = || Arc::new(Service::new(behaviour, keys_max));
        let services = SERVICES.iter().map(|name| ((*name).to_owned(), service())).collect();
        Self { by_name: Mutex::new(services), behaviour, keys_max }
    }

    fn find(&self, name: &str) -> Result<Arc<Service>, Problem> {
        let found = sync::lock(&self.by_name).get(name).cloned();
        found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, unknown(name)))
    }

    fn find_or_begin(&self, name: &str) -> Result<Arc<Service>, Problem> {
        let mut services = sync::lock(&self.by_name);
        if let Some(service) = services.get(name) {
            return Ok(Arc::clone(service));
        }
        if name == ADMIN || name.len() > NAME_BYTES_MAX {
            return Err(Problem::new(StatusCode::NOT_FOUND, unknown(name)));
        }
        if services.len() >= SERVICES_MAX {
            let detail = format!("there are {SERVICES_MAX} services already");
            return Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail));
        }
        let service = Arc::new(Service::new(self.behaviour, self.keys_max));
        services.insert(name.to_owned(), Arc::clone(&service));
        Ok(service)
    }
}

fn unknown(name: &str) -> String {
    format!("`{name}`: there is no such service")
}

/// The error response to a request.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    detail: String,
    retry_after_s: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(after_s) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, after_s));
        }
        response.json(json!({ "status": self.status.as_u16(), "detail": self.detail }))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, reason) = match refusal {
            Refusal::Malformed(reason) => (StatusCode::BAD_REQUEST, reason),
            Refusal::ForeignOrigin(reason) => (StatusCode::FORBIDDEN, reason),
            Refusal::MediaType(reason) | Refusal::Encoded(reason) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, reason)
            }
            Refusal::Expectation(reason) => (StatusCode::EXPECTATION_FAILED, reason),
            Refusal::Misdirected(reason) => (StatusCode::MISDIRECTED_REQUEST, reason),
        };
        Self::new(status, reason)
    }
}

/// Refuses requests of web pages of other origins, before anything is called or changed.
pub async fn refuse_foreign_pages(
    policy: Data<OriginPolicy>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (method, headers) = (request.method(), request.headers());
    policy.check(method, request.uri(), headers).map_err(Problem::from)?;
    check_body(method, headers).map_err(Problem::from)?;
    next.call(request).await
}

type Shown = Result<HttpResponse, Problem>;

/// Registers all paths.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
        .route("/admin/services", web::get().to(list))
        .route("/admin/services/{name}", web::get().to(show))
        .route("/admin/services/{name}", web::put().to(change))
        .route("/admin/ledger/{name}", web::get().to(ledger))
        .route("/admin/ledger/{name}/standing", web::get().to(standing))
        .route("/{name}", web::post().to(call))
        .route("/{name}/{rest:.*}", web::post().to(call));
}

async fn call(request: HttpRequest, body: Bytes, services: Data<Services>) -> Shown {
    let name = request.match_info().get("name").unwrap_or_default();
    let call = understood(&request, &body)?;
    let transaction = transaction_id(&call.key);
    let service = services.find_or_begin(name)?;
    let problem = |status, detail| Err(Problem::new(status, detail));
    match service.take(call).await {
        Answer::Said(Verdict::Done) => {
            let approved = json!({ "status": "approved", "transactionId": transaction });
            Ok(HttpResponse::Ok().json(approved))
        }
        Answer::Said(Verdict::Declined) => {
            problem(StatusCode::PAYMENT_REQUIRED, "declined on purpose")
        }
        Answer::Said(Verdict::Refused(reason)) => problem(StatusCode::CONFLICT, reason),
        Answer::Failed => problem(StatusCode::INTERNAL_SERVER_ERROR, "failed on purpose"),
        Answer::Busy { retry_after_s } => Err(Problem {
            retry_after_s: Some(retry_after_s),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the capacity is used up")
        }),
        Answer::Full => {
            problem(StatusCode::INSUFFICIENT_STORAGE, "the ledger has no room for more keys")
        }
    }
}

/// The number of what is done under this key.
fn transaction_id(key: &str) -> String {
    format!("t-{key}")
}

/// The part of a body that is read here: the charge to give back, for which each business has its
/// own name, and the number of its transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(alias = "release", alias = "reclaim")]
    charge: Option<String>,
    transaction_id: Option<String>,
}

/// Parses a call. The error says why it is malformed, or names another transaction.
fn understood(request: &HttpRequest, body: &[u8]) -> Result<Call, Problem> {
    let malformed = |sentence| Problem::new(StatusCode::BAD_REQUEST, sentence);
    let is_key = |key: &&str| (1..=KEY_BYTES_MAX).contains(&key.len());
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let Some(key) = key.filter(is_key) else {
        let sentence = format!("a call needs an Idempotency-Key of 1 to {KEY_BYTES_MAX} bytes");
        return Err(malformed(sentence));
    };
    let asked: Asked =
        serde_json::from_slice(body).map_err(|error| malformed(format!("the body: {error}")))?;
    if !asked.charge.as_deref().is_none_or(|charge| is_key(&charge)) {
        let sentence = format!("the charge to give back is a key of 1 to {KEY_BYTES_MAX} bytes");
        return Err(malformed(sentence));
    }
    let given_back = asked.charge.as_deref().map(transaction_id);
    if asked.transaction_id.is_some() && asked.transaction_id != given_back {
        let sentence = "this is not the transaction of the charge to give back";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
    }
    Ok(Call { key: key.to_owned(), gives_back: asked.charge })
}

async fn list(services: Data<Services>) -> Shown {
    let services = sync::lock(&services.by_name);
    let behaviours = services.iter().map(|(name, service)| (name, service.behaviour()));
    let services: BTreeMap<_, _> = behaviours.collect();
    Ok(HttpResponse::Ok().json(json!({ "services": services })))
}

async fn show(name: Path<String>, services: Data<Services>) -> Shown {
    Ok(HttpResponse::Ok().json(services.find(&name)?.behaviour()))
}

async fn change(name: Path<String>, body: Bytes, services: Data<Services>) -> Shown {
    let problem = |sentence| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence);
    let changes: Map<String, Value> =
        serde_json::from_slice(&body).map_err(|error| problem(format!("the body: {error}")))?;
    let behaviour = services.find_or_begin(&name)?.change(changes).map_err(problem)?;
    Ok(HttpResponse::Ok().json(behaviour))
}

#[derive(Deserialize)]
struct LookUp {
    key: Option<String>,
}

async fn ledger(name: Path<String>, query: Query<LookUp>, services: Data<Services>) -> Shown {
    let service = services.find(&name)?;
    let Some(key) = &query.key else {
        return Ok(HttpResponse::Ok().json(service.ledger().totals()));
    };
    let entry = service.ledger().look_up(key).ok_or_else(|| {
        let detail = format!("`{key}`: no call had this key");
        Problem::new(StatusCode::NOT_FOUND, detail)
    })?;
    Ok(HttpResponse::Ok().json(entry))
}

async fn standing(name: Path<String>, services: Data<Services>) -> Shown {
    Ok(HttpResponse::Ok().json(services.find(&name)?.ledger().standing()))
}
