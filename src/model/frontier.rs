//! The order in which states are explored: by new steps first, then by repeated and unusual ones.
//!
//! A state costs as many points as its story has steps that the story had before, and steps with
//! unusual values. The cheapest state is explored next. So each command is tried once along every
//! story before values vary, and long stories are reached within the limit.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

/// The states that are not explored yet.
pub(super) struct Frontier<S> {
    waiting: BTreeMap<(usize, usize), (String, Story<S>)>,
    /// The cost at which each state was reached first, by the text of the state.
    costs: HashMap<String, usize>,
    added: usize,
    explored: usize,
    states_max: usize,
}

/// A state and the story that leads to it.
pub(super) struct Story<S> {
    pub(super) state: S,
    steps: Rc<BTreeSet<String>>,
    cost: usize,
}

impl<S> Story<S> {
    /// The number of repeated and of unusual steps.
    pub(super) const fn cost(&self) -> usize {
        self.cost
    }
}

impl<S> Frontier<S> {
    /// A frontier with one state; `key` is its text.
    pub(super) fn new(key: String, state: S, states_max: usize) -> Self {
        let mut frontier = Self {
            waiting: BTreeMap::new(),
            costs: HashMap::new(),
            added: 0,
            explored: 0,
            states_max,
        };
        frontier.insert(key, Story { state, steps: Rc::default(), cost: 0 });
        frontier
    }

    /// The state to explore next; `None` when there is none or the limit is reached.
    pub(super) fn next(&mut self) -> Option<Story<S>> {
        while self.explored < self.states_max {
            let (_, (key, story)) = self.waiting.pop_first()?;
            if self.costs.get(&key) == Some(&story.cost) {
                self.explored += 1;
                return Some(story);
            }
        }
        None
    }

    /// Adds the state that this step leads to from a story, unless it was reached as cheaply.
    pub(super) fn add(
        &mut self,
        from: &Story<S>,
        step: &str,
        is_unusual: bool,
        (key, state): (String, S),
    ) {
        let is_repeated = from.steps.contains(step);
        let cost = from.cost + usize::from(is_repeated) + usize::from(is_unusual);
        if self.costs.get(&key).is_some_and(|known| *known <= cost) {
            return;
        }
        let mut steps = Rc::clone(&from.steps);
        if !is_repeated {
            Rc::make_mut(&mut steps).insert(step.to_owned());
        }
        self.insert(key, Story { state, steps, cost });
    }

    fn insert(&mut self, key: String, story: Story<S>) {
        self.costs.insert(key.clone(), story.cost);
        self.waiting.insert((story.cost, self.added), (key, story));
        self.added += 1;
    }

    /// The number of states that were explored.
    pub(super) const fn explored(&self) -> usize {
        self.explored
    }

    /// Whether states are left that the limit does not allow to explore.
    pub(super) fn is_cut_short(&self) -> bool {
        let mut waiting = self.waiting.values();
        waiting.any(|(key, story)| self.costs.get(key) == Some(&story.cost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_of_different_steps_is_explored_before_repeated_and_unusual_ones() {
        let mut frontier = Frontier::new("0".to_owned(), 0_u32, 12);
        let mut explored = vec![];
        while let Some(story) = frontier.next() {
            let state = story.state;
            explored.push(state);
            frontier.add(&story, "again", false, ((state + 100).to_string(), state + 100));
            for unusual in 1..10 {
                let next = state + 1_000 * unusual;
                frontier.add(&story, "value", true, (next.to_string(), next));
            }
            if state < 5 {
                let next = state + 1;
                frontier.add(&story, &format!("step {state}"), false, (next.to_string(), next));
            }
        }
        assert!(explored.iter().any(|state| state % 100 == 5), "{explored:?}");
        assert_eq!(frontier.explored(), 12);
        assert!(frontier.is_cut_short());
    }

    #[test]
    fn an_exploration_that_reaches_every_state_is_not_cut_short() {
        let mut frontier = Frontier::new("0".to_owned(), 0_u32, 8);
        while let Some(story) = frontier.next() {
            let next = (story.state + 1) % 8;
            frontier.add(&story, "step", false, (next.to_string(), next));
        }
        assert_eq!((frontier.explored(), frontier.is_cut_short()), (8, false));
    }
}
