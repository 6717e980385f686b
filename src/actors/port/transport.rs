//! Transports to an outside service: the sandbox inside this process, or HTTP.

use super::http::Http;
use crate::{
    actors::settings::{PortSettings, TransportKind},
    domain::kernel::{PortReply, PortRequest, RetryPolicy},
    random::{between, roll, share_of},
    store::StoreId,
    traces::TraceContext,
};
use serde_json::Value;
use std::time::Duration;

/// The transport of requests to an outside service, and of its answers.
pub struct Transport {
    settings: PortSettings,
    by: Means,
}

enum Means {
    Sandbox,
    Http(Http),
}

impl Transport {
    /// Creates the transport of this port, as configured. Other ports and other stores may call the
    /// same service, so port name and store id are a part of every key. The keys of a store without
    /// an id have no prefix.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the settings.
    pub fn new(port: &str, store: Option<StoreId>, settings: PortSettings) -> Result<Self, String> {
        let by = match settings.transport {
            TransportKind::Sandbox => Means::Sandbox,
            TransportKind::Http => {
                let http = Http::new(port, store, &settings);
                Means::Http(http.map_err(|reason| format!("ports.\"{port}\".{reason}"))?)
            }
        };
        Ok(Self { settings, by })
    }

    /// Sends one request and returns the answer. A service over HTTP gets the trace.
    ///
    /// # Errors
    /// The details of the failure, for operators only.
    pub async fn ask(
        &self,
        ask: &PortRequest,
        trace: Option<&TraceContext>,
    ) -> Result<PortReply, String> {
        match &self.by {
            Means::Sandbox if self.is_instant() => self.sandbox_answer(ask),
            Means::Sandbox => self.ask_sandbox(ask).await,
            Means::Http(http) => http.ask(ask, trace).await,
        }
    }

    fn is_instant(&self) -> bool {
        self.settings.latency_ms_max == 0 && self.settings.latency_ms_min == 0
    }

    async fn ask_sandbox(&self, ask: &PortRequest) -> Result<PortReply, String> {
        let (shortest, longest) = (self.settings.latency_ms_min, self.settings.latency_ms_max);
        let latency = between(shortest, longest.max(shortest));
        tokio::time::sleep(Duration::from_millis(latency)).await;
        self.sandbox_answer(ask)
    }

    /// The answer of the sandbox. Only the key decides whether a call is declined, so a retry gets
    /// the same answer.
    fn sandbox_answer(&self, ask: &PortRequest) -> Result<PortReply, String> {
        if roll() < self.settings.failure_rate {
            return Err("the sandbox failed on purpose".into());
        }
        let is_declinable = ask.retry_policy == RetryPolicy::UntilDeadline;
        if is_declinable && share_of(&ask.key) < self.settings.decline_rate {
            return Ok(PortReply::Declined("the sandbox declined on purpose".into()));
        }
        Ok(PortReply::Approved(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn the_sandbox_declines_about_the_configured_share_of_the_keys() {
        for (decline_rate, expected) in [(0.0, 0..=0), (0.3, 250..=350), (1.0, 1_000..=1_000)] {
            let settings = PortSettings { decline_rate, ..PortSettings::default() };
            let sandbox = Transport::new("taxi/payment", None, settings).expect("no url needed");
            let mut declined = 0;
            for key in 0..1_000 {
                let (key, retry_policy) = (format!("charge-{key}"), RetryPolicy::UntilDeadline);
                let (operation, undoes, body) = ("charge", None, json!({}));
                let charge = PortRequest { operation, key, undoes, body, retry_policy };
                let reply = sandbox.ask(&charge, None).await.expect("never fails");
                assert_eq!(sandbox.ask(&charge, None).await, Ok(reply.clone()), "a retry");
                declined += usize::from(matches!(reply, PortReply::Declined(_)));
            }
            assert!(expected.contains(&declined), "{decline_rate}: {declined}");
        }
    }

    #[test]
    fn an_http_port_without_a_url_is_a_configuration_error() {
        let settings = PortSettings { transport: TransportKind::Http, ..PortSettings::default() };
        let error = Transport::new("taxi/payment", None, settings).err();
        let message = "ports.\"taxi/payment\".url: is required with transport = \"http\"";
        assert_eq!(error.as_deref(), Some(message));
    }

    #[test]
    fn the_keys_of_different_ports_and_stores_differ() {
        let messages = |store, port| {
            let url = Some("http://127.0.0.1/payment".into());
            let settings =
                PortSettings { transport: TransportKind::Http, url, ..PortSettings::default() };
            let transport = Transport::new(port, store, settings).expect("it has a url");
            let Means::Http(http) = transport.by else { panic!("not http") };
            let ask = |operation, key: &str, undoes| {
                let (key, body, retry_policy) = (key.into(), json!({}), RetryPolicy::UntilDeadline);
                http.message(&PortRequest { operation, key, undoes, body, retry_policy })
            };
            let undoes = Some(("charge", "charge-7".to_owned()));
            (ask("charge", "charge-7", None), ask("refund", "refund-7", undoes))
        };
        let stores = [Some(StoreId(1)), Some(StoreId(2)), None];
        let mut keys = BTreeSet::new();
        for store in stores {
            for port in ["taxi/payment", "rental/payment"] {
                let ((charge, _), (refund, body)) = messages(store, port);
                assert_eq!(body, json!({ "charge": charge }));
                keys.extend([charge, refund]);
            }
        }
        // The keys of a store without an id are unchanged.
        assert!(
            keys.contains("charge-7") && keys.contains("0000000000000001/taxi/payment/charge-7")
        );
        assert_eq!(keys.len(), 2 * 2 * 2 + 2, "{keys:?}");
    }
}
