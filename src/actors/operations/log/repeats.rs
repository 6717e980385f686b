//! The rate limit of the operations log: it admits the first events of one kind about one subject
//! in an interval, and counts the others for one summary.

use super::event::OperationsEvent;
use crate::actors::support::in_millis;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Upper bound of events of one kind about one subject that are written in one interval.
pub(super) const EVENTS_MAX: u32 = 32;

/// The length of an interval, which begins with its first event.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

/// Upper bound of subjects that are counted separately. It bounds the memory. Events about further
/// subjects are counted together.
const SUBJECTS_MAX: usize = 4_096;

/// The subject of all events beyond [`SUBJECTS_MAX`].
const OTHERS: &str = "others";

/// The current intervals.
#[derive(Debug, Default)]
pub struct Repeats {
    intervals: HashMap<(&'static str, String), Interval>,
}

/// The events of one kind about one subject in one interval.
#[derive(Debug)]
struct Interval {
    begun: Instant,
    written: u32,
    counted: u64,
}

impl Repeats {
    /// Returns whether an event is to be written. Other events are counted for a later summary.
    pub(super) fn admit(&mut self, event: &OperationsEvent, now: Instant) -> bool {
        let interval = self.interval(event, now);
        let is_admitted = interval.written < EVENTS_MAX;
        if is_admitted {
            interval.written += 1;
        } else {
            interval.counted += 1;
        }
        is_admitted
    }

    /// Counts an event that was admitted and could not be written.
    pub(super) fn count(&mut self, event: &OperationsEvent, now: Instant) {
        self.interval(event, now).counted += 1;
    }

    /// Ends the intervals that are over, and returns the summaries of their counted events.
    pub(super) fn over(&mut self, now: Instant) -> Vec<OperationsEvent> {
        self.end(now, |interval| now.saturating_duration_since(interval.begun) >= INTERVAL)
    }

    /// Ends all intervals, and returns the summaries of their counted events.
    pub(super) fn all(&mut self, now: Instant) -> Vec<OperationsEvent> {
        self.end(now, |_| true)
    }

    fn end(&mut self, now: Instant, is_over: impl Fn(&Interval) -> bool) -> Vec<OperationsEvent> {
        let mut summaries = Vec::new();
        self.intervals.retain(|(what, subject), interval| {
            let is_over = is_over(interval);
            if is_over && interval.counted > 0 {
                let lasting = now.saturating_duration_since(interval.begun);
                summaries.push(OperationsEvent::Repeated {
                    what: (*what).to_owned(),
                    subject: subject.clone(),
                    count: interval.counted,
                    for_ms: in_millis(lasting),
                });
            }
            !is_over
        });
        summaries
    }

    fn interval(&mut self, event: &OperationsEvent, now: Instant) -> &mut Interval {
        let (what, mut subject) = event.subject();
        let is_known = |subject: &String| self.intervals.contains_key(&(what, subject.clone()));
        if self.intervals.len() >= SUBJECTS_MAX && !is_known(&subject) {
            OTHERS.clone_into(&mut subject);
        }
        let begin = || Interval { begun: now, written: 0, counted: 0 };
        self.intervals.entry((what, subject)).or_insert_with(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restarted(part: &str) -> OperationsEvent {
        OperationsEvent::Restarted {
            part: part.to_owned(),
            reason: "it had stopped".to_owned(),
            after_ms: 1,
        }
    }

    fn repeated(count: u64, for_ms: u64) -> OperationsEvent {
        OperationsEvent::Repeated {
            what: "Restarted".into(),
            subject: "saga a".into(),
            count,
            for_ms,
        }
    }

    #[test]
    fn a_crash_loop_leaves_a_bounded_number_of_events_and_every_restart_is_counted() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let (mut written, mut counted) = (0_u64, 0_u64);
        let mut summary_count = 0;
        for nth in 0..57_053_u64 {
            let now = begun + Duration::from_micros(nth * 140);
            for summary in repeats.over(now) {
                let OperationsEvent::Repeated { count, .. } = summary else { panic!("a summary") };
                (summary_count, counted) = (summary_count + 1, counted + count);
            }
            written += u64::from(repeats.admit(&restarted("saga a"), now));
        }
        let over = begun + INTERVAL;
        let summaries = repeats.over(over);
        assert_eq!(summaries, [repeated(57_053 - 32, 60_000)]);
        assert_eq!((written, counted, summary_count), (32, 0, 0), "8 s are one interval");
        assert_eq!(repeats.over(over + INTERVAL), []);
    }

    #[test]
    fn events_of_other_kinds_and_about_other_subjects_are_written_meanwhile() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        for _ in 0..EVENTS_MAX {
            assert!(repeats.admit(&restarted("saga a"), now));
        }
        assert!(!repeats.admit(&restarted("saga a"), now));
        assert!(repeats.admit(&restarted("saga b"), now));
        assert!(repeats.admit(&OperationsEvent::JournalRecovered { after_ms: 1 }, now));
    }

    #[test]
    fn events_are_written_again_in_the_next_interval_and_summarized_at_the_end() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        for _ in 0..=EVENTS_MAX {
            repeats.admit(&restarted("saga a"), begun);
        }
        assert_eq!(repeats.over(begun + INTERVAL), [repeated(1, 60_000)]);
        let later = begun + INTERVAL;
        assert!(repeats.admit(&restarted("saga a"), later));
        repeats.count(&restarted("saga a"), later);
        let end = later + Duration::from_secs(1);
        assert_eq!(repeats.over(end), [], "the interval is not over");
        assert_eq!(repeats.all(end), [repeated(1, 1_000)]);
    }

    #[test]
    fn the_memory_is_bounded_for_any_number_of_subjects() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        for nth in 0..3 * SUBJECTS_MAX {
            repeats.admit(&restarted(&nth.to_string()), now);
        }
        assert!(repeats.intervals.len() <= SUBJECTS_MAX + 1);
        let Some(OperationsEvent::Repeated { subject, count, .. }) = repeats.all(now).pop() else {
            panic!("a summary");
        };
        assert_eq!((subject.as_str(), count), (OTHERS, (2 * SUBJECTS_MAX) as u64 - 32));
    }
}
