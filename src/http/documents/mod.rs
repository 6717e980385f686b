//! The contract as clients get it: `/openapi.json`, `/asyncapi.json`, the files below
//! `/proto/`, and the browser at `/docs`.

mod browser;

use super::admin::unless_read;
use crate::{
    actors::RequestError,
    http::{request::Verb, response::Response},
    inbound::problem::{Problem, unknown},
};
use actix_web::http::{StatusCode, header, header::HeaderMap};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// The beginning of the paths of the browser for the contract.
const BROWSER: &str = "/docs";

/// The beginning of the paths of documents that are text.
const TEXTS: &str = "/proto/";

/// The contract of a server. It is written when it is first requested.
#[derive(Clone)]
pub struct Documents {
    write: Arc<dyn Fn() -> Vec<(String, Value)> + Send + Sync>,
    written: Arc<OnceLock<HashMap<String, Vec<u8>>>>,
}

impl Documents {
    /// The documents that this function writes, by their paths. It takes about a second for all
    /// businesses, and runs at most once. A document that is text is a string.
    pub fn new(write: impl Fn() -> Vec<(String, Value)> + Send + Sync + 'static) -> Self {
        Self { write: Arc::new(write), written: Arc::default() }
    }

    /// Answers a request for a document or for the browser.
    ///
    /// # Errors
    /// When there is no such document, or the method does not read.
    pub(in crate::http) async fn answer(
        &self,
        verb: Verb,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        if let Some(answer) = unless_read(verb)? {
            return Ok(answer);
        }
        if let Some(rest) = path.strip_prefix(BROWSER) {
            return browser::answer(rest, headers).ok_or_else(|| unknown(path));
        }
        if self.written.get().is_none() {
            let documents = self.clone();
            let written = tokio::task::spawn_blocking(move || _ = documents.written());
            written.await.map_err(|error| RequestError::Failed(error.to_string()))?;
        }
        let document = self.written().get(path).ok_or_else(|| unknown(path))?;
        let is_text = path.starts_with(TEXTS);
        let content_type = if is_text { "text/plain; charset=utf-8" } else { "application/json" };
        let answer = Response::new(StatusCode::OK, content_type, document.clone());
        let answer = answer.with(header::CACHE_CONTROL, "no-cache");
        Ok(if is_text { answer.with(header::X_CONTENT_TYPE_OPTIONS, "nosniff") } else { answer })
    }

    fn written(&self) -> &HashMap<String, Vec<u8>> {
        self.written.get_or_init(|| {
            let written = (self.write)().into_iter();
            let text = |document| match document {
                Value::String(text) => text,
                document => document.to_string(),
            };
            written.map(|(path, document)| (path, text(document).into_bytes())).collect()
        })
    }
}

/// Whether a document or the browser is at this path.
pub(in crate::http) fn is_path(path: &str) -> bool {
    let is_document = ["/openapi.json", "/asyncapi.json"].iter().any(|end| path.ends_with(end));
    let below = path.strip_prefix(BROWSER);
    is_document
        || path.starts_with(TEXTS)
        || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
