//! Reading of the records that concern some kinds.

use super::{
    ORDERS,
    contract::{on_each, submit},
    event, said,
};
use crate::{
    domain::kernel::Timestamp,
    store::{
        journal::{Entry, Journal, ReadLevel, Selection, Submission},
        types::{Cause, KindId, Origin, Payload, Stream},
    },
};

const TAXIS: KindId = KindId(7);
const SAGA: KindId = KindId(3);

fn of_a_taxi(after_version: u32, payload: Payload) -> Submission {
    let stream = Stream { kind: TAXIS, number: 1 };
    Submission {
        after_version,
        entries: vec![Entry { payload, typed: None }],
        ..Submission::of(stream, 0, Timestamp(1_700_000_000_000))
    }
}

fn refused_to_the_saga() -> Submission {
    let origin = Origin { by: SAGA, conversation: 7, position: 1, nth: 0 };
    let payload = Payload::Refused {
        command: "Assign".to_owned(),
        reason: "no taxi is free".to_owned(),
        rejection: Vec::new(),
    };
    Submission { cause: Cause::Dispatch(origin), ..of_a_taxi(1, payload) }
}

fn select(journal: &dyn Journal, kinds: &[KindId], after: u64, max: usize) -> Selection {
    let kinds = kinds.iter().copied().collect();
    journal.read_of(&kinds, after, max, ReadLevel::Durable).expect("readable")
}

fn positions(selection: &Selection) -> Vec<u64> {
    selection.records.iter().map(|record| record.position).collect()
}

#[test]
fn a_reader_of_some_kinds_gets_their_records_and_is_told_how_far_it_read() {
    on_each(|journal| {
        submit(journal, said(7, 0, &["requested", "paid"]));
        submit(journal, of_a_taxi(0, event("registered")));
        submit(journal, refused_to_the_saga());
        let orders = select(journal, &[ORDERS], 0, 9);
        assert_eq!((positions(&orders), orders.read, orders.last), (vec![1, 2], 4, 4));
        let taxis = select(journal, &[TAXIS], 0, 9);
        assert_eq!(positions(&taxis), [3], "a refusal concerns who sent the command");
        assert_eq!(positions(&select(journal, &[SAGA, TAXIS], 2, 9)), [3, 4]);
        let none = select(journal, &[TAXIS], 0, 2);
        assert_eq!((positions(&none), none.read, none.last), (vec![], 2, 2));
        let end = select(journal, &[TAXIS], 4, 2);
        assert_eq!((positions(&end), end.read, end.last), (vec![], 0, 4));
    });
}
