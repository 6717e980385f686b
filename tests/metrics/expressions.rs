//! The files of `deploy/`: `promtool` accepts the rules and their tests, and each metric that they
//! name exists.

use crate::{promtool, scrape::Desk, support::inside::Running};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

pub const RULES: &str = "deploy/prometheus/madang.rules.yml";
const TESTS: &str = "deploy/prometheus/madang.test.yml";
const DASHBOARD: &str = "deploy/grafana/madang.json";

/// The begins of the names of all metrics.
const OF_SERVER: [&str; 2] = ["madang_", "process_"];

/// The expressions of all alerts, by name. An expression is in the line of its key, or in the
/// deeper lines below it.
pub fn alerts() -> BTreeMap<String, String> {
    let text = fs::read_to_string(RULES).expect("the rules");
    let rules = text.split("      - alert: ").skip(1);
    let alert = |rule: &str| {
        let (name, rest) = rule.split_once('\n').expect("a line");
        let (_, rest) = rest.split_once("expr: ").expect("an expression");
        let mut lines = rest.lines();
        let first = lines.next().expect("a line");
        let below = lines.take_while(|line| line.starts_with("          "));
        let expression = if first == "|-" { below.collect() } else { first.to_owned() };
        (name.to_owned(), expression)
    };
    rules.map(alert).collect()
}

/// The expressions of the dashboard, with values for its variables.
fn shown() -> Vec<String> {
    let text = fs::read_to_string(DASHBOARD).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("json");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression"));
    expressions.map(|text| text.replace("$__rate_interval", "5m")).collect()
}

/// The names of the metrics of the server in an expression.
fn named(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| OF_SERVER.iter().any(|begin| word.starts_with(begin))).collect()
}

#[test]
fn promtool_accepts_the_rules_and_each_fires_in_its_test() {
    for arguments in [["check", "rules", "madang.rules.yml"], ["test", "rules", "madang.test.yml"]]
    {
        let folder = Path::new("deploy/prometheus");
        let Some((is_good, said)) = promtool(&arguments, folder, "") else { return };
        assert!(is_good && said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_is_quiet() {
    let tests = fs::read_to_string(TESTS).expect("the tests");
    let alerts = alerts();
    assert!(alerts.len() >= 30, "{} alerts", alerts.len());
    for name in alerts.keys() {
        let fires =
            format!("        alertname: {name}\n        exp_alerts:\n          - exp_labels");
        assert!(tests.contains(&fires), "{name} fires in no test");
        let is_quiet = format!("alertname: {name}, exp_alerts: []");
        assert!(tests.contains(&is_quiet), "{name} is quiet in no test");
    }
}

#[test]
fn the_expressions_of_the_dashboard_can_be_parsed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (nth, expression) in shown().iter().enumerate() {
        let expression = expression.replace('\'', "''");
        let _ = writeln!(rules, "      - {{ record: 'shown:{nth}', expr: '{expression}' }}");
    }
    fs::write(folder.path().join("rules.yml"), rules).expect("written");
    let checked = promtool(&["check", "rules", "rules.yml"], folder.path(), "");
    let Some((is_good, said)) = checked else { return };
    assert!(is_good && said.contains("SUCCESS"), "{said}");
}

#[tokio::test]
async fn each_metric_that_a_rule_or_the_dashboard_names_exists() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.get("/taxi/mypages").await;
    let open = ("madang_saga_oldest_age_seconds", &[("saga", "taxi/ride")]);
    desk.shows(open.0, open.1, |_| true).await;
    let scrape = desk.scrape().await;
    let exported = scrape.names();
    let alerts = alerts();
    let (rules, shown) = (alerts.values().cloned().collect::<Vec<_>>(), shown());
    for (file, expressions) in [(RULES, &rules), (DASHBOARD, &shown)] {
        let names: BTreeSet<_> = expressions.iter().flat_map(|one| named(one)).collect();
        assert!(names.len() > 20, "{file}: {names:?}");
        for name in names {
            assert!(exported.contains(name), "{file}: there is no metric {name}");
        }
    }
    let shown: BTreeSet<_> = shown.iter().flat_map(|one| named(one)).collect();
    for name in exported {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_sum");
        let family = family.trim_end_matches("_count");
        let is_shown = shown.iter().any(|one| one.starts_with(family));
        assert!(is_shown || family == "process_start_time_seconds", "{name} is not shown");
    }
}

#[test]
fn the_operator_reads_what_each_metric_and_each_alert_means() {
    let text = fs::read_to_string("docs/operations.md").expect("the document");
    for name in alerts().keys() {
        assert!(text.contains(&format!("### {name}\n")), "docs/operations.md: no section {name}");
    }
    let shown = shown();
    for name in shown.iter().flat_map(|one| named(one)) {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_sum");
        let family = family.trim_end_matches("_count");
        assert!(text.contains(&format!("`{family}`")), "docs/operations.md: no `{family}`");
    }
}
