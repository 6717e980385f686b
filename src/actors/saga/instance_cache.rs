//! The cache of open saga instances: all of them are stored in groups, and some are in memory.
//!
//! Instances with neighbouring numbers change at about the same time. A group of them is stored as
//! one value, so that a checkpoint writes a fraction of the keys.

use super::{
    checkpoint::{SavedInstance, UndeliveredInstance},
    instance::Conversation,
};
use crate::{actors::support::UnusedNumbers, domain::kernel::Saga, store::codec};
use std::collections::{BTreeMap, HashMap};

/// The number of instances per group, as an exponent of two.
const GROUP_BITS: u32 = 5;

/// Upper bound of groups that stay in memory after a checkpoint. Other groups are read when a
/// record concerns them.
const REMEMBERED_GROUPS_MAX: usize = 2_048;

/// The saga instances in memory.
#[derive(Debug)]
pub struct InstanceCache<S> {
    groups: HashMap<u64, Group<S>>,
    /// The keys of groups that differ from their stored form.
    changed: Vec<u64>,
    unused_numbers: UnusedNumbers,
}

/// A group of instances with neighbouring numbers.
#[derive(Debug)]
struct Group<S> {
    members: BTreeMap<u64, Conversation<S>>,
    is_changed: bool,
    is_on_disk: bool,
    /// The group, as it is here, is durable as soon as any record after this position is durable.
    written_behind: u64,
}

impl<S> Default for Group<S> {
    fn default() -> Self {
        Self { members: BTreeMap::new(), is_changed: false, is_on_disk: false, written_behind: 0 }
    }
}

/// Returns the key of an instance's group; never 0.
const fn group_of(number: u64) -> u64 {
    (number >> GROUP_BITS) + 1
}

impl<S: Saga> InstanceCache<S> {
    /// Creates an empty cache. No key above `last_key` is stored.
    pub fn new(last_key: u64) -> Self {
        let unused_numbers = UnusedNumbers::after(last_key, 1);
        Self { groups: HashMap::new(), changed: Vec::new(), unused_numbers }
    }

    /// Returns the key that has to be read before this instance gets input; `None` when it is in
    /// memory.
    pub fn missing(&mut self, number: u64) -> Option<u64> {
        let key = group_of(number);
        if self.groups.contains_key(&key) {
            return None;
        }
        if self.unused_numbers.first_time(key) {
            self.groups.insert(key, Group::default());
            return None;
        }
        Some(key)
    }

    /// Loads a group from its stored value.
    ///
    /// # Errors
    /// When the value cannot be decoded.
    pub fn take_in(&mut self, key: u64, bytes: Option<&[u8]>) -> Result<(), codec::CodecError> {
        let is_on_disk = bytes.is_some();
        let kept: Vec<(u64, SavedInstance<S>)> =
            bytes.map(codec::decode).transpose()?.unwrap_or_default();
        let member = |(number, kept)| (number, Conversation::of(Some(kept)));
        let members = kept.into_iter().map(member).collect();
        let group = Group { members, is_on_disk, ..Group::default() };
        self.groups.insert(key, group);
        Ok(())
    }

    /// Returns an instance for a change and marks its group as changed; see [`Self::missing`].
    pub fn change(&mut self, number: u64) -> &mut Conversation<S> {
        let key = group_of(number);
        let group = self.groups.entry(key).or_default();
        if !std::mem::replace(&mut group.is_changed, true) {
            self.changed.push(key);
        }
        group.members.entry(number).or_default()
    }

    /// Returns an instance, if it is in memory.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Conversation<S>> {
        self.groups.get_mut(&group_of(number))?.members.get_mut(&number)
    }

    /// Returns the instances with undelivered commands.
    pub fn undelivered(&self) -> Vec<UndeliveredInstance<S>> {
        let changed = self.changed.iter().filter_map(|key| self.groups.get(key));
        let members = changed.flat_map(|group| &group.members);
        let undelivered = members.filter_map(|(number, conversation)| {
            let first = conversation.reactions.front()?;
            let before = first.before.clone();
            Some(UndeliveredInstance { number: *number, after: first.trigger - 1, before })
        });
        undelivered.collect()
    }

    /// Returns the keys and values that a checkpoint has to store. Undelivered instances are stored
    /// separately; see [`Self::undelivered`].
    pub fn write_down(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut written = Vec::new();
        for key in std::mem::take(&mut self.changed) {
            let Some(group) = self.groups.get_mut(&key) else { continue };
            group.members.retain(|_, member| member.kept.is_some() || !member.reactions.is_empty());
            let kept: Vec<(u64, &SavedInstance<S>)> = group
                .members
                .iter()
                .filter_map(|(number, member)| Some((*number, member.kept.as_ref()?)))
                .collect();
            if !kept.is_empty() || group.is_on_disk {
                group.is_on_disk = !kept.is_empty();
                written.push((key, group.is_on_disk.then(|| codec::encode(&kept))));
            }
            group.is_changed = group.members.values().any(|member| !member.reactions.is_empty());
            if group.is_changed {
                self.changed.push(key);
            }
        }
        written
    }

    /// Records that the values of these keys are durable once any record after this position is
    /// durable.
    pub fn written(&mut self, keys: impl Iterator<Item = u64>, behind: u64) {
        for key in keys {
            if let Some(group) = self.groups.get_mut(&key) {
                group.written_behind = behind;
            }
        }
    }

    /// Evicts groups that can be read again, when there are more than 2,048.
    pub fn forget_some(&mut self, durable: u64) {
        if self.groups.len() > REMEMBERED_GROUPS_MAX {
            self.groups.retain(|_, group| group.is_changed || group.written_behind >= durable);
        }
    }

    /// Returns the number of changed groups.
    pub fn changed(&self) -> usize {
        self.changed.len()
    }
}
