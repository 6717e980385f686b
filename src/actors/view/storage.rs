//! The storage of a view's rows: in place in their file, or being rebuilt from the journal.
//!
//! ```text
//!       ┌ checked ┐ as written   untrusted: deleted, replaced, damaged, another shape
//! start ┴─────────┴▶ in place ◀──────────────────────────────────┐
//!   │                  │                complete: takes the place │
//!   │ missing, or      └──────▶ rebuilt beside the place ─────────┘
//!   └─ other shape ───────────▶ (503, with the progress)
//! ```
//! Rows are read only while they are in place: rows of half of the journal would be outdated.

use crate::sync;
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
    sync::{Arc, Mutex, RwLock},
    thread,
    time::{Duration, Instant},
};

/// Returns the path of the file of a view's rows.
pub fn view_path(data: &Path, name: &str) -> PathBuf {
    data.join("views").join(format!("{}.sqlite", name.replace('/', ".")))
}

/// The interval between two log messages about a rebuild.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// The largest file that is checked before the start continues, which takes a few milliseconds. A
/// larger file is checked in the background.
const CHECKED_AT_ONCE_BYTES: u64 = 4 << 20;

/// The largest `Retry-After` that a client gets, in seconds.
const RETRY_AFTER_MAX_S: u64 = 600;

/// The storage of one view's rows.
pub struct ViewStorage {
    place: PathBuf,
    layout: Layout,
    operations_log: Arc<OperationsLog>,
    in_place: RwLock<Option<Arc<ReadModel>>>,
    /// The progress of a rebuild, while there is one.
    rebuild: Mutex<Option<Rebuild>>,
    /// The rows that are being checked, before they may be read.
    checked: Mutex<Option<Checked>>,
}

/// Rows that are being checked against what was written to their file.
struct Checked {
    model: Arc<ReadModel>,
    done: u64,
    of: u64,
}

impl Checked {
    /// Returns the progress in percent, below 100 until the rows are in place.
    fn percent(&self) -> u64 {
        (self.done.saturating_mul(100) / self.of.max(1)).min(99)
    }
}

/// The progress of a rebuild.
#[derive(Clone, Debug)]
struct Rebuild {
    reason: String,
    begun: Instant,
    logged_at: Instant,
    position: u64,
    of: u64,
}

impl Rebuild {
    /// Returns the progress in percent, below 100 until the rows are in place.
    fn percent(&self) -> u64 {
        (self.position.saturating_mul(100) / self.of.max(1)).min(99)
    }

    /// Returns the estimated seconds until the rows are complete, at the speed so far.
    fn left_s(&self) -> u64 {
        let left = self.of.saturating_sub(self.position);
        let seconds = self.begun.elapsed().as_secs().saturating_mul(left) / self.position.max(1);
        seconds.clamp(1, RETRY_AFTER_MAX_S)
    }
}

