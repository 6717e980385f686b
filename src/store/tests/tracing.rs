//! The trace of a request is stored with its records when the client named it.

use super::{open, order, said, submit};
use crate::{
    store::{
        journal::{Journal as _, Submission},
        types::Principals,
    },
    traces::TraceContext,
};
use std::sync::Arc;

fn traced(number: u64, trace_id: u128, principals: Option<Arc<Principals>>) -> Submission {
    let trace = Some(Arc::new(TraceContext { trace_id, span_id: 7, flags: 1 }));
    Submission { principals, trace, ..said(number, 0, &["placed", "paid"]) }
}

#[test]
fn a_record_keeps_the_trace_that_the_client_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = open(folder.path());
    let principals = Some(Arc::new(Principals { issuer: None, owner: Some("kim".into()) }));
    for (number, trace_id, principals) in [
        (1, 0xab, None),
        (2, u128::MAX, principals.clone()),
        (3, 0, principals.clone()),
        (4, 0, None),
    ] {
        submit(&journal, traced(number, trace_id, principals)).1.expect("is durable");
    }
    journal.close();
    let journal = open(folder.path());
    let read = |number| journal.some_records(order(number), 0, 9).expect("readable");
    for (number, trace_id, owner) in [(1, 0xab, None), (2, u128::MAX, principals.clone())] {
        let expected = TraceContext { trace_id, span_id: 7, flags: 1 };
        let records = read(number);
        assert_eq!(records.len(), 2);
        for record in records {
            assert_eq!(record.trace.as_deref(), Some(&expected));
            assert_eq!(record.principals, owner);
        }
    }
    for number in [3, 4] {
        assert!(read(number).iter().all(|record| record.trace.is_none()), "it is of no client");
    }
    assert_eq!(read(3)[0].principals, principals);
}
