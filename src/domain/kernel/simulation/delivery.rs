//! The steps of a simulated world: delivery of commands, effects, commits, crashes and timers.

use super::{
    Cause, Dice, HostFault, Origin, Payload, Record, World,
    effects::{EffectRequest, EffectResult},
    story::narrate_reply,
};
use crate::domain::kernel::{Dispatch, PortReply};

/// A command dispatched by a saga and not delivered yet.
pub(super) struct Pending {
    origin: Origin,
    dispatch: Dispatch,
}

/// An effect of a port or a lookup that is not executed yet.
pub(super) struct PendingEffect {
    effect: usize,
    position: usize,
    request: EffectRequest,
}

impl World {
    /// Delivers one command of a saga, not necessarily the oldest. Commands of one saga instance
    /// are delivered in order. Returns false when there is none, or its target is suspended.
    pub fn deliver(&mut self, nth: usize) -> bool {
        let oldest = self.oldest_beside(nth);
        let Some(pending) = oldest.and_then(|oldest| self.pending_dispatches.remove(oldest)) else {
            return false;
        };
        let Pending { origin, dispatch } = pending;
        let cause = Cause::Dispatch(origin);
        let _ = self.execute(&dispatch, cause, origin.conversation);
        true
    }

    /// Delivers the next command, then repeats it twice. The world recognises the repetition with
    /// the same cause as a duplicate. The aggregate must tolerate the one with an unknown cause.
    /// Returns false when there is none, or its target is suspended.
    pub fn deliver_twice(&mut self, nth: usize) -> bool {
        let oldest = self.oldest_beside(nth);
        let Some(Pending { origin, dispatch }) =
            oldest.and_then(|oldest| self.pending_dispatches.get(oldest))
        else {
            return false;
        };
        let (origin, dispatch) = (*origin, dispatch.clone());
        self.deliver(nth);
        let unknown = Origin { by: "unknown", ..origin };
        for again in [origin, unknown] {
            let _ = self.execute(&dispatch, Cause::Dispatch(again), origin.conversation);
        }
        true
    }

    /// Executes one effect of a port or a lookup, and the command that follows from the result.
    /// Returns false when there is none.
    pub fn answer(&mut self, nth: usize, dice: &mut Dice) -> bool {
        if nth >= self.pending_effects.len() {
            return false;
        }
        let mut pending_effect = self.pending_effects.remove(nth);
        let record = self.journal[pending_effect.position].clone();
        let effect = &self.effects[pending_effect.effect];
        let (by, correlation) = (effect.name(), record.correlation);
        let later = &self.journal[pending_effect.position + 1..self.durable];
        if matches!(pending_effect.request, EffectRequest::Outside(_)) {
            let revised = effect.revised(&record, later);
            pending_effect.request = revised.unwrap_or(pending_effect.request);
        }
        let meaning = match &pending_effect.request {
            EffectRequest::Outside(ask) => {
                let answer = self.outside.ask(ask, dice);
                narrate_reply(&mut self.story, by, &ask.key, answer.as_ref());
                let Some(answer) = answer else {
                    self.pending_effects.push(pending_effect);
                    return true;
                };
                effect.meaning(&record, &EffectResult::Reply(answer))
            }
            EffectRequest::Declined(reason) => {
                let answer = PortReply::Declined(reason.clone());
                effect.meaning(&record, &EffectResult::Reply(answer))
            }
            EffectRequest::View(view, query) => self.views.get(view).and_then(|view| {
                effect.meaning(&record, &EffectResult::Rows(view.as_ref(), query))
            }),
        };
        if let Some(dispatch) = meaning {
            let position = record.position;
            let origin = Origin { by, conversation: correlation, position, nth: 0 };
            let _ = self.execute(&dispatch, Cause::Dispatch(origin), correlation);
        }
        true
    }

    /// Makes all records durable: views apply them, ports and lookups receive them.
    pub fn commit(&mut self) {
        for position in self.durable..self.journal.len() {
            let record = &self.journal[position];
            self.views.values_mut().for_each(|view| view.apply(record));
        }
        self.collect_effects(self.durable);
        self.durable = self.journal.len();
    }

    /// Drops all records that are not durable, and rebuilds the world from the others.
    pub fn crash(&mut self) {
        self.narrate_crash();
        let mut journal = std::mem::take(&mut self.journal);
        journal.truncate(self.durable);
        let durable = self.durable as u64;
        if !self.has(HostFault::AnswersEarly) {
            self.answered.retain(|(_, position)| position.is_none_or(|at| at <= durable));
        }
        self.causes = journal.iter().filter_map(origin_of).collect();
        self.versions.clear();
        self.pending_dispatches.clear();
        self.pending_effects.clear();
        self.aggregates.values_mut().for_each(|aggregate_kind| aggregate_kind.clear());
        self.sagas.iter_mut().for_each(|saga| saga.clear());
        self.views.values_mut().for_each(|view| view.clear());
        for record in journal {
            if let (Some(aggregate_kind), Payload::Event(event)) =
                (self.aggregates.get_mut(record.kind), &record.payload)
            {
                aggregate_kind.fold(record.number, event.as_ref());
            }
            self.versions.insert((record.kind, record.number), record.version);
            self.pass_to_sagas(&record);
            self.views.values_mut().for_each(|view| view.apply(&record));
            self.journal.push(record);
        }
        if self.has(HostFault::LosesCommands) {
            self.pending_dispatches.clear();
        }
        if !self.has(HostFault::LosesEffects) {
            self.collect_effects(0);
        }
    }

