//! The origin policy of a server. It accepts requests that name the server in `Host` and, if they
//! can change something, do not come from a web page of another origin.
//!
//! A browser sends requests on behalf of any page to any server that it can reach, even on
//! loopback. Two checks prevent pages from exploiting that:
//!
//! - `Host` must name the server. When the name of a page resolves to our address (DNS rebinding),
//!   the browser treats both as one origin. `Host` then holds the name of the page.
//! - A request that can change something must come from one of our origins, or from no page. Its
//!   body must be JSON or absent. A page may send forms and plain text without a preflight request.
//!   Such bodies are always refused.

mod authority;
mod body;
mod cors_origins;

pub use authority::{HostPattern, Origin};
pub use body::check_body;
pub use cors_origins::CorsOrigins;

use actix_web::http::{
    Method, Uri,
    header::{self, HeaderMap, HeaderValue},
};
use authority::{Authority, Host};
use std::net::IpAddr;

/// The header in which a browser states how the origin of the page relates to the server.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The most characters of a client's text that an error message repeats.
const REPEATED_CHARACTERS_MAX: usize = 60;

/// The reason why a request is refused; each variant holds the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A header or the target is malformed: 400.
    Malformed(String),
    /// A page of another origin sent it: 403.
    ForeignOrigin(String),
    /// The body is not JSON: 415.
    MediaType(String),
    /// The body is compressed: 415.
    Encoded(String),
    /// The header `Expect` requires something this server does not support: 417.
    Expectation(String),
    /// The request is meant for another server: 421.
    Misdirected(String),
}

/// The hosts and origins of one server.
#[derive(Clone, Debug)]
pub struct OriginPolicy {
    listen: IpAddr,
    hosts: Vec<HostPattern>,
    origins: Vec<Origin>,
    /// Whether pages of every origin may send requests that change something.
    is_open: bool,
    /// The name of the setting for further hosts, for the message of a refusal.
    hosts_setting: &'static str,
}

/// The headers of a request that the checks read.
#[derive(Default)]
struct Marks<'a> {
    host: Option<&'a HeaderValue>,
    origin: Option<&'a HeaderValue>,
    fetch_site: Option<&'a HeaderValue>,
    /// The name of a header that the request contains more than once.
    repeated: Option<&'static str>,
}

impl OriginPolicy {
    /// Creates the policy of a server with its listen address and its further hosts and origins.
    /// `hosts_setting` names the setting for further hosts.
    #[must_use]
    pub const fn new(
        listen: IpAddr,
        hosts: Vec<HostPattern>,
        origins: Vec<Origin>,
        hosts_setting: &'static str,
    ) -> Self {
        Self { listen, hosts, origins, is_open: false, hosts_setting }
    }

    /// Allows pages of every origin.
    #[must_use]
    pub fn open_to_every_origin(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// Checks the target, `Host`, `Origin` and `Sec-Fetch-Site` of a request.
    ///
    /// A request without `Host` passes: only HTTP/1.0 allows that, and no browser uses it.
    ///
    /// # Errors
    /// When the request is refused.
    pub fn check(&self, method: &Method, target: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let marks = Marks::of(headers);
        if let Some(name) = marks.repeated {
            return Err(Refusal::Malformed(format!("there is more than one `{name}` header")));
        }
        let host = marks.host.map(|value| read_host(value.as_bytes())).transpose()?;
        // If the target is in absolute form, its host counts, and `Host` must name this server as
        // well.
        let target = target.authority().map(|it| read_host(it.as_str().as_bytes())).transpose()?;
        for authority in host.iter().chain(&target) {
            self.check_host(authority)?;
        }
        if self.is_open || matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        self.check_page(&marks, target.or(host).as_ref())
    }

    fn check_host(&self, authority: &Authority) -> Result<(), Refusal> {
        let is_ours = match &authority.host {
            Host::Name(name) if name == "localhost" => true,
            // A page cannot have the address of another server as its origin. So any address is
            // safe when the server listens on all addresses.
            Host::Address(address) => {
                address.is_loopback() || self.listen.is_unspecified() || *address == self.listen
            }
            Host::Name(_) => false,
        };
        if is_ours || self.hosts.iter().any(|pattern| pattern.matches(authority)) {
            return Ok(());
        }
        Err(Refusal::Misdirected(format!(
            "`{authority}` is not a host of this server; use its address or localhost, or add the \
             host to {}",
            self.hosts_setting
        )))
    }

    /// Checks that the request comes from no page, or from a page of an allowed origin.
    fn check_page(&self, marks: &Marks<'_>, server: Option<&Authority>) -> Result<(), Refusal> {
        let site = marks.fetch_site.map(HeaderValue::as_bytes);
        let is_of_this_site = matches!(site, None | Some(b"same-origin" | b"none"));
        let origin = marks.origin.map(|value| value.to_str().unwrap_or_default());
        let is_ours = match origin {
            None => is_of_this_site,
            Some(text) => Origin::read(text).is_ok_and(|origin| {
                let is_own = server.is_some_and(|server| origin.is_of(server));
                self.origins.contains(&origin) || (is_own && is_of_this_site)
            }),
        };
        if is_ours {
            return Ok(());
        }
        Err(Refusal::ForeignOrigin(match origin {
            Some(origin) => format!(
                "a page of the origin `{}` may not change anything here; only pages of this \
                 server may, and those of configured origins",
                shortened(origin)
            ),
            None => "a page of another origin may not change anything here".to_owned(),
        }))
    }
}

impl<'a> Marks<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let mut marks = Self::default();
        for (name, value) in headers {
            let (mark, named) = if *name == header::HOST {
                (&mut marks.host, "Host")
            } else if *name == header::ORIGIN {
                (&mut marks.origin, "Origin")
            } else if name.as_str() == SEC_FETCH_SITE {
                (&mut marks.fetch_site, "Sec-Fetch-Site")
            } else {
                continue;
            };
            if mark.replace(value).is_some() {
                marks.repeated = Some(named);
            }
        }
        marks
    }
}

fn read_host(bytes: &[u8]) -> Result<Authority, Refusal> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    Authority::read(text).ok_or_else(|| {
        let text = shortened(text);
        Refusal::Malformed(format!("`{text}` is not a host with an optional port"))
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(REPEATED_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
