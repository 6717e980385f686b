//! The text that a server prints when it serves.

use super::App;
use crate::domain::kernel::Method;
use std::fmt::Write as _;

impl App {
    /// The text printed at the start: the address, the resources and views, and example requests.
    #[must_use]
    pub fn greeting(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        let at = format!("{scheme}://{}", self.address);
        let mut parts: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
        for resource in self.runtime.resources() {
            match parts.last_mut().filter(|(business, ..)| *business == resource.business) {
                Some((_, resources, _)) => resources.push(resource.name),
                None => parts.push((resource.business, vec![resource.name], vec![])),
            }
        }
        for view in self.runtime.views() {
            let part = parts.iter_mut().find(|(business, ..)| *business == view.business);
            if let Some((_, _, views)) = part {
                views.push(view.name);
            }
        }
        let mut text = format!("madang serves at {at}\n");
        for (business, resources, views) in parts {
            let _ = write!(text, "  /{business:<12} {}", resources.join(", "));
            let _ = match views.join(", ") {
                none if none.is_empty() => writeln!(text),
                views => writeln!(text, "; views {views}"),
            };
        }
        if let Some(address) = self.grpc_address() {
            let _ = writeln!(text, "gRPC at {address}");
        }
        if let Some(address) = self.metrics_address() {
            let _ = writeln!(text, "metrics at {address}");
        }
        text.push_str(if self.runtime.examples().is_empty() { "" } else { "try:\n" });
        for example in self.runtime.examples() {
            let (method, path) = example.request(self.runtime.resources());
            // POST is the method of a request with a body.
            let method = match method {
                Method::Post => String::new(),
                other => format!("-X {} ", other.name()),
            };
            let (header, body) = ("content-type: application/json", example.body);
            let _ = writeln!(text, "  curl -i {method}{at}{path} -H '{header}' -d '{body}'");
        }
        text
    }
}
