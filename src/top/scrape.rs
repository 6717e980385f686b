//! The samples of one scrape, read from the text format of Prometheus.

/// The samples of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Scrape(Vec<Sample>);

/// One line of a scrape.
#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// A histogram: the upper bounds of its buckets with the number of observations up to them,
/// ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets(Vec<(f64, f64)>);

impl Scrape {
    /// Reads the text. Lines that are no samples are left out.
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(Sample::of).collect())
    }

    fn samples<'s, 'q>(
        &'s self,
        name: &'q str,
        labels: &'q [(&'q str, &'q str)],
    ) -> impl Iterator<Item = &'s Sample> + use<'s, 'q> {
        self.0.iter().filter(move |sample| {
            sample.name == name
                && labels.iter().all(|(name, value)| sample.label(name) == Some(*value))
        })
    }

    /// The sum of the samples of this name that have all these labels; 0 without one.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples(name, labels).map(|sample| sample.value).sum()
    }

    /// The greatest of the samples of this name that have all these labels; 0 without one.
    pub fn max(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples(name, labels).map(|sample| sample.value).fold(0.0, f64::max)
    }

    /// The different values of a label in the samples of this name, in order.
    pub fn values(&self, name: &str, label: &str) -> Vec<&str> {
        let mut values: Vec<&str> =
            self.samples(name, &[]).filter_map(|sample| sample.label(label)).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The histogram of this name, over all samples that have these labels.
    pub fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Buckets {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for sample in self.samples(&format!("{name}_bucket"), labels) {
            let Some(bound) = sample.label("le").and_then(number) else { continue };
            match buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                Some((_, count)) => *count += sample.value,
                None => buckets.push((bound, sample.value)),
            }
        }
        buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Buckets(buckets)
    }
}

impl Buckets {
    /// The observations since another state of the same histogram.
    pub fn since(&self, before: &Self) -> Self {
        let count = |bound: f64| {
            let same = before.0.iter().find(|(known, _)| known.total_cmp(&bound).is_eq());
            same.map_or(0.0, |(_, count)| *count)
        };
        let newly = self.0.iter().map(|(bound, all)| (*bound, (all - count(*bound)).max(0.0)));
        Self(newly.collect())
    }

    /// The value below which this share of the observations is, as Prometheus estimates it: linear
    /// between the bounds of a bucket, and the greatest bound beyond that. `None` without an
    /// observation.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all = self.0.last().map(|(_, count)| *count).filter(|count| *count > 0.0)?;
        let rank = share * all;
        let (mut bound_below, mut count_below) = (0.0, 0.0);
        for (bound, count) in &self.0 {
            if *count >= rank && bound.is_finite() {
                let within = (rank - count_below) / (count - count_below).max(f64::MIN_POSITIVE);
                return Some(bound_below + (bound - bound_below) * within);
            }
            if bound.is_finite() {
                (bound_below, count_below) = (*bound, *count);
            }
        }
        Some(bound_below)
    }
}

impl Sample {
    fn of(line: &str) -> Option<Self> {
        let named = line.find(['{', ' '])?;
        let (name, rest) = line.split_at(named);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (Vec::new(), rest),
        };
        let value = number(rest.split_whitespace().next()?)?;
        Some(Self { name: name.to_owned(), labels, value })
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The labels up to the closing brace, and the rest of the line.
fn labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start_matches([',', ' ']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.push((name.to_owned(), value));
        text = rest;
    }
}

/// The text up to the closing quote, and the rest of the line.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// A number, as Prometheus writes it.
fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_total Calls\n# TYPE a_total counter\n\
        a_total{by=\"x\",to=\"b\"} 3\na_total{by=\"y\\\"}\\\\\",to=\"b\"} 4 1700000000\n\
        load 0.5\nnothing\nbroken{by=\"x} 3\n\
        t_bucket{by=\"x\",le=\"1\"} 2\nt_bucket{by=\"x\",le=\"4\"} 4\nt_bucket{by=\"x\",le=\"+Inf\"} 4\n\
        t_bucket{by=\"y\",le=\"1\"} 0\nt_bucket{by=\"y\",le=\"4\"} 0\nt_bucket{by=\"y\",le=\"+Inf\"} 1\n";

    #[test]
    fn samples_are_read_with_their_labels_and_other_lines_left_out() {
        let scrape = Scrape::of(TEXT);
        assert_eq!(scrape.sum("a_total", &[]).total_cmp(&7.0), std::cmp::Ordering::Equal);
        assert!((scrape.sum("a_total", &[("by", "y\"}\\")]) - 4.0).abs() < 1e-9, "{scrape:?}");
        assert!((scrape.max("load", &[]) - 0.5).abs() < 1e-9);
        assert_eq!(scrape.values("a_total", "by"), ["x", "y\"}\\"]);
        assert_eq!(scrape.0.len(), 9, "{scrape:?}");
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let scrape = Scrape::of(TEXT);
        let of_x = scrape.buckets("t", &[("by", "x")]);
        let near = |quantile: Option<f64>, expected: f64| {
            assert!((quantile.unwrap() - expected).abs() < 1e-9, "{quantile:?} {expected}");
        };
        near(of_x.quantile(0.25), 0.5);
        near(of_x.quantile(0.75), 2.5);
        near(scrape.buckets("t", &[]).quantile(0.99), 4.0);
        assert_eq!(of_x.since(&of_x).quantile(0.5), None);
        assert_eq!(scrape.buckets("none", &[]).quantile(0.5), None);
    }

    #[test]
    fn no_text_makes_the_reader_fail() {
        for end in 0..TEXT.len() {
            Scrape::of(&TEXT[end..]);
            Scrape::of(&TEXT[..end]);
        }
    }
}
