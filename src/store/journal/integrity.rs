//! Checks that a journal still holds all acknowledged history. It compares the journal with its
//! mark and with the cursors of the views, and records a loss that an operator accepts.

use crate::counted::counted;
use crate::store::{
    codec,
    disk::{
        ADVICE, Answers, Batch, Commit, Disk, Found, Head, Mark, Tree, YOUNG_VERSIONS_MAX, keys,
        reading, walk,
    },
    read_model,
    types::{KindId, Payload, StoreError, StoreId, Stream},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// At most this many kinds are named in an error message.
const KINDS_NAMED_MAX: usize = 12;

/// At most this many records are read to bring the heads of a mark up to the journal.
const RECORDS_READ_MAX: u64 = 65_536;

/// At most this many commits are checked for gaps at a start.
const COMMITS_READ_MAX: usize = 65_536;

/// At most this many streams of a kind are searched for the last one with an event.
const STREAMS_READ_MAX: usize = 256;

/// Evidence of the journal's extent before the opening: its mark and the views beside it.
pub(in crate::store) struct Witnesses {
    pub(in crate::store) mark: Found,
    /// The view with the greatest cursor, and that cursor.
    pub(in crate::store) view: Option<(PathBuf, u64)>,
}

impl Witnesses {
    /// Returns the greater position of the mark and of the view with the greatest cursor.
    pub(in crate::store) fn position(&self) -> u64 {
        let marked = match &self.mark {
            Found::Mark(mark, _) => mark.position,
            Found::Missing | Found::Damaged => 0,
        };
        marked.max(self.view.as_ref().map_or(0, |(_, position)| *position))
    }

    /// Whether the evidence shows that there was a journal.
    pub(in crate::store) fn know_of_a_journal(&self) -> bool {
        self.mark != Found::Missing || self.view.as_ref().is_some_and(|(_, position)| *position > 0)
    }

    fn heads(&self) -> &[u64] {
        match &self.mark {
            Found::Mark(mark, _) => &mark.heads,
            Found::Missing | Found::Damaged => &[],
        }
    }

    /// The names of the kinds, by number, as far as the mark holds them.
    pub(in crate::store) fn names(&self) -> &[String] {
        match &self.mark {
            Found::Mark(_, names) => names,
            Found::Missing | Found::Damaged => &[],
        }
    }
}

/// Acknowledged history that the journal no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The missing history, as a sentence.
    pub reason: String,
    /// The last position that is left.
    pub ends_at: u64,
    /// The last position that is known to have been acknowledged.
    pub acknowledged: u64,
}

impl Loss {
    /// Returns the error message of the refused opening: the missing history, and the possible
    /// actions.
    pub(in crate::store) fn refusal(&self) -> String {
        format!(
            "acknowledged history is missing: {}; {ADVICE}, or start once with `madang serve \
             --accept-loss`, which records the loss, gives no missing number again and takes a \
             new identity towards outside services",
            self.reason
        )
    }
}

/// Returns the loss when there is no log to open; `None` when there is a log, or never was one.
pub(in crate::store) fn missing_log(dir: &Path, witnesses: &Witnesses) -> Option<Loss> {
    if !witnesses.know_of_a_journal() || dir.join("db").is_file() {
        return None;
    }
    let acknowledged = witnesses.position();
    let mut reason = format!("{} is missing", dir.join("db").display());
    let _ = write!(reason, ", and with it the positions 1 to {acknowledged}");
    name_kinds(&mut reason, witnesses, &|_| 0);
    Some(Loss { reason, ends_at: 0, acknowledged })
}

/// Finds the acknowledged history that this journal does not hold.
pub(in crate::store) fn find_loss(
    tree: &Tree,
    head: &Head,
    id: Option<StoreId>,
    witnesses: &Witnesses,
) -> Result<Option<Loss>, String> {
    let loss = |reason: String| {
        let acknowledged = witnesses.position().max(head.position);
        Some(Loss { reason, ends_at: head.position, acknowledged })
    };
    if let Found::Mark(mark, _) = &witnesses.mark {
        if mark.store != id {
            return Ok(loss(format!(
                "the journal belongs to another store than its mark, which was at position {}",
                mark.position
            )));
        }
        if let Some(mut reason) = behind(tree, head, mark)? {
            let last_born = |kind| walk::last_born(tree, kind, u64::MAX).unwrap_or_default();
            name_kinds(&mut reason, witnesses, &last_born);
            return Ok(loss(reason));
        }
    }
    match &witnesses.view {
        Some((path, position)) if *position > head.position => Ok(loss(format!(
            "the journal ends at position {}, but the view in {} is at {position} ({}; if it is the \
             view that is wrong, delete its file)",
            head.position,
            path.display(),
            counted(position - head.position, "record")
        ))),
        _ => Ok(None),
    }
}

