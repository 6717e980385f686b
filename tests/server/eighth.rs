//! The eighth business: it takes money, and declares only what it sells.

#[path = "../../examples/eighth/theatre/mod.rs"]
mod theatre;

use crate::support::{inside::Running, story};
use madang::{
    actors::{Installation, Settings},
    domain::kernel::Host,
    model::{self, ModelBuilder},
};
use std::fs;
use theatre::Theatre;

/// The most lines of the business, with its binary and without its random worlds.
const LINES_MAX: usize = 160;

fn install(host: &mut impl Host) {
    host.business::<Theatre>();
}

#[test]
fn it_is_small() {
    let files = ["main.rs", "theatre/mod.rs", "theatre/evenings.rs"];
    let text = files.map(|file| fs::read_to_string(format!("examples/eighth/{file}")).unwrap());
    let lines: usize = text.iter().map(|text| text.lines().count()).sum();
    assert!(lines <= LINES_MAX, "{lines} lines");
}

#[test]
fn its_story_can_be_told_twice_and_its_data_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), |_| {}, install);
    for _ in 0..2 {
        story::tell("examples/eighth/story.sh", running.address);
    }
    drop(running);
    let settings = Settings { data: folder.path().to_owned(), ..Settings::default() };
    let findings = Installation::audit(settings, install, &mut |_, _, _| {}).unwrap();
    assert_eq!(findings.flaws, Vec::<String>::new());
}

#[test]
fn its_board_names_its_parts_as_the_business_does() {
    let mut builder = ModelBuilder::default();
    builder.business::<Theatre>();
    let boards = builder.boards();
    let page = model::page(&boards[0]);
    for part in ["POST /theatre/orders/{number}/admit", "theatre/billing", "theatre/payments"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert!(model::svg(&boards).contains(">HandedOver<"));
}
