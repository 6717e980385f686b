//! Opening a store: is it ours, is it of our format, and how does it stand?

use super::{
    KindId, StoreId, codec,
    disk::{Batch, Disk},
    journal::{JournalOptions, OpenError},
    keys,
    layout::{FORMAT, FORMAT_READ_MIN, Totals},
    reading,
};
use std::{
    collections::HashMap,
    fs,
    hash::{BuildHasher as _, RandomState},
    path::Path,
};

/// A store that was found good.
pub(super) struct Opened {
    pub(super) disk: Disk,
    pub(super) id: Option<StoreId>,
    pub(super) durable: u64,
    pub(super) totals: Totals,
    pub(super) kinds: HashMap<String, KindId>,
}

/// Opens the store in this folder, creating both if need be.
pub(super) fn open(dir: &Path, options: &JournalOptions) -> Result<Opened, OpenError> {
    let failed = |because: String| OpenError { path: dir.to_owned(), because };
    fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
    let disk = Disk::open(dir, options)?;
    check_format(&disk).map_err(failed)?;
    let id = read_id(&disk).map_err(failed)?;
    let (durable, totals) =
        reading::last_commit(&disk.db).map_err(|error| failed(error.to_string()))?;
    let kinds = read_kinds(&disk).map_err(failed)?;
    Ok(Opened { disk, id, durable, totals, kinds })
}

fn check_format(disk: &Disk) -> Result<(), String> {
    let found = disk.db.get(keys::FORMAT).map_err(|error| error.to_string())?;
    let Some(found) = found else {
        if !disk.db.is_empty() {
            return Err("the folder holds a store that is not a journal".to_owned());
        }
        let id = StoreId(RandomState::new().hash_one(FORMAT));
        return write_format(disk, |batch| batch.insert(keys::STORE_ID, codec::frame(&id)));
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
    // From now on an older binary could misread it.
    if found < FORMAT { write_format(disk, |_| {}) } else { Ok(()) }
}

fn write_format(disk: &Disk, and: impl FnOnce(&mut Batch)) -> Result<(), String> {
    let mut batch = Batch::default();
    batch.insert(keys::FORMAT, codec::frame(&FORMAT));
    and(&mut batch);
    disk.commit(batch).map_err(|failure| failure.to_string())
}

/// A store that was made before there was any has none, and never gets one.
fn read_id(disk: &Disk) -> Result<Option<StoreId>, String> {
    let found = disk.db.get(keys::STORE_ID).map_err(|error| error.to_string())?;
    let read = found.map(|found| codec::unframe(&found)).transpose();
    read.map_err(|error| format!("what tells the store from others cannot be read: {error}"))
}

fn read_kinds(disk: &Disk) -> Result<HashMap<String, KindId>, String> {
    let mut kinds = HashMap::new();
    for entry in disk.db.scan_prefix(keys::KIND_NAMES) {
        let (key, value) = entry.map_err(|error| error.to_string())?;
        let kind = keys::read_kind_name(&key).ok_or("the key of a kind's name makes no sense")?;
        let name: String = codec::unframe(&value)
            .map_err(|error| format!("the name of kind {} cannot be read: {error}", kind.0))?;
        kinds.insert(name, kind);
    }
    Ok(kinds)
}
