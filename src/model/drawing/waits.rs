//! The reactions that a client waits for; all others follow later.

use crate::model::board::{self, Aggregate, Board, MessageName, Reaction, Trigger};
use std::collections::{BTreeMap, BTreeSet};

/// The reactions on a way from an event at which a client begins to wait to one that ends its wait.
pub(super) struct Waits(BTreeSet<(Trigger, MessageName)>);

/// The commands that follow from each trigger, and the triggers that follow from each command.
#[derive(Default)]
struct Ways {
    commands: BTreeMap<Trigger, BTreeSet<MessageName>>,
    outcomes: BTreeMap<MessageName, BTreeSet<Trigger>>,
}

impl Waits {
    pub(super) fn of(board: &Board) -> Self {
        let ways = Ways::of(board);
        Self(board.aggregates.iter().flat_map(|aggregate| ways.waits(aggregate)).collect())
    }

    /// Whether a client waits for this command on this trigger.
    pub(super) fn includes(&self, trigger: &Trigger, then: &MessageName) -> bool {
        self.0.contains(&(trigger.clone(), then.clone()))
    }
}

impl Ways {
    fn of(board: &Board) -> Self {
        let mut ways = Self::default();
        let policies = board.policies.iter().flat_map(board::Policy::reactions);
        let lookups = board.lookups.iter().flat_map(|lookup| lookup.reactions.iter().cloned());
        for Reaction { whenever, then } in policies.chain(lookups) {
            ways.commands.entry(whenever).or_default().insert(then);
        }
        for (asked, answers) in board.services.iter().flat_map(|service| &service.asks) {
            let commands = ways.commands.entry(Trigger::Event(asked.whenever.clone())).or_default();
            commands.extend(answers.values().flatten().cloned());
        }
        for aggregate in &board.aggregates {
            for command in &aggregate.commands {
                let name = MessageName::new(&aggregate.name, command.what.name.clone());
                let event = |event: &String| MessageName::new(&aggregate.name, event.clone());
                let events = command.leads_to.iter().map(|name| Trigger::Event(event(name)));
                let answers = [Trigger::Refused(name.clone()), Trigger::Unchanged(name.clone())];
                ways.outcomes.insert(name, events.chain(answers).collect());
            }
        }
        ways
    }

    /// The reactions between the beginning and the end of the waits of one aggregate.
    fn waits(&self, aggregate: &Aggregate) -> BTreeSet<(Trigger, MessageName)> {
        let named = |names: &BTreeSet<String>| -> BTreeSet<Trigger> {
            let named = |name: &String| MessageName::new(&aggregate.name, name.clone());
            names.iter().map(|name| Trigger::Event(named(name))).collect()
        };
        let ends = named(&aggregate.clients_wait.until);
        let mut reached = named(&aggregate.clients_wait.from);
        let mut open: Vec<Trigger> = reached.iter().cloned().collect();
        let mut steps = vec![];
        while let Some(trigger) = open.pop() {
            for command in self.commands.get(&trigger).into_iter().flatten() {
                steps.push((trigger.clone(), command.clone()));
                for next in self.outcomes.get(command).into_iter().flatten() {
                    if !ends.contains(next) && reached.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
        }
        self.leading_to(ends, &steps)
    }

    /// Those of the steps from which one of the ends is reached.
    fn leading_to(
        &self,
        mut leading: BTreeSet<Trigger>,
        steps: &[(Trigger, MessageName)],
    ) -> BTreeSet<(Trigger, MessageName)> {
        let mut kept = BTreeSet::new();
        loop {
            let before = kept.len();
            for (trigger, command) in steps {
                let mut outcomes = self.outcomes.get(command).into_iter().flatten();
                if outcomes.any(|next| leading.contains(next)) {
                    leading.insert(trigger.clone());
                    kept.insert((trigger.clone(), command.clone()));
                }
            }
            if kept.len() == before {
                return kept;
            }
        }
    }
}
