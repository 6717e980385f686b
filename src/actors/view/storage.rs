//! Where the rows of a view stand: in their file, or on their way out of the journal once more.
//!
//! ```text
//!       ┌ checked ┐ as written   suspected: deleted, replaced, damaged, another shape
//! start ┴─────────┴▶ in place ◀──────────────────────────────────┐
//!   │                  │                complete: takes the place │
//!   │ missing, or      └──────▶ made anew beside the place ───────┘
//!   └─ other shape ───────────▶ (503, with how far it is)
//! ```
//! Rows are read only while they are in place: half of the journal would show what is long over.

use crate::{
    actors::{
        api::RequestError,
        operations::{OperationsEvent, OperationsLog},
        support::millis,
    },
    store::read_model::{Layout, OpenProblem, ReadModel, ReadModelError},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

/// Where the rows of a view are kept.
pub fn view_path(data: &Path, name: &str) -> PathBuf {
    data.join("views").join(format!("{}.sqlite", name.replace('/', ".")))
}

/// How often it is said how far the rows are.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// A shorter file is compared with what was written to it before the start goes on; that takes a
/// few milliseconds. A longer one is compared meanwhile.
const CHECKED_AT_ONCE_BYTES: u64 = 4 << 20;

/// Nobody is told to come back later than this, in seconds.
const RETRY_AFTER_MAX_S: u64 = 600;

/// The place of one view's rows.
pub struct ViewStorage {
    place: PathBuf,
    layout: Layout,
    diary: Arc<OperationsLog>,
    in_place: RwLock<Option<Arc<ReadModel>>>,
    /// How far they are while they are made anew.
    anew: Mutex<Option<Anew>>,
    /// The rows that are compared with what was written, before they are read.
    checked: Mutex<Option<Checked>>,
}

/// Rows that are compared with what was written.
struct Checked {
    model: Arc<ReadModel>,
    done: u64,
    of: u64,
}

impl Checked {
    /// Below 100 until the rows are in place.
    fn percent(&self) -> u64 {
        (self.done.saturating_mul(100) / self.of.max(1)).min(99)
    }
}

/// How far rows are that are made anew.
#[derive(Clone, Debug)]
struct Anew {
    because: String,
    begun: Instant,
    said: Instant,
    position: u64,
    of: u64,
}

impl Anew {
    /// Below 100 until the rows are in place.
    fn percent(&self) -> u64 {
        (self.position.saturating_mul(100) / self.of.max(1)).min(99)
    }

    /// Seconds until they are complete, if all goes on as it went.
    fn left_s(&self) -> u64 {
        let left = self.of.saturating_sub(self.position);
        let seconds = self.begun.elapsed().as_secs().saturating_mul(left) / self.position.max(1);
        seconds.clamp(1, RETRY_AFTER_MAX_S)
    }
}

impl ViewStorage {
    /// Opens the rows, or begins to make them anew when they cannot be used, or know of more
    /// than the journal does. Gives what the projector writes to.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn open(
        place: PathBuf,
        layout: Layout,
        (diary, durable): (Arc<OperationsLog>, u64),
    ) -> Result<(Arc<Self>, Arc<ReadModel>), ReadModelError> {
        let opened = ReadModel::open(&place, layout).and_then(|model| match model.cursor() {
            Ok(cursor) if cursor <= durable => Ok(model),
            Ok(cursor) => {
                let because = format!("it is at {cursor}, but the journal ends at {durable}");
                Err(OpenProblem::Damaged(because))
            }
            Err(error) => Err(OpenProblem::Damaged(error.because)),
        });
        let (in_place, anew) = (RwLock::new(None), Mutex::new(None));
        let checked = Mutex::new(None);
        let shelf = Arc::new(Self { place, layout, diary, in_place, anew, checked });
        let model = match opened {
            Ok(model) => shelf.begin_check(model),
            Err(found) => {
                let model = shelf.make_anew(&found, durable)?;
                if durable == 0 { shelf.complete(&model)? } else { model }
            }
        };
        Ok((shelf, model))
    }

    /// Takes the rows away from those who read, and begins with none.
    ///
    /// # Errors
    /// When the folder cannot be written to; there are no rows then until it can.
    pub fn make_anew(
        &self,
        found: &OpenProblem,
        durable: u64,
    ) -> Result<Arc<ReadModel>, ReadModelError> {
        let view = self.layout.name;
        match found {
            OpenProblem::Damaged(because) => {
                tracing::warn!(view, because, "the rows of a view cannot be trusted");
            }
            OpenProblem::OtherShape => {
                tracing::info!(view, "the rows of a view have another shape");
            }
            OpenProblem::Missing => tracing::debug!(view, "a view has no rows yet"),
        }
        let (begun, because) = (Instant::now(), found.to_string());
        let anew = Anew { because, begun, said: begun, position: 0, of: durable };
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).take();
        *self.anew.lock().unwrap_or_else(PoisonError::into_inner) = Some(anew);
        *self.in_place.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(Arc::new(ReadModel::build(&self.place, self.layout, found)?))
    }

    /// What somebody writes to who goes on in the place of another: the rows in place, or those
    /// that are checked. Those that were being made anew are begun anew, because only their
    /// projector knew where they are.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn go_on(&self, durable: u64) -> Result<Arc<ReadModel>, ReadModelError> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = checked.as_ref() {
            return Ok(Arc::clone(&checked.model));
        }
        drop(checked);
        match self.readable() {
            Ok(model) => Ok(model),
            Err(_) => self.make_anew(&OpenProblem::Missing, durable),
        }
    }

    /// Whether the rows are compared with what was written: nothing is read from them or written
    /// to them yet.
    pub fn is_being_checked(&self) -> bool {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Writes a seal on the rows in place; a file without one is only checked more slowly.
    pub fn seal(&self) {
        let in_place = self.in_place.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Err(error)) = in_place.map(|model| model.seal()) {
            tracing::info!(%error, "a view is stopped without a seal");
        }
    }

    /// Whether the rows are being made anew.
    pub fn is_made_anew(&self) -> bool {
        self.anew.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// How far they are; says it aloud now and then.
    pub fn went_on(&self, position: u64, of: u64) {
        let mut anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(anew) = anew.as_mut() else { return };
        (anew.position, anew.of) = (position, of);
        if anew.said.elapsed() >= SAY_EVERY {
            anew.said = Instant::now();
            let (view, percent, left_s) = (self.layout.name, anew.percent(), anew.left_s());
            tracing::info!(view, percent, position, of, left_s, "a view is made anew");
        }
    }

    /// Puts complete rows in their place.
    ///
    /// # Errors
    /// When they cannot take it; they have to be made anew.
    pub fn complete(&self, model: &ReadModel) -> Result<Arc<ReadModel>, ReadModelError> {
        let model = self.put(model.take_place(&self.place)?);
        let anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(anew) = anew.filter(|anew| anew.position > 0) {
            let (view, records) = (self.layout.name.to_owned(), anew.position);
            let (because, after_ms) = (anew.because, millis(anew.begun));
            self.diary.note(OperationsEvent::MadeAnew { view, because, records, after_ms });
        }
        Ok(model)
    }

    /// What readers read from.
    ///
    /// # Errors
    /// While the rows are made anew: how far they are.
    pub fn readable(&self) -> Result<Arc<ReadModel>, RequestError> {
        let in_place = self.in_place.read().unwrap_or_else(PoisonError::into_inner).clone();
        in_place.ok_or_else(|| self.trouble())
    }

    /// How far the rows are, as whoever asks for them is told.
    pub fn trouble(&self) -> RequestError {
        if let Some(percent) = self.checked_percent() {
            let view = self.layout.name;
            return RequestError::NotYet(format!(
                "the file of {view} is compared with what was written to it: {percent} %"
            ));
        }
        let anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (percent, position, of, left_s) = anew
            .map_or((99, 0, 0, 1), |anew| (anew.percent(), anew.position, anew.of, anew.left_s()));
        let retry_after_s = u32::try_from(left_s).unwrap_or(u32::MAX);
        RequestError::MadeAnew { view: self.layout.name, percent, position, of, retry_after_s }
    }

    /// Why the view is rebuilt and how far that is, while it is.
    pub fn rebuild(&self) -> Option<(String, u64)> {
        let anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner);
        anew.as_ref().map(|anew| (anew.because.clone(), anew.percent()))
    }

    fn put(&self, model: ReadModel) -> Arc<ReadModel> {
        let model = Arc::new(model);
        let in_place = Some(Arc::clone(&model));
        *self.in_place.write().unwrap_or_else(PoisonError::into_inner) = in_place;
        model
    }

    /// How much of the file is compared with what was written to it, while it is.
    pub fn checked_percent(&self) -> Option<u64> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.as_ref().map(Checked::percent)
    }

    /// Has the rows compared with what was written, at once or meanwhile.
    fn begin_check(self: &Arc<Self>, model: ReadModel) -> Arc<ReadModel> {
        let (bytes, model) = (model.bytes(), Arc::new(model));
        let checked = Checked { model: Arc::clone(&model), done: 0, of: bytes };
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked);
        if bytes > CHECKED_AT_ONCE_BYTES {
            let (me, of_thread) = (Arc::clone(self), Arc::clone(&model));
            let check = move || me.check(of_thread);
            match thread::Builder::new().name("check-view".to_owned()).spawn(check) {
                Ok(_) => return model,
                Err(error) => tracing::warn!(%error, "a view is checked before the start goes on"),
            }
        }
        self.check(Arc::clone(&model));
        model
    }

    /// Puts the rows in their place when they are as they were written. Otherwise the model is
    /// suspected, which its projector notices.
    pub(super) fn check(&self, model: Arc<ReadModel>) {
        let lock = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let examined = model.examine(&mut |done, of| {
            if let Some(checked) = lock().as_mut() {
                (checked.done, checked.of) = (done, of);
            }
        });
        let mut checked = lock();
        match (checked.take(), examined) {
            // They are made anew already.
            (None, _) => {}
            (Some(_), Ok(())) => {
                *self.in_place.write().unwrap_or_else(PoisonError::into_inner) = Some(model);
            }
            // Also what could not be read for another reason is not trusted.
            (Some(_), Err(error)) => drop(model.suspect(error.because)),
        }
    }
}