    /// Advances the clock, and fires every timer that is due.
    pub fn advance_ms(&mut self, ms: u64) {
        self.now = self.now.after_ms(ms);
        let due: Vec<(&'static str, u64)> = self
            .sagas
            .iter()
            .flat_map(|saga| saga.due(self.now).into_iter().map(|number| (saga.name(), number)))
            .collect();
        self.narrate_time(ms, &due);
        for (saga, number) in due {
            self.append(saga, number, number, Cause::Timer, Payload::TimerFired);
        }
    }

    /// Advances the clock to the time at which the next timer fires. Returns false when no timer is
    /// set.
    pub fn jump(&mut self) -> bool {
        let alarms = self.sagas.iter().filter_map(|saga| saga.next_alarm());
        let Some(alarm) = alarms.min() else { return false };
        self.advance_ms(alarm.0.saturating_sub(self.now.0));
        true
    }

    /// Executes everything in flight, in a random order, until the world is quiet.
    ///
    /// # Panics
    /// When the world does not come to rest: its commands lead to further commands without an end.
    pub fn settle(&mut self, dice: &mut Dice) {
        let records_max = 20 * self.journal.len() + 1_000;
        while !self.is_quiet() {
            while let Some(nth) = self.ready_at_random(dice) {
                self.deliver(nth);
                assert!(self.journal.len() <= records_max, "the world does not come to rest");
            }
            self.commit();
            if !self.pending_effects.is_empty() {
                self.answer(dice.roll(self.pending_effects.len()), dice);
            }
            assert!(self.journal.len() <= records_max, "the world does not come to rest");
        }
    }

    /// The index of the first deliverable command, searched from `from` with wrap-around. A command
    /// is deliverable unless a suspended target blocks its saga instance.
    pub(super) fn ready(&self, from: usize) -> Option<usize> {
        let waiting = self.pending_dispatches.len();
        let mut indices = (0..waiting).map(|nth| (from + nth) % waiting);
        indices.find(|nth| self.oldest_beside(*nth).is_some())
    }

    fn ready_at_random(&self, dice: &mut Dice) -> Option<usize> {
        (!self.pending_dispatches.is_empty())
            .then(|| dice.roll(self.pending_dispatches.len()))
            .and_then(|from| self.ready(from))
    }

    /// The index of the oldest command of the same saga instance; `None` when its target is
    /// suspended.
    fn oldest_beside(&self, nth: usize) -> Option<usize> {
        let picked = self.pending_dispatches.get(nth)?.origin;
        if self.has(HostFault::ReordersCommands) {
            let whom = self.pending_dispatches[nth].dispatch.aggregate();
            return (!self.suspended.contains(whom)).then_some(nth);
        }
        let oldest = self.pending_dispatches.iter().position(|Pending { origin, .. }| {
            (origin.by, origin.conversation) == (picked.by, picked.conversation)
        })?;
        let whom = self.pending_dispatches[oldest].dispatch.aggregate();
        (!self.suspended.contains(whom)).then_some(oldest)
    }

    pub(super) fn pass_to_sagas(&mut self, record: &Record) {
        for saga in &mut self.sagas {
            let Some((conversation, dispatches)) = saga.handle(record, &mut self.reached) else {
                continue;
            };
            for (nth, dispatch) in dispatches.into_iter().enumerate() {
                let by = saga.name();
                let origin = Origin { by, conversation, position: record.position, nth };
                if !self.causes.contains(&origin) {
                    self.pending_dispatches.push_back(Pending { origin, dispatch });
                }
            }
        }
    }

    /// Collects the effects that ports and lookups require for the records from this index on.
    fn collect_effects(&mut self, after: usize) {
        for (position, record) in self.journal.iter().enumerate().skip(after) {
            for (effect, effect_kind) in self.effects.iter().enumerate() {
                let Some(request) = effect_kind.request(record) else { continue };
                let (by, conversation) = (effect_kind.name(), record.correlation);
                let origin = Origin { by, conversation, position: record.position, nth: 0 };
                if !self.causes.contains(&origin) {
                    self.pending_effects.push(PendingEffect { effect, position, request });
                }
            }
        }
    }
}

fn origin_of(record: &Record) -> Option<Origin> {
    match record.cause {
        Cause::Dispatch(origin) => Some(origin),
        Cause::Request(_) | Cause::Timer => None,
    }
}
