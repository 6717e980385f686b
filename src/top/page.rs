//! The page: lines drawn from two scrapes, and nothing else.

use super::{
    figures::{self, OfBusiness, Rates},
    scrape::Scrape,
    table::{Table, age, bytes, number, time, whole},
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Paragraph, Widget},
};

/// The state of a server at one moment.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    pub scrape: Scrape,
    pub gates: Vec<GateReason>,
}

/// The reason for the state of a gate.
#[derive(Clone, Debug)]
pub struct GateReason {
    pub gate: String,
    pub reason: String,
}

/// Whether the figures are current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The server has not been asked yet.
    #[default]
    Asking,
    Current,
    /// The server does not answer, or refuses; the reason.
    Away(String),
    /// The server answers, and has no figures.
    MetricsOff,
}

/// The column by which the businesses are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Name,
    Commands,
    Errors,
    P99,
    Lag,
}

impl Sort {
    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Name => Self::Commands,
            Self::Commands => Self::Errors,
            Self::Errors => Self::P99,
            Self::P99 => Self::Lag,
            Self::Lag => Self::Name,
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Name => "business",
            Self::Commands => "commands/s",
            Self::Errors => "errors/s",
            Self::P99 => "p99",
            Self::Lag => "lag",
        }
    }

    fn apply(self, businesses: &mut [OfBusiness]) {
        let key: fn(&OfBusiness) -> f64 = match self {
            Self::Name => return,
            Self::Commands => |it| it.commands_per_s,
            Self::Errors => |it| it.errors_per_s,
            Self::P99 => |it| it.p99.unwrap_or(-1.0),
            Self::Lag => |it| it.lag,
        };
        businesses.sort_by(|one, other| key(other).total_cmp(&key(one)));
    }
}

/// The page of one server.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub url: String,
    pub status: Status,
    pub before: Option<Moment>,
    pub now: Option<Moment>,
    pub is_paused: bool,
    pub sort: Sort,
    /// The first line that is shown.
    pub first_line: u16,
}

const HEADING: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const WARNING: Style = Style::new().fg(Color::Yellow);
const PLAIN: Style = Style::new();

impl Widget for &Page {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        Paragraph::new(self.lines()).scroll((self.first_line, 0)).render(area, buffer);
    }
}

impl Page {
    /// Takes a new state of the server.
    pub fn take(&mut self, moment: Moment) {
        self.before = self.now.replace(moment);
        self.status = Status::Current;
    }

    /// All lines of the page.
    pub fn lines(&self) -> Vec<Line<'static>> {
        let mut lines = vec![self.title()];
        match &self.status {
            Status::Current => {}
            Status::Asking => lines.push(Line::styled("asking the server", WARNING)),
            Status::Away(reason) => {
                lines.push(Line::styled(format!("no answer: {reason}"), BAD));
            }
            Status::MetricsOff => {
                let text = "no figures: `metrics.enabled` is false, or this is no server of madang";
                lines.push(Line::styled(text, BAD));
            }
        }
        let Some(now) = &self.now else { return lines };
        let rates = Rates::between(self.before.as_ref().map(|it| &it.scrape), &now.scrape);
        lines.extend(summary(&rates));
        lines.extend(self.businesses(&rates));
        lines.extend(gates(&rates, now));
        lines.extend(followers(&now.scrape));
        lines.extend(troubles(&now.scrape));
        lines
    }

    fn title(&self) -> Line<'static> {
        let mut title = format!("madang at {}", self.url);
        if let Some(Moment { scrape, .. }) = &self.now {
            let version = scrape.values("madang_build_info", "version").concat();
            let up = age(scrape.sum("madang_uptime_seconds", &[]));
            title = format!("madang {version} at {}, up {up}", self.url);
        }
        if self.is_paused {
            title += ", PAUSED";
        }
        Line::styled(title, HEADING)
    }

    fn businesses(&self, rates: &Rates<'_>) -> Vec<Line<'static>> {
        let mut businesses = figures::businesses(rates);
        self.sort.apply(&mut businesses);
        let mut table = Table::new(&[
            "business",
            "commands/s",
            "refused/s",
            "errors/s",
            "p50",
            "p99",
            "queries/s",
            "query p99",
            "active",
            "mailbox",
            "sagas",
            "oldest",
            "lag",
        ]);
        for it in &businesses {
            let style = if it.errors_per_s > 0.0 { BAD } else { PLAIN };
            let oldest = if it.open_sagas > 0.0 { age(it.oldest_saga) } else { "-".to_owned() };
            let mut cells = vec![it.name.clone()];
            cells.extend([it.commands_per_s, it.refusals_per_s, it.errors_per_s].map(number));
            cells.extend([time(it.p50), time(it.p99), number(it.queries_per_s)]);
            cells.extend([time(it.query_p99), whole(it.active), whole(it.mailbox)]);
            cells.extend([whole(it.open_sagas), oldest, whole(it.lag)]);
            table.row(style, cells);
        }
        section(table, self.sort.column())
    }
}

