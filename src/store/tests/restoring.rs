//! Restores: to a position or an instant, with answers, subscriptions and numbers, interrupted.

use super::{
    backing_up::{
        ALL, Bench, answer, assert_sound, content, keep, place, placed, rejected, submitted,
    },
    event, order,
};
use crate::{
    domain::kernel::Timestamp,
    store::{
        backup::Backup,
        journal::{
            Checkpoint, Cut, Entry, Journal, JournalOptions, Restore, SledJournal, Stage,
            Submission, restore,
        },
        types::{Answer, Answers, KindId, StoredOutcome},
    },
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

#[test]
fn a_restore_ends_at_a_position_or_an_instant_and_divides_no_submission() {
    let bench = Bench::new();
    place(&bench.journal, 1..=20);
    let _ = bench.backup();
    let all = content(&bench.journal);
    for (nth, cut, position) in [
        (1, Cut::Position(12), 12),
        (2, Cut::Position(13), 12),
        (3, Cut::Time(Timestamp(7_000)), 14),
        (4, Cut::Time(Timestamp(7_999)), 14),
        (5, Cut::Time(Timestamp(u64::MAX)), 40),
    ] {
        let restored = bench.restored(&format!("cut {nth}"), &Restore { cut, ..ALL });
        assert_eq!(content(&restored), all[..position], "{cut:?}");
        assert_sound(&restored);
    }
    let backup = Backup::open(&bench.path("backup")).unwrap();
    for (cut, reason) in [
        (Cut::Position(41), "ends at position 40, before 41"),
        (Cut::Position(0), "nothing is restored"),
        (Cut::Time(Timestamp(0)), "nothing is restored"),
    ] {
        let target = bench.path("refused");
        let error = restore(&backup, &target, &Restore { cut, ..ALL }, &keep, &mut |_, _, _| ());
        assert!(error.unwrap_err().to_string().contains(reason), "{cut:?}");
        assert!(!target.exists());
    }
}

#[test]
fn answers_are_restored_as_far_as_their_commands_were_carried_out() {
    let bench = Bench::new();
    let with = |number: u64, outcome| Submission {
        answer: Some(answer(number, outcome)),
        ..placed(number)
    };
    submitted(&bench.journal, with(1, rejected("one")));
    submitted(&bench.journal, with(2, StoredOutcome::Accepted { version: 1 }));
    submitted(&bench.journal, placed(3));
    // The answer of the second order follows later, and replaces what was stored before.
    let later = Submission {
        after_version: 2,
        entries: vec![Entry { payload: event("ready"), typed: None }],
        answer: Some(Answers::from(Answer {
            is_first: false,
            ..answer(2, rejected("two")).all.remove(0)
        })),
        ..Submission::of(order(2), 0, Timestamp(9_000))
    };
    submitted(&bench.journal, later);
    submitted(&bench.journal, with(4, rejected("four")));
    let _ = bench.backup();
    let outcome =
        |journal: &SledJournal, key| journal.answer(key).unwrap().map(|answer| answer.outcome);
    let all = bench.restored("all", &ALL);
    for key in 1..=5 {
        assert_eq!(outcome(&all, key), outcome(&bench.journal, key), "{key}");
    }
    let cut = bench.restored("cut", &Restore { cut: Cut::Position(6), ..ALL });
    assert_eq!(outcome(&cut, 1), Some(rejected("one")));
    assert_eq!(outcome(&cut, 2), Some(StoredOutcome::Accepted { version: 2 }));
    assert_eq!([3, 4, 5].map(|key| outcome(&cut, key)), [None, None, None]);
    assert_sound(&cut);
}

#[test]
fn the_answer_of_a_refused_command_without_a_record_is_restored_at_the_end_alone() {
    let bench = Bench::new();
    submitted(&bench.journal, placed(1));
    let refused = |number: u64| Submission {
        entries: Vec::new(),
        answer: Some(answer(number, rejected("one"))),
        ..placed(number)
    };
    submitted(&bench.journal, refused(1));
    submitted(&bench.journal, placed(2));
    submitted(&bench.journal, refused(2));
    let _ = bench.backup();
    let outcomes = |journal: &SledJournal| {
        [1, 2].map(|key| journal.answer(key).unwrap().map(|answer| answer.outcome))
    };
    let both = [Some(rejected("one")), Some(rejected("one"))];
    assert_eq!(outcomes(&bench.journal), both);
    assert_eq!(outcomes(&bench.restored("all", &ALL)), both);
    let cut = Restore { cut: Cut::Position(bench.journal.durable() - 1), ..ALL };
    assert_eq!(outcomes(&bench.restored("cut", &cut))[1], None);
}

#[test]
fn shapes_and_subscriptions_are_kept_and_the_progress_of_sagas_is_not() {
    let bench = Bench::new();
    place(&bench.journal, 1..=2);
    for kind in 1..=3 {
        let conversations = vec![(1, Some(vec![u8::try_from(kind).unwrap()]))];
        let subscriber = KindId(kind);
        let checkpoint = Checkpoint { subscriber, generation: 0, position: 3, conversations };
        assert!(bench.journal.checkpoint(checkpoint).is_ok());
    }
    assert!(bench.journal.settle(Duration::from_secs(60)));
    let _ = bench.backup();
    let restored = bench.restored("new", &ALL);
    let states = [1, 2, 3].map(|kind| restored.conversation(KindId(kind), 1).unwrap());
    assert_eq!(states, [Some(vec![1]), None, Some(vec![3])]);
    assert_eq!(restored.cursor_of(KindId(2)).unwrap(), 0);
}

#[test]
fn numbers_that_may_have_been_given_since_are_not_given_again() {
    let bench = Bench::new();
    place(&bench.journal, 1..=3);
    let _ = bench.backup();
    let restored = bench.restored("new", &Restore { skipped_numbers: 1_000, ..ALL });
    assert_eq!(restored.last_number(KindId(0)), 1_003);
    assert_eq!(restored.last_number(KindId(1)), 0);
    assert_eq!(bench.restored("exact", &ALL).last_number(KindId(0)), 3);
    // The kind of sagas has no number yet, and may have got one since.
    assert_eq!(restored.last_number(KindId(2)), 1_000);
}

#[test]
fn numbers_after_the_cut_are_not_given_again() {
    let bench = Bench::new();
    place(&bench.journal, 1..=3);
    let _ = bench.backup();
    let restored = bench.restored("new", &Restore { cut: Cut::Position(3), ..ALL });
    assert_eq!(restored.last_number(KindId(0)), 3);
}

#[test]
fn an_interrupted_restore_is_refused_and_can_be_begun_again() {
    let bench = Bench::new();
    place(&bench.journal, 1..=700);
    let _ = bench.backup();
    let backup = Backup::open(&bench.path("backup")).unwrap();
    for killed_at in [0, 512, 1_024, 1_400] {
        let target = bench.path("new");
        let kill = || {
            let mut progress = |stage, done, _| {
                let is_writing = stage == Stage::Writing;
                assert!(!is_writing || done < killed_at, "killed");
            };
            restore(&backup, &target, &ALL, &keep, &mut progress)
        };
        let _ = catch_unwind(AssertUnwindSafe(kill)).unwrap_err();
        let refused = SledJournal::open(&target.join("journal"), JournalOptions::default());
        let reason = refused.err().expect("a journal that is not whole is refused").reason;
        assert!(reason.contains("run that command again"), "{reason}");
    }
    assert_eq!(content(&bench.restored("new", &ALL)), content(&bench.journal));
    let error = restore(&backup, &bench.path("new"), &ALL, &keep, &mut |_, _, _| ());
    assert!(error.unwrap_err().to_string().contains("is not empty"));
}
