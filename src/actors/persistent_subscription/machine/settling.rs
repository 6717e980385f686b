//! The end of claims: acknowledgement, release, parking, and leases that run out.

use super::{BEHIND, Claim, ClaimId, Machine, ParkedEvent, Refusal, Status};
use crate::store::Stream;
use std::collections::{BTreeMap, BTreeSet};

/// What an acknowledgement changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// The events that are acknowledged now.
    pub events: usize,
    /// The events that this claim had acknowledged before.
    pub before: usize,
}

/// The events that a consumer no longer has, without having acknowledged them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// The positions of those that wait again.
    pub released: Vec<u64>,
    /// The positions of those that are parked.
    pub parked: Vec<u64>,
}

impl Machine {
    /// Acknowledges events of a claim, or all of them. Of each aggregate, no event may be left out
    /// before an acknowledged one. All are acknowledged, or none.
    ///
    /// # Errors
    /// When the lease is over, or an event is not part of the claim or out of order.
    pub fn acknowledge(
        &mut self,
        now_ms: u64,
        id: ClaimId,
        events: Option<&[u64]>,
    ) -> Result<Acknowledged, Refusal> {
        self.expire(now_ms);
        let Some(claim) = self.claims.get(&id) else { return self.acknowledged_before(id, events) };
        let (mut chosen, mut before) = (BTreeSet::new(), 0);
        match events {
            None => chosen.clone_from(&claim.events),
            Some(events) => {
                for position in events {
                    if claim.events.contains(position) {
                        chosen.insert(*position);
                    } else if claim.acknowledged.contains(position) {
                        before += 1;
                    } else {
                        return Err(Refusal::NotClaimed(*position));
                    }
                }
            }
        }
        self.check_order(&chosen)?;
        for position in &chosen {
            self.close_event(*position);
        }
        let claim = self.claims.entry(id).or_insert_with(|| Claim::new(now_ms, None));
        claim.events.retain(|position| !chosen.contains(position));
        let events = chosen.len();
        claim.acknowledged.extend(chosen);
        self.end_if_settled(id);
        if events > 0 {
            self.version += 1;
        }
        Ok(Acknowledged { events, before })
    }

    /// The answer to an acknowledgement under a claim that has ended.
    fn acknowledged_before(
        &self,
        id: ClaimId,
        events: Option<&[u64]>,
    ) -> Result<Acknowledged, Refusal> {
        let acknowledged = self.ended.of(id).ok_or(Refusal::LeaseLost)?;
        let Some(events) = events else {
            return Ok(Acknowledged { events: 0, before: acknowledged.len() });
        };
        match events.iter().find(|position| !acknowledged.contains(position)) {
            Some(_) => Err(Refusal::LeaseLost),
            None => Ok(Acknowledged { events: 0, before: events.len() }),
        }
    }

    /// Checks that the chosen events of each aggregate are its first open ones.
    fn check_order(&self, chosen: &BTreeSet<u64>) -> Result<(), Refusal> {
        for (stream, of_stream) in self.by_stream(chosen) {
            let open = self.open_of.get(&stream).into_iter().flatten();
            let misplaced = open.zip(&of_stream).find(|(open, chosen)| open != chosen);
            if let Some((_, chosen)) = misplaced {
                return Err(Refusal::OutOfOrder(*chosen));
            }
        }
        Ok(())
    }

    fn by_stream(&self, chosen: &BTreeSet<u64>) -> BTreeMap<Stream, BTreeSet<u64>> {
        let mut by_stream: BTreeMap<Stream, BTreeSet<u64>> = BTreeMap::new();
        for position in chosen {
            if let Some(open) = self.open.get(position) {
                by_stream.entry(open.stream).or_default().insert(*position);
            }
        }
        by_stream
    }

    /// Gives events of a claim back, or all of them, so that they are given again after a delay.
    /// Later events of the same aggregates go back with them. `is_attempt` tells whether the
    /// delivery counts; an event with too many is parked.
    ///
    /// # Errors
    /// When the lease is over, or an event is not part of the claim.
    pub fn release(
        &mut self,
        now_ms: u64,
        id: ClaimId,
        events: Option<&[u64]>,
        (delay_ms, is_attempt): (u64, bool),
    ) -> Result<Freed, Refusal> {
        self.expire(now_ms);
        let (chosen, followers) = self.chosen(id, events)?;
        let mut freed = Freed::default();
        let not_before_ms = now_ms.saturating_add(delay_ms);
        for position in chosen.into_iter().chain(followers.iter().copied()) {
            let counts = is_attempt && !followers.contains(&position);
            self.free(position, (not_before_ms, counts), "it was given back too often", &mut freed);
        }
        self.forget(id, &freed);
        Ok(freed)
    }

