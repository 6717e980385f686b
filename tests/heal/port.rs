//! What becomes of a port when something it is asked, or the answer to it, crashes again and again.

use crate::{
    relay::{BAD_ANSWER, BAD_QUESTION, PORT_IS_POISONED, Ringing},
    saga::{COUNTERS, becomes, open_many, settings},
};
use madang::{
    actors::{Catalogue, Courtyard},
    domain::kernel::Host,
};
use std::sync::atomic::Ordering;

#[actix::test]
async fn conversations_that_crash_a_port_are_quarantined_alone_and_go_on_once_released() {
    let folder = tempfile::tempdir().unwrap();
    PORT_IS_POISONED.store(true, Ordering::SeqCst);
    let mut settings = settings(folder.path());
    settings.actors.crashes_max = 2;
    let install = |host: &mut Catalogue| {
        host.business::<Ringing>();
    };
    let courtyard = Courtyard::start(settings, install).unwrap();
    open_many(&courtyard, 40).await;
    for number in (1..=40).filter(|number| ![BAD_QUESTION, BAD_ANSWER].contains(number)) {
        becomes(&courtyard, number, 1).await;
    }
    let poisoned = || {
        let entries = courtyard.quarantine().into_iter();
        let here = entries.filter(|entry| entry.resource == "ringing/ring");
        here.map(|entry| (entry.number, entry.because)).collect::<Vec<_>>()
    };
    while poisoned().len() < 2 {
        tokio::task::yield_now().await;
    }
    let entries = poisoned();
    assert!(entries[0].1.contains("a bad question") && entries[1].1.contains("a bad answer"));

    assert!(courtyard.release_conversation("ringing/ring", BAD_QUESTION));
    while poisoned().len() < 2 {
        tokio::task::yield_now().await;
    }
    PORT_IS_POISONED.store(false, Ordering::SeqCst);
    for number in [BAD_QUESTION, BAD_ANSWER] {
        assert!(courtyard.release_conversation("ringing/ring", number));
        becomes(&courtyard, number, 1).await;
        assert!(!courtyard.release_conversation("ringing/ring", number), "released twice");
    }
    assert_eq!(courtyard.show(COUNTERS, 1).await.unwrap().version, 1);
    courtyard.stop().await;
}