/// Returns how the journal differs from its mark, as a sentence; `None` when nothing is missing.
pub(in crate::store) fn behind(
    tree: &Tree,
    head: &Head,
    mark: &Mark,
) -> Result<Option<String>, String> {
    if head.position < mark.position {
        return Ok(Some(format!(
            "the journal ends at position {}, but {} was acknowledged: positions {} to {} ({})",
            head.position,
            mark.position,
            head.position + 1,
            mark.position,
            counted(mark.position - head.position, "record")
        )));
    }
    let chain = match mark.position {
        0 => None,
        position if position == head.position => head.chain,
        position => reading::chain_at(tree, position).map_err(|error| error.to_string())?,
    };
    if mark.chain.is_some() && chain != mark.chain {
        return Ok(Some(format!(
            "the journal holds another history than was acknowledged up to position {}",
            mark.position
        )));
    }
    if let Some(at) = gap(tree, head, mark.opened).map_err(|error| error.to_string())? {
        return Ok(Some(format!("the commit that ends at position {at} is not where it was")));
    }
    let (found, marked) = (head.answers, mark.answers);
    if found.commits < marked.commits {
        return Ok(Some(format!(
            "the journal lacks answers that were given under idempotency keys ({})",
            counted(marked.commits - found.commits, "commit")
        )));
    }
    if found.commits == marked.commits && found.chain != marked.chain {
        return Ok(Some("the journal holds other answers than those that were given".to_owned()));
    }
    Ok(None)
}

/// Appends, for each kind, the greatest range of numbers that may be missing.
fn name_kinds(reason: &mut String, witnesses: &Witnesses, last_born: &dyn Fn(KindId) -> u64) {
    let kinds = (0..).map(KindId).zip(witnesses.heads()).zip(witnesses.names());
    let behind = kinds.filter_map(|((kind, head), name)| {
        let last = last_born(kind);
        (last < *head && !name.is_empty()).then(|| format!("{name} {} to {head}", last + 1))
    });
    let mut behind: Vec<String> = behind.collect();
    if behind.is_empty() {
        return;
    }
    let more = behind.len().saturating_sub(KINDS_NAMED_MAX);
    behind.truncate(KINDS_NAMED_MAX);
    let _ = write!(reason, "; new numbers that may be missing: {}", behind.join(", "));
    if more > 0 {
        let _ = write!(reason, " and those of {more} other kinds");
    }
}

/// Reads the numbers that are not assigned again, by kind.
pub(in crate::store) fn numbers_taken(tree: &Tree) -> Result<Vec<u64>, String> {
    let taken = reading::value(tree, keys::NUMBERS_TAKEN, "the numbers that are taken");
    taken.map(Option::unwrap_or_default).map_err(|error| error.to_string())
}

/// Reads the losses accepted so far.
pub(in crate::store) fn losses(tree: &Tree) -> Result<Vec<Loss>, String> {
    let losses = reading::value(tree, keys::LOSSES, "the losses that were accepted");
    losses.map(Option::unwrap_or_default).map_err(|error| error.to_string())
}

