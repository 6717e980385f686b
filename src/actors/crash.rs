//! What to do about crashes: rebuild after a pause, or quarantine when they repeat.

use super::{
    diary::{Diary, Note},
    facade::QuarantineEntry,
    settings::ActorSettings,
};
use actix::Message;
use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Runs domain code; a panic becomes its message.
pub fn caught<T>(domain_code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(domain_code))
        .map_err(|panic| format!("panicked: {}", panic_message(&*panic)))
}

/// What a panic says.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Lets a conversation out of quarantine; said to where it is led.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release(pub u64);

/// The recent crashes of one instance.
#[derive(Debug, Default)]
pub struct Crashes {
    times: VecDeque<Instant>,
}

/// What follows from a crash.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rebuild after this pause.
    Rebuild(Duration),
    /// Too many: keep it out of the way.
    Quarantine,
}

impl Crashes {
    /// Counts one more crash.
    pub fn count(&mut self, now: Instant, settings: &ActorSettings) -> Verdict {
        self.times.push_back(now);
        while self.times.front().is_some_and(|time| now - *time > settings.crash_window()) {
            self.times.pop_front();
        }
        if self.number() >= settings.crashes_max {
            return Verdict::Quarantine;
        }
        let doublings = (self.number() - 1).min(10);
        Verdict::Rebuild(Duration::from_millis(settings.crash_backoff_ms << doublings))
    }

    /// Crashes within the window.
    pub fn number(&self) -> u32 {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    /// Starts counting from zero.
    pub fn forget(&mut self) {
        self.times.clear();
    }
}

/// Everything that is in quarantine, of all kinds.
#[derive(Debug)]
pub struct Quarantine {
    diary: Arc<Diary>,
    entries: Mutex<BTreeMap<(&'static str, u64), QuarantineEntry>>,
}

impl Quarantine {
    /// Nobody is in it yet; who comes and goes is noted.
    pub fn new(diary: Arc<Diary>) -> Self {
        Self { diary, entries: Mutex::default() }
    }

    /// Takes one in.
    pub fn admit(&self, entry: QuarantineEntry) {
        self.take_back(entry.clone());
        let QuarantineEntry { resource, number, because, .. } = entry;
        let resource = resource.to_owned();
        self.diary.note(Note::Quarantined { resource, number, because });
    }

    /// Takes one in that was in before everything started over.
    pub fn take_back(&self, entry: QuarantineEntry) {
        tracing::error!(
            resource = entry.resource,
            number = entry.number,
            because = entry.because,
            crashes = entry.crashes,
            "quarantined"
        );
        self.lock().insert((entry.resource, entry.number), entry);
    }

    /// Why this one is in, if it is.
    pub fn because(&self, resource: &'static str, number: u64) -> Option<String> {
        self.lock().get(&(resource, number)).map(|entry| entry.because.clone())
    }

    /// Lets one out.
    pub fn release(&self, resource: &'static str, number: u64) -> bool {
        let was_in = self.lock().remove(&(resource, number)).is_some();
        if was_in {
            self.diary.note(Note::Released { resource: resource.to_owned(), number });
        }
        was_in
    }

    /// Lets all of these out.
    pub fn forget(&self, resource: &'static str) {
        self.lock().retain(|(of, _), _| *of != resource);
    }

    /// Everything that is in.
    pub fn entries(&self) -> Vec<QuarantineEntry> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, u64), QuarantineEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_the_last_crash_quarantines() {
        let settings =
            ActorSettings { crashes_max: 3, crash_backoff_ms: 5, ..ActorSettings::default() };
        let mut crashes = Crashes::default();
        let now = Instant::now();
        assert_eq!(crashes.count(now, &settings), Verdict::Rebuild(Duration::from_millis(5)));
        assert_eq!(crashes.count(now, &settings), Verdict::Rebuild(Duration::from_millis(10)));
        assert_eq!(crashes.count(now, &settings), Verdict::Quarantine);
    }

    #[test]
    fn crashes_outside_the_window_are_forgiven() {
        let settings = ActorSettings { crashes_max: 2, ..ActorSettings::default() };
        let mut crashes = Crashes::default();
        let now = Instant::now();
        crashes.count(now, &settings);
        let later = now + settings.crash_window() + Duration::from_secs(1);
        assert!(matches!(crashes.count(later, &settings), Verdict::Rebuild(_)));
    }

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(caught(|| panic!("no taxi {}", 7)), Err::<(), _>("panicked: no taxi 7".into()));
    }
}