/// The table after an empty line; nothing without a row.
fn section(table: Table, marked: &str) -> Vec<Line<'static>> {
    if table.is_empty() {
        return Vec::new();
    }
    std::iter::once(Line::default()).chain(table.lines(marked)).collect()
}

/// The lines about the server as a whole.
fn summary(rates: &Rates<'_>) -> Vec<Line<'static>> {
    vec![traffic(rates), journal(rates), commits(rates), files(rates.now), process(rates)]
}

fn traffic(rates: &Rates<'_>) -> Line<'static> {
    let requests = |code: &str| rates.per_s("madang_http_requests_total", &[("code", code)]);
    let (all, failed) = (rates.per_s("madang_http_requests_total", &[]), requests("5xx"));
    let text = format!(
        "requests   {}/s, of them 4xx {}/s, 5xx {}/s; in progress {}, connections {}",
        number(all),
        number(requests("4xx")),
        number(failed),
        whole(rates.now.sum("madang_http_requests_in_flight", &[])),
        whole(rates.now.sum("madang_http_connections", &[])),
    );
    Line::styled(text, if failed > 0.0 { WARNING } else { PLAIN })
}

fn journal(rates: &Rates<'_>) -> Line<'static> {
    let now = rates.now;
    if now.sum("madang_journal_accepting", &[]) == 0.0 {
        let text = "journal    ACCEPTS NO WRITES: /actuator/health has the reason";
        return Line::styled(text, BAD);
    }
    let text = format!(
        "journal    {} records/s in {} commits/s, {} records each; not durable yet {}; failures {}",
        number(rates.per_s("madang_journal_records_total", &[])),
        number(rates.per_s("madang_journal_commit_records_count", &[])),
        rates.mean("madang_journal_commit_records").map_or("-".to_owned(), number),
        whole(now.sum("madang_journal_unsynced_records", &[])),
        whole(now.sum("madang_journal_failures_total", &[])),
    );
    Line::from(text)
}

fn commits(rates: &Rates<'_>) -> Line<'static> {
    let quantile = |name: &str, share| time(rates.quantile(name, &[], share));
    let (commit, sync) =
        ("madang_journal_commit_duration_seconds", "madang_journal_sync_duration_seconds");
    Line::from(format!(
        "commits    p50 {}, p99 {}; fsync p50 {}, p99 {}; present commit {}",
        quantile(commit, 0.5),
        quantile(commit, 0.99),
        quantile(sync, 0.5),
        quantile(sync, 0.99),
        time(Some(rates.now.sum("madang_journal_commit_age_seconds", &[]))),
    ))
}

fn files(now: &Scrape) -> Line<'static> {
    let part = |part: &str| bytes(now.sum("madang_file_bytes", &[("part", part)]));
    let (free, size) = (
        now.sum("madang_filesystem_free_bytes", &[]),
        now.sum("madang_filesystem_size_bytes", &[]),
    );
    let text = format!(
        "files      journal {}, log {}, blobs {}, snapshots {}, views {}; free {} of {}",
        part("journal"),
        part("write-ahead log"),
        part("blobs"),
        part("snapshots"),
        bytes(now.sum("madang_view_file_bytes", &[])),
        bytes(free),
        bytes(size),
    );
    Line::styled(text, if free < size / 10.0 { BAD } else { PLAIN })
}

fn process(rates: &Rates<'_>) -> Line<'static> {
    let now = rates.now;
    let cores = rates.per_s("process_cpu_seconds_total", &[]);
    Line::from(format!(
        "process    memory {}, processors {cores:.2}, threads {}, descriptors {} of {}; aggregates {} \
         of {} in memory",
        bytes(now.sum("process_resident_memory_bytes", &[])),
        whole(now.sum("process_threads", &[])),
        whole(now.sum("process_open_fds", &[])),
        whole(now.sum("process_max_fds", &[])),
        whole(now.sum("madang_aggregates_active", &[])),
        whole(now.sum("madang_aggregates", &[])),
    ))
}

fn gates(rates: &Rates<'_>, now: &Moment) -> Vec<Line<'static>> {
    let header =
        ["gate", "state", "in flight", "limit", "waiting", "permits/s", "rejections/s", "reason"];
    let mut table = Table::new(&header);
    for gate in figures::gates(rates) {
        let style = match gate.state {
            "closed" if gate.is_unusual() => WARNING,
            "closed" => PLAIN,
            _ => BAD,
        };
        let known = now.gates.iter().find(|it| it.gate == gate.name && gate.state != "closed");
        let reason = known.map(|it| it.reason.clone()).unwrap_or_default();
        let limit = if gate.limit > 0.0 { whole(gate.limit) } else { "-".to_owned() };
        let mut cells = vec![gate.name, gate.state.to_owned(), whole(gate.in_flight), limit];
        cells.extend([whole(gate.waiting), number(gate.permits_per_s)]);
        cells.extend([number(gate.rejections_per_s), reason]);
        table.row(style, cells);
    }
    section(table, "")
}

fn followers(now: &Scrape) -> Vec<Line<'static>> {
    let mut table = Table::new(&["subscriber", "part", "lag", "unfinished", "state"]);
    for it in figures::followers(now) {
        let (style, state) = if it.is_failing { (BAD, "failing") } else { (PLAIN, "") };
        let numbers = [it.lag, it.unfinished].map(whole);
        let mut cells = vec![it.name, it.part];
        cells.extend(numbers);
        cells.push(state.to_owned());
        table.row(style, cells);
    }
    section(table, "")
}

/// What needs an operator: quarantine, suspended components, blocked loops, subscriptions.
fn troubles(now: &Scrape) -> Vec<Line<'static>> {
    let named = |metric: &str, label: &'static str| {
        let present = now.values(metric, label).into_iter();
        let counts = present.map(|name| (name, now.sum(metric, &[(label, name)])));
        let present: Vec<_> = counts.filter(|(_, count)| *count > 0.0).collect();
        let texts = present.iter().map(|(name, count)| format!("{name} {}", whole(*count)));
        texts.collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![Line::default()];
    let suspended = now.values("madang_component_suspended", "component").into_iter();
    let is_suspended =
        |name: &&str| now.sum("madang_component_suspended", &[("component", name)]) > 0.0;
    let suspended = suspended.filter(is_suspended).collect::<Vec<_>>().join(", ");
    let quarantine = named("madang_quarantine_entries", "name");
    let blocked = now.sum("madang_blocked_loops", &[]);
    for (text, style) in [
        (
            format!("blocked     loops or commits: {}", whole(blocked)),
            (blocked > 0.0).then_some(BAD),
        ),
        (format!("quarantine  {quarantine}"), (!quarantine.is_empty()).then_some(BAD)),
        (format!("suspended   {suspended}"), (!suspended.is_empty()).then_some(WARNING)),
    ] {
        lines.extend(style.map(|style| Line::styled(text, style)));
    }
    let sagas = named("madang_sagas_open", "state");
    if !sagas.is_empty() {
        lines.push(Line::from(format!("sagas       {sagas}")));
    }
    if now.sum("madang_subscriptions", &[]) > 0.0 {
        lines.push(Line::from(format!(
            "readers     subscriptions: {}, records behind: {}; events: {}",
            whole(now.sum("madang_subscriptions", &[])),
            whole(now.sum("madang_subscription_lag_records_max", &[])),
            named("madang_subscription_events", "state"),
        )));
    }
    if lines.len() == 1 { Vec::new() } else { lines }
}

#[cfg(test)]
mod tests;