    /// Parks events of a claim. Later events of the same aggregates in the claim are parked with
    /// them.
    ///
    /// # Errors
    /// When the lease is over, an event is not part of the claim, or there is no room.
    pub fn park(
        &mut self,
        now_ms: u64,
        id: ClaimId,
        events: &[u64],
        reason: &str,
    ) -> Result<Freed, Refusal> {
        self.expire(now_ms);
        let (chosen, followers) = self.chosen(id, Some(events))?;
        if !self.has_room_to_park(chosen.len() + followers.len()) {
            return Err(Refusal::TooManyParked);
        }
        let mut freed = Freed::default();
        let reasons = chosen.iter().map(|position| (*position, reason));
        for (position, reason) in reasons.chain(followers.iter().map(|it| (*it, BEHIND))) {
            let Some(open) = self.close_event(position) else { continue };
            self.store_parked(position, ParkedEvent::new(open.stream, open.attempts, reason));
            freed.parked.push(position);
        }
        self.forget(id, &freed);
        Ok(freed)
    }

    /// Ends the leases that have run out. Their events wait again.
    pub fn expire(&mut self, now_ms: u64) {
        let over = self.claims.iter().filter(|(_, claim)| claim.until_ms <= now_ms);
        let over: Vec<_> = over.map(|(id, _)| *id).collect();
        for id in over {
            let Some(claim) = self.claims.remove(&id) else { continue };
            let mut freed = Freed::default();
            for position in claim.events {
                self.free(position, (0, true), "its leases ran out too often", &mut freed);
            }
        }
    }

    /// These events of a claim, or all, and the later events of the same aggregates in the claim.
    fn chosen(
        &self,
        id: ClaimId,
        events: Option<&[u64]>,
    ) -> Result<(BTreeSet<u64>, BTreeSet<u64>), Refusal> {
        let claim = self.claims.get(&id).ok_or(Refusal::LeaseLost)?;
        let Some(events) = events else { return Ok((claim.events.clone(), BTreeSet::new())) };
        if let Some(position) = events.iter().find(|position| !claim.events.contains(position)) {
            return Err(Refusal::NotClaimed(*position));
        }
        let chosen: BTreeSet<u64> = events.iter().copied().collect();
        let mut followers = BTreeSet::new();
        for (stream, of_stream) in self.by_stream(&chosen) {
            let Some(first) = of_stream.first() else { continue };
            let open = self.open_of.get(&stream).into_iter().flat_map(|open| open.range(first..));
            followers.extend(open.filter(|it| claim.events.contains(it) && !chosen.contains(it)));
        }
        Ok((chosen, followers))
    }

    /// Takes a claimed event from its consumer: it waits again, or is parked after too many
    /// attempts.
    fn free(
        &mut self,
        position: u64,
        (not_before_ms, counts): (u64, bool),
        reason: &str,
        freed: &mut Freed,
    ) {
        let Some(open) = self.open.get_mut(&position) else { return };
        if !counts {
            open.attempts = open.attempts.saturating_sub(1);
        }
        let (stream, attempts) = (open.stream, open.attempts);
        open.status = Status::Waiting { not_before_ms };
        let is_tried_enough = counts && self.bounds.attempts_max.is_some_and(|max| attempts >= max);
        let is_behind = self.is_behind_parked(position, stream);
        if (is_tried_enough || is_behind) && self.has_room_to_park(1) {
            self.close_event(position);
            let reason = if is_behind { BEHIND } else { reason };
            self.store_parked(position, ParkedEvent::new(stream, attempts, reason));
            freed.parked.push(position);
        } else {
            self.waiting.insert(position);
            freed.released.push(position);
        }
    }

    /// Removes freed events from a claim.
    fn forget(&mut self, id: ClaimId, freed: &Freed) {
        if let Some(claim) = self.claims.get_mut(&id) {
            for position in freed.released.iter().chain(&freed.parked) {
                claim.events.remove(position);
            }
        }
        self.end_if_settled(id);
    }

    fn end_if_settled(&mut self, id: ClaimId) {
        if self.claims.get(&id).is_some_and(|claim| claim.events.is_empty())
            && let Some(claim) = self.claims.remove(&id)
        {
            self.ended.remember(id, claim.acknowledged);
        }
    }
}
