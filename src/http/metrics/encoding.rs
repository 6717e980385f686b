//! The text formats of Prometheus and of `OpenMetrics`.

use crate::metrics::{Families, Family, Kind, Sample, Value};
use actix_http::header::{ACCEPT, HeaderMap};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text},
    metrics::MetricType,
    registry::Registry,
};
use std::fmt;

/// The most media ranges of a request that are read.
const RANGES_MAX: usize = 64;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The text format 0.0.4 of Prometheus.
    Prometheus,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The format that the headers prefer: that of Prometheus, unless `OpenMetrics` is named with
    /// at least the same weight.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        let (mut prometheus, mut open_metrics) = (0.0, 0.0);
        for range in values.flat_map(|value| value.split(',')).take(RANGES_MAX) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            let best = match name {
                "application/openmetrics-text" => &mut open_metrics,
                "text/plain" => &mut prometheus,
                _ => continue,
            };
            *best = weight.unwrap_or(1.0).clamp(0.0, 1.0).max(*best);
        }
        if open_metrics > 0.0 && open_metrics >= prometheus {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The families in this format.
    pub(super) fn encode(self, families: Families) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Collected(families)));
        let mut written = String::new();
        match self {
            Self::Prometheus => prometheus_text::encode(&mut written, &registry)?,
            Self::OpenMetrics => text::encode(&mut written, &registry)?,
        }
        Ok(written)
    }
}

/// Families as the library takes them.
#[derive(Debug)]
struct Collected(Families);

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in self.0.iter() {
            encode(family, &mut encoder)?;
        }
        Ok(())
    }
}

fn encode(family: &Family, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    let kind = match family.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    };
    let mut metrics = encoder.encode_descriptor(family.name, family.help, None, kind)?;
    for Sample { labels, value } in &family.samples {
        if labels.is_empty() {
            encode_value(&mut metrics, family.kind, value)?;
        } else {
            let labels: Vec<_> =
                labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            encode_value(&mut metrics.encode_family(&labels)?, family.kind, value)?;
        }
    }
    Ok(())
}

fn encode_value(
    metric: &mut MetricEncoder<'_>,
    kind: Kind,
    value: &Value,
) -> Result<(), fmt::Error> {
    match (kind, value) {
        (Kind::Counter, Value::Whole(value)) => {
            metric.encode_counter::<NoLabelSet, _, u64>(value, None)
        }
        (Kind::Counter, Value::Real(value)) => {
            metric.encode_counter::<NoLabelSet, _, u64>(value, None)
        }
        (_, Value::Whole(value)) => metric.encode_gauge(value),
        (_, Value::Real(value)) => metric.encode_gauge(value),
        (_, Value::Buckets(buckets)) => metric.encode_histogram::<NoLabelSet>(
            buckets.sum,
            buckets.count(),
            &buckets.counts,
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Histogram, RECORDS};
    use actix_http::header::HeaderValue;

    fn families() -> Families {
        let mut families = Families::default();
        families.counter("a_calls", "Calls").add([("by", "x\"y")], 3_u64);
        families.gauge("a_load_ratio", "Load").add([], 0.5);
        let histogram = Histogram::new(RECORDS);
        histogram.observe(3);
        histogram.observe(4);
        families.histogram("a_records", "Records").add([], histogram.buckets());
        families.gauge("a_none", "Nothing");
        families
    }

    #[test]
    fn the_text_of_prometheus_has_the_suffix_of_a_counter_in_each_line() {
        let text = Format::Prometheus.encode(families()).expect("text");
        for line in [
            "# HELP a_calls_total Calls",
            "# TYPE a_calls_total counter",
            "a_calls_total{by=\"x\\\"y\"} 3",
            "# TYPE a_load_ratio gauge",
            "a_load_ratio 0.5",
            "a_records_bucket{le=\"2\"} 0",
            "a_records_bucket{le=\"4\"} 2",
            "a_records_bucket{le=\"+Inf\"} 2",
            "a_records_count 2",
        ] {
            assert!(text.lines().any(|one| one.trim_end_matches('.') == line), "{line}\n{text}");
        }
        assert!(!text.contains("# EOF") && !text.contains("a_none"), "{text}");
    }

    #[test]
    fn the_text_of_open_metrics_has_an_end() {
        let text = Format::OpenMetrics.encode(families()).expect("text");
        assert!(text.contains("# TYPE a_calls counter\na_calls_total{by="), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn open_metrics_is_sent_to_who_prefers_it() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            Format::wanted(&headers)
        };
        let of_prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,\
                             application/openmetrics-text;version=0.0.1;q=0.5,\
                             text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        for accept in ["application/openmetrics-text", of_prometheus] {
            assert_eq!(wanted(accept), Format::OpenMetrics, "{accept}");
        }
        for accept in
            ["*/*", "text/plain", "application/openmetrics-text;q=0", "text/html,text/plain;q=0.9"]
        {
            assert_eq!(wanted(accept), Format::Prometheus, "{accept}");
        }
        assert_eq!(Format::wanted(&HeaderMap::new()), Format::Prometheus);
    }
}