/// Records a loss in the journal itself, durably. No number up to those of the mark is assigned
/// again, and the store gets a new identity. Deletes views that are past the end of the journal.
pub(in crate::store) fn accept(
    disk: &Disk,
    loss: &Loss,
    witnesses: &Witnesses,
    (id, views): (StoreId, Option<&Path>),
    kinds: &mut HashMap<String, KindId>,
) -> Result<(), String> {
    let tree = &disk.db;
    let mut batch = Batch::default();
    for (kind, name) in (0..).map(KindId).zip(witnesses.names()) {
        if !name.is_empty() && !kinds.contains_key(name) && !kinds.values().any(|it| *it == kind) {
            kinds.insert(name.clone(), kind);
            batch.insert(&keys::kind_name(kind), codec::frame(name));
        }
    }
    let mut taken = numbers_taken(tree)?;
    raise(&mut taken, witnesses.heads());
    if witnesses.heads().is_empty() {
        // Without a mark the position is an upper bound of the numbers of each kind.
        let last = kinds.values().map(|kind| usize::from(kind.0) + 1).max().unwrap_or(0);
        raise(&mut taken, &vec![loss.acknowledged; last]);
    }
    let mut losses = losses(tree)?;
    losses.push(loss.clone());
    batch.insert(keys::NUMBERS_TAKEN, codec::frame(&taken));
    batch.insert(keys::LOSSES, codec::frame(&losses));
    batch.insert(keys::STORE_ID, codec::frame(&id));
    batch.insert(keys::ANSWERS_ALONE, codec::frame(&Answers::default()));
    disk.commit(batch).map_err(|failure| failure.to_string())?;
    if let Some(views) = views {
        read_model::discard_past(views, loss.ends_at).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Returns the position at which a commit is missing among the commits since the store was opened
/// last. Earlier commits are in sled's own snapshot.
fn gap(tree: &Tree, head: &Head, opened: u64) -> Result<Option<u64>, StoreError> {
    let mut expected_end = head.position;
    for entry in tree.scan_prefix([keys::COMMIT]).rev().take(COMMITS_READ_MAX) {
        let (key, value) = entry?;
        if expected_end <= opened {
            break;
        }
        let commit = Commit::read(&value).ok();
        let end = commit.map(|commit| commit.last_position);
        let begin = keys::read_commit(&key).filter(|_| end == Some(expected_end));
        let Some(begin) = begin else { return Ok(Some(expected_end)) };
        expected_end = begin.saturating_sub(1);
    }
    Ok(None)
}

/// Returns the greatest numbers with an event, by kind, according to the journal.
pub(in crate::store) fn heads(
    tree: &Tree,
    head: &Head,
    kinds: &HashMap<String, KindId>,
) -> Result<Vec<u64>, String> {
    let mut heads = Vec::new();
    for kind in kinds.values() {
        let last = last_with_event(tree, *kind, head).map_err(|error| error.to_string())?;
        raise_one(&mut heads, *kind, last);
    }
    Ok(heads)
}

/// Returns the same numbers for a journal that may be past its mark.
pub(in crate::store) fn heads_since(
    tree: &Tree,
    mark: &Mark,
    head: &Head,
    kinds: &HashMap<String, KindId>,
) -> Result<Vec<u64>, String> {
    let mut found = mark.heads.clone();
    if head.position > mark.position.saturating_add(RECORDS_READ_MAX) {
        raise(&mut found, &heads(tree, head, kinds)?);
        return Ok(found);
    }
    let records_max = usize::try_from(RECORDS_READ_MAX).unwrap_or(usize::MAX);
    if mark.position < head.position {
        let records = reading::global(tree, mark.position, head.position, records_max);
        for record in records.map_err(|error| error.to_string())? {
            if matches!(record.payload, Payload::Event(_)) {
                raise_one(&mut found, record.stream.kind, record.stream.number);
            }
        }
    }
    Ok(found)
}

/// Returns the greatest number of a kind with an event. When it is not among the last streams of
/// the kind, returns the greatest number of all, which is not less.
fn last_with_event(tree: &Tree, kind: KindId, head: &Head) -> Result<u64, StoreError> {
    let numbers = reading::numbers(tree, kind, 0, STREAMS_READ_MAX, true)?;
    for number in &numbers {
        let stream = Stream { kind, number: *number };
        let records = walk::records_after(tree, stream, 0, YOUNG_VERSIONS_MAX)?;
        if records.iter().any(|record| matches!(record.payload, Payload::Event(_))) {
            return Ok(*number);
        }
    }
    if numbers.len() < STREAMS_READ_MAX { Ok(0) } else { Ok(head.totals.of(kind).last_number) }
}

fn raise_one(heads: &mut Vec<u64>, kind: KindId, number: u64) {
    let index = usize::from(kind.0);
    heads.resize(heads.len().max(index + 1), 0);
    heads[index] = heads[index].max(number);
}

/// Raises each number to the one in `others` where that is greater.
pub(in crate::store) fn raise(heads: &mut Vec<u64>, others: &[u64]) {
    heads.resize(heads.len().max(others.len()), 0);
    for (head, other) in heads.iter_mut().zip(others) {
        *head = (*head).max(*other);
    }
}
