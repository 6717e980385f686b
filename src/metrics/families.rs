//! The families of metrics as of one scrape: names, help, labels and values.

use super::histogram::Buckets;

/// The families of one scrape, in the order in which they are exported.
#[derive(Debug, Default)]
pub struct Families(Vec<Family>);

/// All samples of one name.
#[derive(Debug)]
pub struct Family {
    /// The name, with its unit and without the `_total` of counters.
    pub name: &'static str,
    /// What it means, in one sentence without a full stop.
    pub help: &'static str,
    /// The type.
    pub kind: Kind,
    /// The samples.
    pub samples: Vec<Sample>,
}

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that only rises while the process runs.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// Counts by buckets.
    Histogram,
}

/// One value, with the labels that tell it from the others of its family.
#[derive(Debug)]
pub struct Sample {
    /// The labels. Their values come from declarations, never from requests.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(u64),
    /// Any number.
    Real(f64),
    /// The buckets of a histogram.
    Buckets(Buckets),
}

impl Families {
    /// Begins a family of counters.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Counter)
    }

    /// Begins a family of gauges.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Gauge)
    }

    /// Begins a family of histograms.
    pub fn histogram(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Histogram)
    }

    fn begin(&mut self, name: &'static str, help: &'static str, kind: Kind) -> &mut Family {
        self.0.push(Family { name, help, kind, samples: Vec::new() });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// The families that have samples.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.0.iter().filter(|family| !family.samples.is_empty())
    }
}

impl Family {
    /// Adds a sample.
    pub fn add<const N: usize>(
        &mut self,
        labels: [(&'static str, &str); N],
        value: impl Into<Value>,
    ) -> &mut Self {
        let labels = labels.map(|(name, value)| (name, value.to_owned())).to_vec();
        self.samples.push(Sample { labels, value: value.into() });
        self
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<Buckets> for Value {
    fn from(value: Buckets) -> Self {
        Self::Buckets(value)
    }
}