impl ViewStorage {
    /// Opens the rows and returns the read model that the projector writes to. Begins a rebuild
    /// when the file is unusable or is ahead of the journal.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn open(
        place: PathBuf,
        layout: Layout,
        (operations_log, durable): (Arc<OperationsLog>, u64),
    ) -> Result<(Arc<Self>, Arc<ReadModel>), ReadModelError> {
        let opened = ReadModel::open(&place, layout).and_then(|model| match model.cursor() {
            Ok(cursor) if cursor <= durable => Ok(model),
            Ok(cursor) => {
                let reason = format!("it is at {cursor}, but the journal ends at {durable}");
                Err(OpenProblem::Damaged(reason))
            }
            Err(error) => Err(OpenProblem::Damaged(error.reason)),
        });
        let (in_place, rebuild) = (RwLock::new(None), Mutex::new(None));
        let checked = Mutex::new(None);
        let storage = Arc::new(Self { place, layout, operations_log, in_place, rebuild, checked });
        let model = match opened {
            Ok(model) => storage.begin_check(model),
            Err(found) => {
                let model = storage.begin_rebuild(&found, durable)?;
                if durable == 0 { storage.complete(&model)? } else { model }
            }
        };
        Ok((storage, model))
    }

    /// Returns the path of the file of the rows.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Makes the rows unreadable and begins a rebuild from empty rows.
    ///
    /// # Errors
    /// When the folder cannot be written to; there are no rows until it can.
    pub fn begin_rebuild(
        &self,
        found: &OpenProblem,
        durable: u64,
    ) -> Result<Arc<ReadModel>, ReadModelError> {
        let view = self.layout.name;
        match found {
            OpenProblem::Damaged(reason) => {
                tracing::warn!(view, reason, "the rows of a view cannot be trusted");
            }
            OpenProblem::OtherShape => {
                tracing::info!(view, "the rows of a view have another shape");
            }
            OpenProblem::Missing => tracing::debug!(view, "a view has no rows yet"),
        }
        let (begun, reason) = (Instant::now(), found.to_string());
        let rebuild = Rebuild { reason, begun, logged_at: begun, position: 0, of: durable };
        sync::lock(&self.checked).take();
        *sync::lock(&self.rebuild) = Some(rebuild);
        *sync::write(&self.in_place) = None;
        Ok(Arc::new(ReadModel::build(&self.place, self.layout, found)?))
    }

    /// Returns the read model for a projector that replaces another: the rows in place, or those
    /// being checked. A rebuild in progress starts again, because only its projector knew where
    /// its rows were.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn go_on(&self, durable: u64) -> Result<Arc<ReadModel>, ReadModelError> {
        let checked = sync::lock(&self.checked);
        if let Some(checked) = checked.as_ref() {
            return Ok(Arc::clone(&checked.model));
        }
        drop(checked);
        match self.readable() {
            Ok(model) => Ok(model),
            Err(_) => self.begin_rebuild(&OpenProblem::Missing, durable),
        }
    }

    /// Returns whether the rows are being checked. They are neither read nor written meanwhile.
    pub fn is_being_checked(&self) -> bool {
        sync::lock(&self.checked).is_some()
    }

    /// Writes a seal on the rows in place. A file without a seal is only checked more slowly.
    pub fn seal(&self) {
        let in_place = sync::read(&self.in_place).clone();
        if let Some(Err(error)) = in_place.map(|model| model.seal()) {
            tracing::info!(%error, "a view is stopped without a seal");
        }
    }

    /// Returns whether the rows are being rebuilt.
    pub fn is_rebuilding(&self) -> bool {
        sync::lock(&self.rebuild).is_some()
    }

    /// Records the progress of a rebuild. Logs it at most once a second.
    pub fn went_on(&self, position: u64, of: u64) {
        let mut rebuild = sync::lock(&self.rebuild);
        let Some(rebuild) = rebuild.as_mut() else { return };
        (rebuild.position, rebuild.of) = (position, of);
        if rebuild.logged_at.elapsed() >= LOG_EVERY {
            rebuild.logged_at = Instant::now();
            let (view, percent, left_s) = (self.layout.name, rebuild.percent(), rebuild.left_s());
            tracing::info!(view, percent, position, of, left_s, "a view is being rebuilt");
        }
    }

    /// Puts completely rebuilt rows in place.
    ///
    /// # Errors
    /// When the file cannot be moved there; the rows have to be rebuilt again.
    pub fn complete(&self, model: &ReadModel) -> Result<Arc<ReadModel>, ReadModelError> {
        let model = self.put(model.take_place(&self.place)?);
        let rebuild = sync::lock(&self.rebuild).take();
        if let Some(rebuild) = rebuild.filter(|rebuild| rebuild.position > 0) {
            let (view, records) = (self.layout.name.to_owned(), rebuild.position);
            let (reason, after_ms) = (rebuild.reason, millis(rebuild.begun));
            self.operations_log.record(OperationsEvent::ViewRebuilt {
                view,
                reason,
                records,
                after_ms,
            });
        }
        Ok(model)
    }

    /// Returns the read model in place.
    ///
    /// # Errors
    /// The progress, while the rows are being checked or rebuilt.
    pub fn readable(&self) -> Result<Arc<ReadModel>, RequestError> {
        let in_place = sync::read(&self.in_place).clone();
        in_place.ok_or_else(|| self.request_error())
    }

    /// Returns the error that a client gets while the rows are being checked or rebuilt.
    pub fn request_error(&self) -> RequestError {
        if let Some(percent) = self.checked_percent() {
            let view = self.layout.name;
            return RequestError::NotYet(format!(
                "the file of {view} is compared with what was written to it: {percent} %"
            ));
        }
        let rebuild = sync::lock(&self.rebuild).clone();
        let (percent, position, of, left_s) = rebuild.map_or((99, 0, 0, 1), |rebuild| {
            (rebuild.percent(), rebuild.position, rebuild.of, rebuild.left_s())
        });
        let retry_after_s = u32::try_from(left_s).unwrap_or(u32::MAX);
        RequestError::Rebuilding { view: self.layout.name, percent, position, of, retry_after_s }
    }

    /// Returns the reason and the percentage of a rebuild, while there is one.
    pub fn rebuild(&self) -> Option<(String, u64)> {
        let rebuild = sync::lock(&self.rebuild);
        rebuild.as_ref().map(|rebuild| (rebuild.reason.clone(), rebuild.percent()))
    }

    fn put(&self, model: ReadModel) -> Arc<ReadModel> {
        let model = Arc::new(model);
        let in_place = Some(Arc::clone(&model));
        *sync::write(&self.in_place) = in_place;
        model
    }

    /// Returns how many percent of the file are checked, during a check.
    pub fn checked_percent(&self) -> Option<u64> {
        let checked = sync::lock(&self.checked);
        checked.as_ref().map(Checked::percent)
    }

    /// Begins the check of the rows: at once for a small file, otherwise on a thread.
    fn begin_check(self: &Arc<Self>, model: ReadModel) -> Arc<ReadModel> {
        let (bytes, model) = (model.bytes(), Arc::new(model));
        let checked = Checked { model: Arc::clone(&model), done: 0, of: bytes };
        *sync::lock(&self.checked) = Some(checked);
        if bytes > CHECKED_AT_ONCE_BYTES {
            let (me, of_thread) = (Arc::clone(self), Arc::clone(&model));
            let check = move || me.check(of_thread);
            match thread::Builder::new().name("check-view".to_owned()).spawn(check) {
                Ok(_) => return model,
                Err(error) => tracing::warn!(%error, "a view is checked during the start"),
            }
        }
        self.check(Arc::clone(&model));
        model
    }

    /// Checks the rows and puts them in place when they are as they were written. Otherwise the
    /// model is marked as untrusted, and its projector begins a rebuild.
    pub(super) fn check(&self, model: Arc<ReadModel>) {
        let lock = || sync::lock(&self.checked);
        let examined = model.examine(&mut |done, of| {
            if let Some(checked) = lock().as_mut() {
                (checked.done, checked.of) = (done, of);
            }
        });
        let mut checked = lock();
        match (checked.take(), examined) {
            // A rebuild has begun meanwhile.
            (None, _) => {}
            (Some(_), Ok(())) => {
                *sync::write(&self.in_place) = Some(model);
            }
            // A file that cannot be read for another reason is not trusted either.
            (Some(_), Err(error)) => drop(model.mark_untrusted(error.reason)),
        }
    }
}
