//! The hub of the feed: the newest events of the journal, each encoded once for all readers.

use super::{
    cloud_event::{encoded, message},
    watched::{Address, Watched},
};
use crate::{
    actors::{AggregateEvent, EventBatch, EventHeader, Runtime},
    inbound::problem::{BUSY, Problem},
    sync::{self, CountGuard},
};
use actix_web::web::Bytes;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::sync::watch;

/// The most open streams of the whole server: feeds and live queries.
const STREAMS_MAX: usize = 4_096;

/// The most events in memory, and the most bytes of them.
const FRAMES_MAX: usize = 16_384;
const FRAME_BYTES_MAX: usize = 16 << 20;

/// The records that are read at once.
const RECORDS_AT_ONCE: usize = 1_024;

/// The pause after an error of the journal, which is being recovered meanwhile.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time between two reads of the journal, so that one read takes many events under
/// load.
const PACE: Duration = Duration::from_millis(5);

/// An event with its form in a stream.
pub struct Frame {
    /// Everything but the details.
    pub header: EventHeader,
    /// The name of the event: `Called`.
    pub name: String,
    /// The full name: `taxi.orders.Called`.
    pub full_name: String,
    /// The event as it stands in a stream of Server-Sent Events, with its position as the id.
    pub text: Bytes,
    /// The event alone, as JSON: a part of the text.
    pub event: Bytes,
}

impl Frame {
    /// Encodes an event.
    #[must_use]
    pub fn of(event: &AggregateEvent) -> Self {
        let encoded = encoded(event);
        let text = Bytes::from(message(event.header.position, &encoded));
        // The event stands before two line ends.
        let end = text.len() - 2;
        Self {
            header: event.header.clone(),
            name: event.name.clone(),
            full_name: event.full_name(),
            event: text.slice(end - encoded.len()..end),
            text,
        }
    }
}

/// The newest events.
#[derive(Default)]
struct Newest {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    /// The frames cover the journal after this position…
    after: u64,
    /// …up to this one.
    reached: u64,
}

/// The events after a cursor.
pub enum Found {
    /// The cursor is before the events in memory: they have to be read from the journal.
    Behind,
    /// The events, and the position up to which there are no others.
    Frames(Vec<Arc<Frame>>, u64),
}

/// The hub of one server.
pub struct Hub {
    newest: Mutex<Newest>,
    /// The position up to which events are in memory, for waiting readers.
    reached: watch::Sender<u64>,
    /// The number of open streams. The hub reads the journal only while there are some.
    streams: Arc<AtomicUsize>,
    /// The number of feeds among them. The hub encodes events only while there are some.
    feeds: Arc<AtomicUsize>,
    watched: Watched,
    wakeup: Arc<Wakeup>,
    runtime: Runtime,
}

/// The place of a feed among the streams.
pub struct FeedPlace {
    _stream: CountGuard,
    _feed: CountGuard,
}

/// Wakes the thread of the hub.
#[derive(Default)]
struct Wakeup {
    state: Mutex<Signal>,
    changed: Condvar,
}

#[derive(Default)]
struct Signal {
    is_raised: bool,
    is_over: bool,
}

impl Wakeup {
    fn raise(&self) {
        sync::lock(&self.state).is_raised = true;
        self.changed.notify_one();
    }

    fn end(&self) {
        sync::lock(&self.state).is_over = true;
        self.changed.notify_one();
    }

    /// Waits for a signal; false when the hub is over.
    fn wait(&self) -> bool {
        let mut state = sync::lock(&self.state);
        while !state.is_raised && !state.is_over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_raised = false;
        !state.is_over
    }
}

impl Hub {
    /// Starts the hub of a runtime, on a thread of its own.
    ///
    /// # Errors
    /// When the system starts no further thread.
    pub fn start(runtime: &Runtime) -> std::io::Result<Arc<Self>> {
        let after = runtime.durable();
        let newest = Newest { after, reached: after, ..Newest::default() };
        let (wakeup, streams) = (Arc::<Wakeup>::default(), Arc::<AtomicUsize>::default());
        let hub = Arc::new(Self {
            newest: Mutex::new(newest),
            reached: watch::Sender::new(after),
            streams: Arc::clone(&streams),
            feeds: Arc::default(),
            watched: Watched::default(),
            wakeup: Arc::clone(&wakeup),
            runtime: runtime.clone(),
        });
        let woken = Arc::clone(&wakeup);
        runtime.on_durable(streams, Arc::new(move |_| woken.raise()));
        let weak = Arc::downgrade(&hub);
        thread::Builder::new().name("feed".to_owned()).spawn(move || {
            while wakeup.wait() {
                let Some(hub) = weak.upgrade() else { return };
                hub.take_in();
            }
        })?;
        Ok(hub)
    }

