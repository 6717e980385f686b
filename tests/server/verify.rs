//! `madang verify` checks the invariants of every business.

use crate::{
    planted::{damaged_view, planted, planted_bytes, registered},
    support::{
        client,
        process::{Server, verify},
    },
};
use madang::{
    domain::{
        kernel::{Id, Money, Quantity},
        phone::reward,
        taxi::{
            grade::Grade,
            order::{self, Customer},
            taxi,
        },
    },
    http::PositionToken,
};
use std::{fs, process::Output};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_taxi_that_is_assigned_without_a_reservation_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let assigned = taxi::Event::Assigned { reservation: Id::new(9), stock: Quantity(0) };
    planted(folder.path(), "taxi/taxis", 1, &[registered(), assigned]);
    let output = verify(folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let sentence = "taxi does not add up: taxi/taxis 1 is out for 9 for nothing";
    assert!(said(&output).contains(sentence), "{}", said(&output));
}

#[tokio::test]
async fn a_sum_of_points_beyond_the_bound_of_one_amount_is_sound_and_found() {
    let folder = tempfile::tempdir().unwrap();
    // The sum exceeds the bound of one amount. Each amount is as large as older binaries accepted.
    let granted = reward::Event::Granted { points: Money(1_000_000_000_000_000), customer: None };
    planted(folder.path(), "phone/rewards", 1, &vec![granted; 1_100]);
    let server = Server::start(folder.path(), None);
    let at = PositionToken(1_100);
    let path = format!("/phone/pointHistories?at-least={at}&balance=1100000000000000000");
    let found = client().get(server.url(&path)).send().await.unwrap();
    let found: serde_json::Value = found.json().await.unwrap();
    assert!(server.terminate().success());
    assert_eq!(found["page"]["totalElements"], 1, "{found}");
    // The points belong to no order, which is a flaw once the saga has settled. It is the only one.
    let said = said(&verify(folder.path()));
    let flaws = said.lines().filter(|line| !line.contains("phone/orders 1 "));
    let is_flaw = |line: &&str| line.contains("does not add up") || line.contains("pointHistories");
    assert_eq!(flaws.filter(is_flaw).collect::<Vec<_>>(), Vec::<&str>::new(), "{said}");
}

#[test]
fn a_taxi_that_waits_for_customers_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    planted(folder.path(), "taxi/taxis", 1, &[registered()]);
    let output = verify(folder.path());
    assert!(output.status.success(), "{}", said(&output));
    let said = said(&output);
    assert!(said.ends_with(": sound, as far as it was checked\n"), "no view was built yet: {said}");
}

#[test]
fn money_in_transit_is_reported_and_is_no_flaw() {
    let folder = tempfile::tempdir().unwrap();
    let customer = Customer { name: "Jung".into(), phone: "1".into() };
    let (grade, card_no, fare) = (Grade::Basic, "2".into(), Money(3_800));
    let called = order::Event::Called { grade, customer, card_no, fare };
    planted(folder.path(), "taxi/orders", 1, &[called]);
    let output = verify(folder.path());
    assert!(output.status.success(), "{}", said(&output));
    for sentence in [
        "taxi/billing: conversations wait, 1 for taxi/paymentHistories",
        "taxi/sms: conversations wait, 1 for taxi/sms",
    ] {
        assert!(said(&output).contains(sentence), "{}", said(&output));
    }
}

#[test]
fn each_damaged_part_is_a_flaw_and_the_next_part_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let assigned = taxi::Event::Assigned { reservation: Id::new(9), stock: Quantity(0) };
    planted(folder.path(), "taxi/taxis", 1, &[registered(), assigned]);
    planted_bytes(folder.path(), "claims/claims", 1, vec![vec![0xff; 9]], None);
    let file = damaged_view(folder.path());
    let output = verify(folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for sentence in [
        "record 3: ",
        "claims/claims 1: ",
        &format!("the file {file} of view taxi/mypages is damaged: "),
        "the books of claims cannot be checked: ",
        "taxi does not add up: ",
        "checked: ",
        "not checked: views (there is no file, and the next start builds it: ",
        ", the books of claims",
        " flaws",
    ] {
        assert!(said(&output).contains(sentence), "{sentence}\n{}", said(&output));
    }
}

#[test]
fn views_are_checked_although_the_journal_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    planted(folder.path(), "taxi/taxis", 1, &[registered()]);
    fs::write(folder.path().join("journal").join("conf"), "no configuration").unwrap();
    let file = damaged_view(folder.path());
    let output = verify(folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for sentence in [
        "the journal cannot be opened: ",
        &format!("the file {file} is damaged: "),
        "not checked: the journal, the aggregates, the rows of views, the books",
        "2 flaws",
    ] {
        assert!(said(&output).contains(sentence), "{sentence}\n{}", said(&output));
    }
}
