//! Records and files that are written without a server, valid or invalid.

use madang::{
    actors::StoredTypes,
    domain::{
        kernel::{Message, Money, Quantity, Timestamp},
        taxi::{
            grade::Grade,
            taxi::{self, Model},
        },
    },
    store::{
        Payload, Stream, codec,
        journal::{Entry, JournalOptions, SledJournal, Snapshot, Submission},
    },
};
use std::{fs, path::Path};

/// Writes valid or invalid events into a journal that no server uses.
pub fn planted<E: Message>(data: &Path, kind: &str, number: u64, events: &[E]) {
    planted_bytes(data, kind, number, events.iter().map(codec::encode).collect(), None);
}

/// The same for encoded events, readable or not, with a snapshot.
pub fn planted_bytes(
    data: &Path,
    kind: &str,
    number: u64,
    events: Vec<Vec<u8>>,
    snapshot: Option<Snapshot>,
) {
    let disk = SledJournal::open(&data.join("journal"), JournalOptions::default()).unwrap();
    let mut types = StoredTypes::of(|_| true);
    madang::domain::install(&mut types);
    let (journal, _) = types.remember(disk).unwrap();
    let entry = |event: Vec<u8>| Entry { payload: Payload::Event(event), typed: None };
    let stream = Stream { kind: journal.kind(kind).unwrap(), number };
    let time = Timestamp(1_700_000_000_000);
    journal
        .submit(Submission {
            entries: events.into_iter().map(entry).collect(),
            snapshot,
            ..Submission::of(stream, journal.generation(), time)
        })
        .unwrap();
    journal.close();
}

/// A taxi of a company.
pub fn registered() -> taxi::Event {
    let (taxi_name, company_name) = ("sonata".into(), "tmap".into());
    let model = Model { taxi_name, company_name, item_price: Money(4_900), grade: Grade::Basic };
    taxi::Event::Registered { model, stock: Quantity(1) }
}

/// Replaces the file of a view by one that is no database, and returns its path.
pub fn damaged_view(data: &Path) -> String {
    let file = data.join("views").join("taxi.mypages.sqlite");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, vec![0x5a; 40_960]).unwrap();
    file.display().to_string()
}