    /// Takes a place for a stream; `None` when there are too many.
    pub fn admit(&self) -> Option<CountGuard> {
        let (before, guard) = CountGuard::count(&self.streams);
        if before >= STREAMS_MAX {
            return None;
        }
        if before == 0 {
            let durable = self.runtime.durable();
            *sync::lock(&self.newest) =
                Newest { after: durable, reached: durable, ..Newest::default() };
        }
        self.wakeup.raise();
        Some(guard)
    }

    /// Takes a place for a feed; `None` when there are too many streams.
    pub fn admit_feed(&self) -> Option<FeedPlace> {
        let feed = CountGuard::new(&self.feeds);
        Some(FeedPlace { _stream: self.admit()?, _feed: feed })
    }

    /// A receiver of the position of each further event of an aggregate, which the holder of a
    /// place gets.
    pub fn watch(&self, aggregate: Address) -> watch::Receiver<u64> {
        self.watched.subscribe(aggregate)
    }

    /// A receiver of the position up to which events are in memory.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.reached.subscribe()
    }

    /// Returns up to `frames_max` events after a cursor.
    pub fn after(&self, cursor: u64, frames_max: usize) -> Found {
        let newest = sync::lock(&self.newest);
        if cursor < newest.after {
            return Found::Behind;
        }
        let first = newest.frames.partition_point(|frame| frame.header.position <= cursor);
        let frames: Vec<_> = newest.frames.iter().skip(first).take(frames_max).cloned().collect();
        let reached = match frames.last() {
            Some(last) if frames.len() == frames_max => last.header.position,
            _ => newest.reached.max(cursor),
        };
        Found::Frames(frames, reached)
    }

    /// Reads the journal up to its end, while there are streams.
    fn take_in(&self) {
        let runtime = &self.runtime;
        while self.streams.load(Ordering::Acquire) > 0 {
            let before = sync::lock(&self.newest).reached;
            if before >= runtime.durable() {
                return;
            }
            let has_feeds = self.feeds.load(Ordering::Acquire) > 0;
            let is_wanted = |header: &EventHeader| {
                self.watched.changed(header);
                has_feeds
            };
            match runtime.events(before, RECORDS_AT_ONCE, &is_wanted) {
                Ok(EventBatch { events, reached }) => {
                    let frames = events.iter().map(|event| Arc::new(Frame::of(event)));
                    let frames = has_feeds.then(|| frames.collect());
                    self.add(frames, (before, reached));
                }
                Err(error) => {
                    tracing::debug!(%error, "the feed reads the journal again later");
                    pause(RETRY_PAUSE);
                }
            }
            pause(PACE);
        }
        // Without streams nothing is kept. The next one begins at the end of the journal.
        let mut newest = sync::lock(&self.newest);
        *newest = Newest { after: newest.reached, reached: newest.reached, ..Newest::default() };
    }

    /// Adds the events between two positions, unless the hub began at another position meanwhile.
    /// Without frames there are no feeds: the events in memory begin anew after them.
    fn add(&self, frames: Option<Vec<Arc<Frame>>>, (before, reached): (u64, u64)) {
        let mut newest = sync::lock(&self.newest);
        if newest.reached != before {
            return;
        }
        let Some(frames) = frames else {
            *newest = Newest { after: reached, reached, ..Newest::default() };
            return;
        };
        newest.bytes += frames.iter().map(|frame| frame.text.len()).sum::<usize>();
        newest.frames.extend(frames);
        newest.reached = reached;
        while newest.frames.len() > FRAMES_MAX || newest.bytes > FRAME_BYTES_MAX {
            let Some(oldest) = newest.frames.pop_front() else { break };
            newest.bytes -= oldest.text.len();
            newest.after = oldest.header.position;
        }
        drop(newest);
        self.reached.send_replace(reached);
    }
}

/// The problem of a client that finds no place for a further stream.
#[must_use]
pub fn too_many() -> Problem {
    Problem {
        retry_after_s: Some(5),
        ..Problem::new(BUSY, "as many streams are open as the server serves at once")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.wakeup.end();
    }
}

#[expect(clippy::disallowed_methods, reason = "only the thread of the hub is paused")]
fn pause(time: Duration) {
    thread::sleep(time);
}
