//! Section `[traces]`.

use crate::described;
use serde::{Deserialize, Serialize};

described! {
    /// The settings of exported traces.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct TracesSettings {
        /// The collector that spans are sent to, such as `http://127.0.0.1:4318` for HTTP and
        /// `http://127.0.0.1:4317` for gRPC. Without it, nothing is sent.
        pub endpoint: Option<String>,
        /// `http`, OTLP as protobuf over HTTP, or `grpc`, which speaks no TLS.
        pub protocol: Protocol,
        /// The share of the conversations that are recorded, from 0 to 1, when their client names no
        /// trace. A `traceparent` says itself whether its trace is recorded.
        pub sample_ratio: f64,
        /// The name of this server among the traced services.
        pub service_name: String,
    }
}

/// The protocol of the collector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// OTLP as protobuf over HTTP.
    #[default]
    Http,
    /// OTLP over gRPC, without TLS.
    Grpc,
}

impl Default for TracesSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            protocol: Protocol::Http,
            sample_ratio: 0.1,
            service_name: "madang".to_owned(),
        }
    }
}

impl TracesSettings {
    /// Checks the values.
    ///
    /// # Errors
    /// The key whose value is wrong, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(endpoint) = &self.endpoint {
            let is_http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
            let url =
                reqwest::Url::parse(endpoint).map_err(|error| ("endpoint", error.to_string()));
            if !is_http || !url?.has_host() {
                let reason = "must be an address such as \"http://127.0.0.1:4318\"".to_owned();
                return Err(("endpoint", reason));
            }
            if self.protocol == Protocol::Grpc && endpoint.starts_with("https://") {
                let reason = "must begin with http:// with protocol = \"grpc\"".to_owned();
                return Err(("endpoint", reason));
            }
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let reason = format!("must be from 0 to 1, not {}", self.sample_ratio);
            return Err(("sample_ratio", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut TracesSettings)) -> Result<(), &'static str> {
        let mut settings = TracesSettings::default();
        change(&mut settings);
        settings.check().map_err(|(key, _)| key)
    }

    #[test]
    fn an_endpoint_is_an_address_of_http() {
        let at = |endpoint: &str| with(|settings| settings.endpoint = Some(endpoint.to_owned()));
        assert_eq!(TracesSettings::default().check(), Ok(()));
        for good in ["http://127.0.0.1:4318", "https://collector.example/otlp/v1/traces"] {
            assert_eq!(at(good), Ok(()), "{good}");
        }
        for wrong in ["", "collector:4317", "grpc://collector", "http://"] {
            assert_eq!(at(wrong), Err("endpoint"), "{wrong}");
        }
        let secure = with(|settings| {
            settings.endpoint = Some("https://collector:4317".to_owned());
            settings.protocol = Protocol::Grpc;
        });
        assert_eq!(secure, Err("endpoint"));
    }

    #[test]
    fn a_ratio_is_from_0_to_1() {
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert_eq!(with(|settings| settings.sample_ratio = wrong), Err("sample_ratio"));
        }
        assert_eq!(with(|settings| settings.sample_ratio = 1.0), Ok(()));
    }
}
