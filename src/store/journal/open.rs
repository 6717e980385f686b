//! The opening of a store, with checks of its identity, its format, its head and its acknowledged
//! history.

use super::integrity::{self, Loss, Witnesses};
use crate::store::{
    codec,
    disk::{
        Batch, Disk, FORMAT, FORMAT_READ_MIN, Files, Found, Head, Locked, Mark, MarkFile, Tree,
        files, keys, log_check, mark, reading, synced,
    },
    read_model,
    types::{JournalOptions, KindId, OpenError, StoreId},
};
use std::{
    collections::HashMap,
    fs,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// An opened store that passed all checks.
pub(in crate::store) struct Opened {
    pub(in crate::store) disk: Disk,
    pub(in crate::store) mark: Arc<MarkFile>,
    pub(in crate::store) files: Files,
    pub(in crate::store) id: Option<StoreId>,
    pub(in crate::store) head: Head,
    pub(in crate::store) kinds: HashMap<String, KindId>,
    /// Numbers that are not assigned again, by kind.
    pub(in crate::store) taken: Vec<u64>,
    /// The loss that is accepted with this opening.
    pub(in crate::store) loss: Option<Loss>,
}

/// Whether a process has the journal in this folder open.
#[must_use]
pub fn is_in_use(dir: &Path) -> bool {
    files::is_locked(dir) || synced::is_held(dir)
}

/// The identity of the store in this folder, also while a process has it open; `None` when it is
/// not known.
#[must_use]
pub fn store_in(dir: &Path) -> Option<StoreId> {
    match mark::read(&files::mark_path(dir)) {
        Ok(Found::Mark(mark, _)) => mark.store,
        _ => None,
    }
}

/// Opens the store in this folder, and creates both when they are missing.
pub(in crate::store) fn open(dir: &Path, options: &JournalOptions) -> Result<Opened, OpenError> {
    let failed = |reason: String| OpenError { path: dir.to_owned(), reason };
    if !options.is_unfinished && files::unfinished_marker(dir).exists() {
        let reason = "its restore or import was interrupted; run that command again";
        return Err(failed(reason.to_owned()));
    }
    let locked = Locked::take(dir)?;
    let mark_path = files::mark_path(dir);
    let view = options.views.as_deref().and_then(read_model::furthest);
    let marked = mark::read(&mark_path)
        .map_err(|error| failed(format!("{}: {error}", mark_path.display())))?;
    let witnesses = Witnesses { mark: marked, view };
    let mut loss = integrity::missing_log(dir, &witnesses);
    refuse_unless_accepted(loss.as_ref(), options).map_err(failed)?;
    fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
    let skipped = match log_check::check(dir) {
        Err(reason) if !options.accept_loss => return Err(failed(reason)),
        checked => checked.err(),
    };
    let (disk, unopened) = open_or_put_aside(dir, &witnesses, options)?;
    loss = loss.or(unopened);
    check_format(&disk).map_err(failed)?;
    let mut id = read_id(&disk.db).map_err(failed)?;
    let mut head = reading::head(&disk.db).map_err(|error| failed(error.to_string()))?;
    let mut kinds = read_kinds(&disk.db).map_err(failed)?;
    if let (None, Some(reason)) = (&loss, skipped) {
        let acknowledged = witnesses.position().max(head.position);
        loss = Some(Loss { reason, ends_at: head.position, acknowledged });
    }
    if loss.is_none() {
        loss = integrity::find_loss(&disk.db, &head, id, &witnesses).map_err(failed)?;
        refuse_unless_accepted(loss.as_ref(), options).map_err(failed)?;
    }
    if let Some(loss) = &loss {
        let new = new_id();
        let beside = (new, options.views.as_deref());
        integrity::accept(&disk, loss, &witnesses, beside, &mut kinds).map_err(failed)?;
        tracing::warn!(reason = loss.reason, "the loss of acknowledged history is accepted");
        (id, head.answers) = (Some(new), mark::Answers::default());
    } else if options.accept_loss {
        tracing::info!("the journal is complete: --accept-loss has no effect");
    }
    let taken = integrity::numbers_taken(&disk.db).map_err(failed)?;
    let mark = make_mark(&mark_path, &disk.db, (&witnesses, loss.is_some()), (id, &head), &kinds);
    let mark = Arc::new(mark.map_err(failed)?);
    let files = Files::of(dir, &mark_path, locked).map_err(|error| failed(error.to_string()))?;
    Ok(Opened { disk, mark, files, id, head, kinds, taken, loss })
}

fn refuse_unless_accepted(loss: Option<&Loss>, options: &JournalOptions) -> Result<(), String> {
    match loss {
        Some(loss) if !options.accept_loss => Err(loss.refusal()),
        _ => Ok(()),
    }
}

/// Opens the files. When they cannot be opened at all and a loss is accepted, moves them aside and
/// begins a new journal.
fn open_or_put_aside(
    dir: &Path,
    witnesses: &Witnesses,
    options: &JournalOptions,
) -> Result<(Disk, Option<Loss>), OpenError> {
    let refused = match Disk::open(dir, options) {
        Ok(disk) => return Ok((disk, None)),
        Err(refused) if !options.accept_loss || !witnesses.know_of_a_journal() => {
            return Err(refused);
        }
        Err(refused) => refused,
    };
    let failed = |reason: String| OpenError { path: dir.to_owned(), reason };
    let aside = free_name(dir);
    fs::rename(dir, &aside).map_err(|error| failed(error.to_string()))?;
    fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
    let reason = format!("{}; the files are kept in {}", refused.reason, aside.display());
    let acknowledged = witnesses.position();
    Ok((Disk::open(dir, options)?, Some(Loss { reason, ends_at: 0, acknowledged })))
}

fn free_name(dir: &Path) -> PathBuf {
    let mut names = (1_u32..).map(|nth| dir.with_extension(format!("damaged-{nth}")));
    names.find(|name| !name.exists()).unwrap_or_else(|| dir.with_extension("damaged"))
}

/// Creates the mark of this opening, which records the current head of the journal.
fn make_mark(
    path: &Path,
    tree: &Tree,
    (witnesses, is_lost): (&Witnesses, bool),
    (id, head): (Option<StoreId>, &Head),
    kinds: &HashMap<String, KindId>,
) -> Result<MarkFile, String> {
    let mut names = Vec::new();
    for (name, kind) in kinds {
        let kind = usize::from(kind.0);
        names.resize(names.len().max(kind + 1), String::new());
        names[kind].clone_from(name);
    }
    let is_whole = head.position > 0 && !is_lost;
    let heads = match &witnesses.mark {
        Found::Mark(mark, _) => integrity::heads_since(tree, mark, head, kinds)?,
        Found::Damaged => {
            tracing::warn!(path = %path.display(), "the journal's mark is damaged and rebuilt");
            integrity::heads(tree, head, kinds)?
        }
        Found::Missing if is_whole && head.chain.is_some() => {
            tracing::warn!(path = %path.display(), "the journal's mark is missing and rebuilt");
            integrity::heads(tree, head, kinds)?
        }
        Found::Missing => integrity::heads(tree, head, kinds)?,
    };
    let (position, chain, answers) = (head.position, head.chain, head.answers);
    let (sequence, opened) = (0, position);
    let mark = Mark { sequence, store: id, opened, position, chain, answers, heads };
    let made = match MarkFile::create(path, mark.clone(), names.clone()) {
        Err(error) if is_no_space(&error) => MarkFile::reuse(path, mark, names),
        made => made,
    };
    made.map_err(|error| format!("{}: {error}", path.display()))
}

fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The last format that lists each stream of an owner under a key of its own, or none.
const FORMAT_OWNED_SINGLY: u32 = 6;

fn check_format(disk: &Disk) -> Result<(), String> {
    let found = disk.db.get(keys::FORMAT).map_err(|error| error.to_string())?;
    let Some(found) = found else {
        if !disk.db.is_empty().map_err(|error| error.to_string())? {
            return Err("the folder holds a store that is not a journal".to_owned());
        }
        return write_format(disk, |batch| batch.insert(keys::STORE_ID, codec::frame(&new_id())));
    };
    let found: u32 = codec::unframe(&found)
        .map_err(|error| format!("the format version cannot be read: {error}"))?;
    if found > FORMAT {
        return Err(format!(
            "the store has format {found}, this binary knows format {FORMAT}: use a newer binary"
        ));
    }
    if found < FORMAT_READ_MIN {
        return Err(format!(
            "the store has format {found}, this binary knows format {FORMAT}: use an older binary"
        ));
    }
    // After this start an older binary could misread the store.
    if found == FORMAT {
        return Ok(());
    }
    if found > FORMAT_OWNED_SINGLY {
        return write_format(disk, |_| ());
    }
    // Format 6 lists all streams of owners already, and older formats have no owners.
    let head = reading::head(&disk.db).map_err(|error| error.to_string())?;
    write_format(disk, |batch| batch.insert(keys::OWNED_UP_TO, codec::frame(&head.position)))
}

/// An identity that no other store has.
fn new_id() -> StoreId {
    StoreId(RandomState::new().hash_one(FORMAT))
}

fn write_format(disk: &Disk, and: impl FnOnce(&mut Batch)) -> Result<(), String> {
    let mut batch = Batch::default();
    batch.insert(keys::FORMAT, codec::frame(&FORMAT));
    and(&mut batch);
    // An older binary reads the format in sled alone.
    let written = disk.commit(batch).and_then(|()| disk.write_back());
    written.map_err(|failure| failure.to_string())
}

/// Reads the identity of the store. A store of a format without identities gets one only when a
/// loss is accepted.
fn read_id(tree: &Tree) -> Result<Option<StoreId>, String> {
    let found = tree.get(keys::STORE_ID).map_err(|error| error.to_string())?;
    let read = found.map(|found| codec::unframe(&found)).transpose();
    read.map_err(|error| format!("the identity of the store cannot be read: {error}"))
}

fn read_kinds(tree: &Tree) -> Result<HashMap<String, KindId>, String> {
    let mut kinds = HashMap::new();
    for entry in tree.scan_prefix(keys::KIND_NAMES) {
        let (key, value) = entry.map_err(|error| error.to_string())?;
        let kind = keys::read_kind_name(&key).ok_or("the key of a kind's name cannot be read")?;
        let name: String = codec::unframe(&value)
            .map_err(|error| format!("the name of kind {} cannot be read: {error}", kind.0))?;
        kinds.insert(name, kind);
    }
    Ok(kinds)
}
