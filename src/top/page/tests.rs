//! Tests of the page: what an operator sees after two scrapes, and when there are none.

use super::*;
use ratatui::{Terminal, backend::TestBackend};

/// A scrape at this time with so many orders, which took so long, and this state of the gate.
fn scrape(uptime: u32, orders: u32, fast: u32, state: &str) -> Scrape {
    let is = |other: &str| u32::from(state == other);
    Scrape::of(&format!(
        "madang_uptime_seconds {uptime}\nmadang_build_info{{version=\"0.1.0\"}} 1\n\
         madang_journal_accepting 1\nmadang_journal_unsynced_records 12\n\
         madang_journal_records_total {records}\n\
         madang_journal_commit_records_count {uptime}\nmadang_journal_commit_records_sum {records}\n\
         madang_http_requests_total{{code=\"2xx\"}} {orders}\n\
         madang_http_requests_total{{code=\"5xx\"}} 0\n\
         madang_aggregates{{business=\"taxi\",kind=\"orders\"}} {orders}\n\
         madang_aggregates{{business=\"phone\",kind=\"orders\"}} 0\n\
         madang_aggregates_active{{business=\"taxi\",kind=\"orders\"}} 3\n\
         madang_commands_total{{business=\"taxi\",kind=\"orders\",outcome=\"ok\"}} {orders}\n\
         madang_commands_total{{business=\"taxi\",kind=\"orders\",outcome=\"failed\"}} 10\n\
         madang_command_duration_seconds_bucket{{business=\"taxi\",le=\"0.001\"}} {fast}\n\
         madang_command_duration_seconds_bucket{{business=\"taxi\",le=\"0.1\"}} {orders}\n\
         madang_command_duration_seconds_bucket{{business=\"taxi\",le=\"+Inf\"}} {orders}\n\
         madang_gate_state{{gate=\"taxi/payment\",state=\"open\"}} {open}\n\
         madang_gate_state{{gate=\"taxi/payment\",state=\"closed\"}} {closed}\n\
         madang_gate_permits_total{{gate=\"taxi/payment\"}} {orders}\n\
         madang_subscriber_lag_records{{part=\"view\",name=\"taxi/mypages\"}} 42\n\
         madang_quarantine_entries{{name=\"taxi/orders\"}} 1\n\
         madang_filesystem_free_bytes 10737418240\nmadang_filesystem_size_bytes 21474836480\n\
         process_resident_memory_bytes 104857600\n",
        records = orders * 2,
        open = is("open"),
        closed = is("closed"),
    ))
}

fn moment(scrape: Scrape) -> Moment {
    let (gate, reason) = ("taxi/payment".to_owned(), "10 calls in a row failed".to_owned());
    Moment { scrape, gates: vec![GateReason { gate, reason }] }
}

/// The lines on a terminal of this size.
fn drawn(page: &Page, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| frame.render_widget(page, frame.area())).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

fn page() -> Page {
    let mut page = Page { url: "http://here".to_owned(), ..Page::default() };
    page.take(moment(scrape(100, 1_000, 1_000, "closed")));
    page.take(moment(scrape(110, 3_000, 2_000, "open")));
    page
}

fn line<'a>(lines: &'a [String], start: &str) -> &'a str {
    let found = lines.iter().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("{start} is not in:\n{}", lines.join("\n")))
}

/// The cells of a line, which has two spaces between them.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn rates_and_quantiles_are_those_between_two_scrapes() {
    let lines = drawn(&page(), (140, 30));
    assert_eq!(lines[0], "madang 0.1.0 at http://here, up 1m 50s");
    assert!(line(&lines, "requests").contains("200/s, of them 4xx 0/s, 5xx 0/s"), "{lines:#?}");
    let journal = line(&lines, "journal");
    assert!(journal.contains("400 records/s in 1.0 commits/s, 400 records each"), "{journal}");
    assert!(journal.contains("not durable yet 12"), "{journal}");
    assert!(line(&lines, "files").contains("free 10.00 GiB of 20.00 GiB"), "{lines:#?}");
    assert!(line(&lines, "process").contains("memory 100.00 MiB"), "{lines:#?}");
    let taxi = cells(line(&lines, "taxi "));
    // Of 2,000 orders, 1,000 took up to 1 ms, and the others up to 100 ms.
    assert_eq!(&taxi[..6], ["taxi", "200", "0", "0", "1.0 ms", "98 ms"], "{taxi:?}");
    assert_eq!((taxi[8], taxi[12]), ("3", "42"), "{taxi:?}");
}

#[test]
fn an_open_gate_is_shown_with_its_reason_and_what_is_in_quarantine_is_named() {
    let lines = drawn(&page(), (140, 40));
    let gate = cells(line(&lines, "taxi/payment"));
    assert_eq!(gate[1], "open");
    assert_eq!(*gate.last().unwrap(), "10 calls in a row failed");
    assert_eq!(line(&lines, "quarantine"), "quarantine  taxi/orders 1");
    assert!(line(&lines, "taxi/mypages").contains("view"), "{lines:#?}");
}

#[test]
fn after_a_restart_rates_are_those_since_the_start() {
    let mut page = page();
    page.take(moment(scrape(10, 50, 50, "closed")));
    let lines = drawn(&page, (140, 30));
    assert!(line(&lines, "requests").contains(" 5.0/s"), "{lines:#?}");
}

#[test]
fn a_server_that_is_away_or_without_figures_is_named_above_the_last_figures() {
    let mut page = page();
    page.status = Status::Away("connection refused".to_owned());
    let lines = drawn(&page, (140, 30));
    assert_eq!(lines[1], "no answer: connection refused");
    assert!(line(&lines, "taxi ").contains("200"));
    page.status = Status::MetricsOff;
    assert!(drawn(&page, (140, 30))[1].contains("`metrics.enabled` is false"));
    let asked = Page { url: "http://here".to_owned(), ..Page::default() };
    let lines = drawn(&asked, (60, 3));
    assert_eq!(lines, ["madang at http://here", "asking the server", ""]);
}

#[test]
fn businesses_are_sorted_by_the_chosen_column() {
    let mut page = page();
    let order = |page: &Page| {
        let lines = drawn(page, (140, 30));
        let at = |name: &str| lines.iter().position(|line| line.starts_with(name)).unwrap();
        at("taxi ") < at("phone ")
    };
    assert!(!order(&page));
    page.sort = page.sort.next();
    assert!(order(&page));
    page.is_paused = true;
    assert!(drawn(&page, (140, 1))[0].ends_with("PAUSED"));
}

#[test]
fn a_small_terminal_shows_the_first_lines_and_scrolls() {
    let mut page = page();
    assert_eq!(drawn(&page, (20, 2))[0], "madang 0.1.0 at http");
    page.first_line = 1;
    assert!(drawn(&page, (20, 2))[0].starts_with("requests"));
}
