//! Random worlds of consumers, crashes and a disk: nothing is lost, nothing acknowledged comes
//! again, and the events of an aggregate are acknowledged in their order.

use super::{Bounds, ClaimId, Machine, ParkedEvent, Progress, Refusal, Wish};
use crate::{
    domain::kernel::simulation::Dice,
    store::{KindId, Stream},
};
use std::collections::{BTreeMap, BTreeSet};

const WORLDS: u64 = 3_000;
const STEPS: usize = 120;
const EVENTS: u64 = 60;
const LEASE_MS: u64 = 100;

/// What the disk holds.
#[derive(Clone, Debug, Default)]
struct Disk {
    version: u64,
    progress: Progress,
    parked: BTreeMap<u64, ParkedEvent>,
}

struct World {
    dice: Dice,
    now_ms: u64,
    journal: BTreeMap<u64, Stream>,
    bounds: Bounds,
    machine: Machine,
    disk: Disk,
    /// The events that each consumer has.
    held: BTreeMap<ClaimId, BTreeSet<u64>>,
    /// Leases that are over.
    lost: Vec<ClaimId>,
    claims: u64,
    /// The events that are acknowledged on disk, in the order of their acknowledgement.
    acknowledged: Vec<u64>,
    /// The events that an operator dropped, on disk.
    dropped: BTreeSet<u64>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let bounds = Bounds {
            open_events_max: 1 + dice.roll(30),
            parked_events_max: dice.roll(8),
            claims_max: 1 + dice.roll(4),
            attempts_max: (dice.roll(2) == 0).then_some(3),
        };
        let aggregates = 1 + dice.roll(6);
        let mut journal = BTreeMap::new();
        for position in 1..=EVENTS {
            // Some positions hold no wanted event.
            if !dice.once_in(4) {
                let number = dice.roll(aggregates) as u64;
                journal.insert(position, Stream { kind: KindId(1), number });
            }
        }
        let machine = Machine::starting_after(0, bounds);
        Self {
            dice,
            now_ms: 1,
            journal,
            bounds,
            machine,
            disk: Disk::default(),
            held: BTreeMap::new(),
            lost: Vec::new(),
            claims: 0,
            acknowledged: Vec::new(),
            dropped: BTreeSet::new(),
        }
    }

    fn offer(&mut self) {
        let (after, room) = (self.machine.reached(), self.machine.room());
        if after == EVENTS {
            return;
        }
        let records = 1 + self.dice.roll(12) as u64;
        let last = (after + records).min(EVENTS);
        let stretch = self.journal.range(after + 1..=last);
        let events: Vec<_> = stretch.take(room).map(|(at, stream)| (*at, *stream)).collect();
        let reached =
            if events.len() == room { events.last().map_or(after, |it| it.0) } else { last };
        self.machine.offer(&events, after, reached);
    }

    fn claim(&mut self) {
        self.claims += 1;
        let id = ClaimId(self.claims);
        let events_max = 1 + self.dice.roll(10);
        let wish = Wish { id, events_max, lease_ms: LEASE_MS, consumer: None };
        let Ok(given) = self.machine.claim(self.now_ms, &wish) else { return };
        self.forget_expired();
        let positions: BTreeSet<u64> = given.iter().map(|given| given.position).collect();
        assert_eq!(positions.len(), given.len(), "an event twice in one claim");
        for position in &positions {
            assert!(!self.acknowledged.contains(position), "{position} comes after its end");
            assert!(!self.dropped.contains(position), "{position} was dropped");
            let stream = self.journal[position];
            let elsewhere = self.held.values().flatten();
            let mut of_stream = elsewhere.filter(|held| self.journal[held] == stream);
            assert_eq!(of_stream.next(), None, "another consumer has an event of {stream:?}");
            let earlier = self.journal.range(..position).filter(|(_, of)| **of == stream);
            for (earlier, _) in earlier {
                let is_settled = self.acknowledged.contains(earlier)
                    || self.dropped.contains(earlier)
                    || positions.contains(earlier);
                assert!(is_settled, "{position} is given before {earlier}");
            }
        }
        if !positions.is_empty() {
            self.held.insert(id, positions);
        }
    }

    /// A claim of one of the consumers, and some or all of its events.
    fn choose(&mut self) -> Option<(ClaimId, Vec<u64>)> {
        let nth = self.dice.roll(self.held.len().max(1));
        let (id, held) = self.held.iter().nth(nth)?;
        let (id, held) = (*id, held.clone());
        let mut chosen: Vec<u64> = held.into_iter().collect();
        if self.dice.once_in(2) {
            chosen.retain(|_| self.dice.roll(3) > 0);
        }
        Some((id, chosen))
    }

    fn acknowledge(&mut self) {
        let Some((id, chosen)) = self.choose() else { return };
        match self.machine.acknowledge(self.now_ms, id, Some(&chosen)) {
            Ok(done) => {
                assert_eq!(done.events, chosen.len(), "each is acknowledged once");
                let again = self.machine.acknowledge(self.now_ms, id, Some(&chosen));
                assert_eq!(again.map(|again| (again.events, again.before)), Ok((0, chosen.len())));
                self.settle(id, &chosen);
                // The answer leaves when it is on disk.
                self.write();
                self.acknowledged.extend(chosen);
            }
            Err(Refusal::LeaseLost) => self.lose(id),
            Err(Refusal::OutOfOrder(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn give_back(&mut self) {
        let Some((id, chosen)) = self.choose() else { return };
        let (delay_ms, is_attempt) = (self.dice.roll(50) as u64, self.dice.once_in(2));
        let freed = self.machine.release(self.now_ms, id, Some(&chosen), (delay_ms, is_attempt));
        match freed {
            Ok(freed) => self.settle(id, &[freed.released, freed.parked].concat()),
            Err(Refusal::LeaseLost) => self.lose(id),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn park(&mut self) {
        let Some((id, chosen)) = self.choose() else { return };
        match self.machine.park(self.now_ms, id, &chosen, "it cannot be read") {
            Ok(freed) => self.settle(id, &freed.parked),
            Err(Refusal::LeaseLost) => self.lose(id),
            Err(Refusal::TooManyParked) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn operate(&mut self) {
        let parked = self.machine.parked_after(0, usize::MAX);
        let chosen: Vec<u64> = parked.iter().map(|(position, _)| *position).collect();
        let chosen: Vec<u64> = chosen.into_iter().filter(|_| self.dice.once_in(2)).collect();
        if self.dice.once_in(3) {
            assert_eq!(self.machine.drop_parked(Some(&chosen)), Ok(chosen.len()));
            self.write();
            self.dropped.extend(chosen);
        } else {
            let _ = self.machine.replay(Some(&chosen));
        }
    }

    /// Uses a lease that is over, or the events of another claim.
    fn misuse(&mut self) {
        let before = self.machine.version();
        if let Some(id) = self.lost.last() {
            let lost = self.machine.acknowledge(self.now_ms, *id, Some(&[1]));
            assert_eq!(lost, Err(Refusal::LeaseLost));
        }
        let Some((id, _)) = self.choose() else { return };
        let of_others = self.held.iter().filter(|(other, _)| **other != id);
        let foreign = of_others.flat_map(|(_, held)| held).next().copied();
        if let Some(foreign) = foreign {
            let refused = self.machine.acknowledge(self.now_ms, id, Some(&[foreign]));
            assert!(refused.is_err(), "{foreign} belongs to another claim");
        }
        assert!(self.machine.version() >= before);
    }

    fn settle(&mut self, id: ClaimId, events: &[u64]) {
        let held = self.held.entry(id).or_default();
        for position in events {
            held.remove(position);
        }
        if held.is_empty() {
            self.held.remove(&id);
        }
    }

    fn lose(&mut self, id: ClaimId) {
        self.held.remove(&id);
        self.lost.push(id);
    }

    /// Forgets the claims whose lease has run out, as their consumers learn later.
    fn forget_expired(&mut self) {
        let ids: Vec<_> = self.held.keys().copied().collect();
        for id in ids {
            if !self.machine.claims.contains_key(&id) {
                self.lose(id);
            }
        }
    }

    fn write(&mut self) {
        let changes = self.machine.changes_since(self.disk.version);
        assert!(changes.progress.open.len() <= self.bounds.open_events_max);
        self.disk.version = changes.version;
        self.disk.progress = changes.progress;
        for (position, parked) in changes.parked {
            match parked {
                Some(parked) => self.disk.parked.insert(position, parked),
                None => self.disk.parked.remove(&position),
            };
        }
    }

    fn crash(&mut self) {
        let Disk { progress, parked, .. } = self.disk.clone();
        self.machine = Machine::restored(progress, parked, self.bounds).unwrap();
        self.disk.version = 0;
        let ids: Vec<_> = self.held.keys().copied().collect();
        for id in ids {
            self.lose(id);
        }
    }

    fn step(&mut self) {
        match self.dice.roll(20) {
            0..=4 => self.offer(),
            5..=8 => self.claim(),
            9..=12 => self.acknowledge(),
            13 => self.give_back(),
            14 => self.park(),
            15 => self.operate(),
            16 => self.now_ms += self.dice.roll(60) as u64,
            17 => self.misuse(),
            18 => self.write(),
            _ => self.crash(),
        }
        let open = self.machine.figures(self.now_ms);
        self.forget_expired();
        assert!(open.waiting + open.claimed <= self.bounds.open_events_max);
        assert!(open.parked <= self.bounds.parked_events_max);
        assert_eq!(open.claims.len(), self.held.len());
    }

    /// Consumers that never fail do the rest.
    fn finish(&mut self) {
        self.crash();
        for _ in 0..10 * EVENTS {
            let parked: Vec<u64> =
                self.machine.parked_after(0, 1).into_iter().map(|(position, _)| position).collect();
            let _ = self.machine.replay(Some(&parked));
            self.offer();
            self.claim();
            let held: Vec<_> = self.held.iter().map(|(id, held)| (*id, held.clone())).collect();
            for (id, held) in held {
                let done = self.machine.acknowledge(self.now_ms, id, None);
                assert_eq!(done.map(|done| done.events), Ok(held.len()));
                self.settle(id, &held.iter().copied().collect::<Vec<_>>());
                self.acknowledged.extend(held);
            }
        }
        assert_eq!(self.machine.position(), EVENTS, "everything is settled");
        let mut settled: Vec<u64> = self.acknowledged.clone();
        settled.extend(&self.dropped);
        settled.sort_unstable();
        let wanted: Vec<u64> = self.journal.keys().copied().collect();
        assert_eq!(settled, wanted, "each event once");
        let mut last = BTreeMap::new();
        for position in &self.acknowledged {
            let before = last.insert(self.journal[position], *position);
            assert!(before.is_none_or(|before| before < *position), "{position} is out of order");
        }
    }
}

#[test]
fn in_random_worlds_each_event_is_acknowledged_once_in_the_order_of_its_aggregate() {
    for seed in 0..WORLDS {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..STEPS).for_each(|_| world.step());
            world.finish();
        });
        assert!(run.is_ok(), "world {seed}");
    }
}
