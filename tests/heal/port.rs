//! A port call, or its reply, crashes the port repeatedly.

use crate::{
    relay::{
        BAD_ANSWER, BAD_QUESTION, PORT_IS_POISONED, Ringing, UNKNOWN, URGENT_CALL,
        URGENT_REPLY_IS_POISONED,
    },
    saga::{COUNTERS, becomes, open_many, settings},
};
use madang::{
    actors::{Caller, Installation, Runtime},
    domain::kernel::Host,
};
use std::sync::atomic::Ordering;

#[actix::test]
async fn conversations_that_crash_a_port_are_quarantined_alone_and_go_on_once_released() {
    let folder = tempfile::tempdir().unwrap();
    PORT_IS_POISONED.store(true, Ordering::SeqCst);
    let mut settings = settings(folder.path());
    settings.actors.crashes_max = 2;
    let install = |host: &mut Installation| {
        host.business::<Ringing>();
    };
    let runtime = Runtime::start(settings, install).unwrap();
    open_many(&runtime, 40).await;
    for number in (1..=40).filter(|number| ![BAD_QUESTION, BAD_ANSWER].contains(number)) {
        becomes(&runtime, number, 1).await;
    }
    let poisoned = || {
        let entries = runtime.quarantine().into_iter();
        let here = entries.filter(|entry| entry.resource == "ringing/ring");
        here.map(|entry| (entry.number, entry.reason)).collect::<Vec<_>>()
    };
    while poisoned().len() < 2 {
        tokio::task::yield_now().await;
    }
    let entries = poisoned();
    assert!(entries[0].1.contains("a bad question") && entries[1].1.contains("a bad answer"));

    assert!(runtime.release("ringing/ring", BAD_QUESTION));
    while poisoned().len() < 2 {
        tokio::task::yield_now().await;
    }
    PORT_IS_POISONED.store(false, Ordering::SeqCst);
    for number in [BAD_QUESTION, BAD_ANSWER] {
        assert!(runtime.release("ringing/ring", number));
        becomes(&runtime, number, 1).await;
        assert!(!runtime.release("ringing/ring", number), "released twice");
    }
    assert_eq!(runtime.show(COUNTERS, 1, &Caller::Trusted).await.unwrap().version, 1);
    runtime.stop().await;
}

#[actix::test]
async fn a_call_that_was_made_is_not_refused_as_never_made_when_it_is_released_while_suspended() {
    let folder = tempfile::tempdir().unwrap();
    URGENT_REPLY_IS_POISONED.store(true, Ordering::SeqCst);
    let install = |host: &mut Installation| {
        host.business::<Ringing>();
    };
    let runtime = Runtime::start(settings(folder.path()), install).unwrap();
    open_many(&runtime, usize::try_from(URGENT_CALL).unwrap()).await;
    let is_quarantined = || {
        let entries = runtime.quarantine().into_iter();
        entries.filter(|entry| entry.resource == "ringing/ring").any(|e| e.number == URGENT_CALL)
    };
    while !is_quarantined() {
        tokio::task::yield_now().await;
    }
    runtime.set_suspended("ringing/ring", true).await.unwrap().unwrap();
    URGENT_REPLY_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(runtime.release("ringing/ring", URGENT_CALL));
    becomes(&runtime, URGENT_CALL, u64::from(UNKNOWN)).await;
    runtime.stop().await;
}
