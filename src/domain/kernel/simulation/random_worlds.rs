//! Random worlds of a business: what always holds there, what they reach, and the story of the
//! first world with a flaw.

use super::{
    Dice, Flaw, Luck, Reached, Shares, World,
    shrink::{Plan, Replay, shrunk},
};
use crate::domain::kernel::Dispatch;
use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

type Begin<'a> = dyn Fn(&mut Dice) -> World + Sync + 'a;
type Act<'a> = dyn Fn(&mut World, &mut Dice) + Sync + 'a;
type Check<'a> = dyn Fn(&World) -> Result<(), String> + Sync + 'a;

/// Random worlds of a business. In each world people act at random while commands are delivered
/// late or twice, services answer or do not, time passes and the process is killed. At the end
/// everything in flight is executed, and the invariants are checked.
///
/// The same seed is the same world; the seeds of a run are the numbers from 0.
///
/// ```
/// use madang::domain::{
///     kernel::{Quantity, simulation::{RandomWorlds, World}},
///     rental::{CarRental, car::{Car, Command}, settings::Settings},
/// };
///
/// let reached = RandomWorlds::new(|_| World::of::<CarRental>(Settings::default()))
///     // Of four acts of people, three change the number of cars.
///     .person(3, |world, dice| {
///         let rentable = Some(Quantity(dice.roll(4) as u32));
///         let _ = world.submit::<Car>(1, Command::Revise { name: None, rentable });
///     })
///     .person(1, |world, _| {
///         let register = Command::Register { name: "sonata".into(), count: Quantity(2) };
///         let _ = world.submit::<Car>(1, register);
///     })
///     .invariants(|world| match world.all::<Car>().len() {
///         0 | 1 => Ok(()),
///         kinds => Err(format!("there are {kinds} kinds of cars")),
///     })
///     .run(100);
/// println!("{reached}");
/// let times = |item: &str| reached.items().into_iter().find(|(name, _)| name == item).unwrap().1;
/// assert!(times("command Register of rental/cars") > 10);
/// assert_eq!(times("command Place of rental/orders"), 0); // no person orders cars yet
/// ```
pub struct RandomWorlds<'a> {
    begin: Box<Begin<'a>>,
    people: Vec<(u32, Box<Act<'a>>)>,
    invariants: Vec<Box<Check<'a>>>,
    shares: Shares,
    acts: Range<usize>,
}

/// Runs this many random worlds with one kind of people; see [`RandomWorlds`].
///
/// # Panics
/// When an invariant is violated; the message is the [`Flaw`].
pub fn random_worlds(
    worlds: u64,
    begin: impl Fn(&mut Dice) -> World + Sync,
    people: impl Fn(&mut World, &mut Dice) + Sync,
    invariants: impl Fn(&World) -> Result<(), String> + Sync,
) {
    let random_worlds = RandomWorlds::new(begin).person(1, people).invariants(invariants);
    let _reached = random_worlds.run(worlds);
}

impl<'a> RandomWorlds<'a> {
    /// Worlds that begin like this. The dice decide what differs between worlds, such as settings.
    #[must_use]
    pub fn new(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> Self {
        let (people, invariants) = (vec![], vec![]);
        Self { begin: Box::new(begin), people, invariants, shares: Shares::default(), acts: 8..56 }
    }

    /// Adds a person, with a share of what all people do together. The person submits a random
    /// command; a refusal is an answer like any other.
    #[must_use]
    pub fn person(mut self, share: u32, acts: impl Fn(&mut World, &mut Dice) + Sync + 'a) -> Self {
        self.people.push((share, Box::new(acts)));
        self
    }

    /// Adds invariants of a world at rest, besides [`World::check_invariants`]. The error is a
    /// sentence.
    #[must_use]
    pub fn invariants(mut self, check: impl Fn(&World) -> Result<(), String> + Sync + 'a) -> Self {
        self.invariants.push(Box::new(check));
        self
    }

    /// Sets how often people act, and how often each kind of step is taken.
    #[must_use]
    pub const fn shares(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// Sets the number of acts of a world; by default it has from 8 to 55.
    #[must_use]
    pub const fn acts(mut self, acts: Range<usize>) -> Self {
        self.acts = acts;
        self
    }

    /// Runs this many worlds on all cores. Returns what they reached; see
    /// [`Reached::everything_but`].
    ///
    /// # Panics
    /// When an invariant is violated or the code of the business panics; the message is the
    /// [`Flaw`].
    #[must_use = "says what the worlds never reached"]
    #[track_caller]
    pub fn run(&self, worlds: u64) -> Reached {
        let (flaw, reached) = self.explore(worlds);
        if let Some(flaw) = flaw {
            panic!("{flaw}");
        }
        reached.among((self.begin)(&mut Dice::new(0)).reachable())
    }

    /// Runs at most this many worlds on all cores, until one has a flaw.
    #[must_use]
    pub fn first_flaw(&self, worlds: u64) -> Option<Flaw> {
        self.explore(worlds).0
    }

    /// Runs the world of this seed alone.
    #[must_use]
    pub fn only(&self, seed: u64) -> Option<Flaw> {
        self.flaw(seed, &mut Reached::default())
    }

    fn explore(&self, worlds: u64) -> (Option<Flaw>, Reached) {
        let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let is_over = AtomicBool::new(false);
        let explore = |first: u64| {
            let mut reached = Reached::default();
            let mut seeds = (first..worlds).step_by(usize::try_from(threads).unwrap_or(1));
            let seeds = seeds.by_ref().take_while(|_| !is_over.load(Ordering::Relaxed));
            let flaw = { seeds }.find_map(|seed| self.flaw(seed, &mut reached));
            is_over.fetch_or(flaw.is_some(), Ordering::Relaxed);
            (flaw, reached)
        };
        let explored = thread::scope(|scope| {
            let explore = &explore;
            let started: Vec<_> =
                (0..threads).map(|first| scope.spawn(move || explore(first))).collect();
            started.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        let (mut first, mut all) = (None::<Flaw>, Reached::default());
        for one in explored {
            let (flaw, reached) = one.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.merge(reached);
            first = first.into_iter().chain(flaw).min_by_key(|flaw| flaw.seed);
        }
        (first, all)
    }

    fn flaw(&self, seed: u64, reached: &mut Reached) -> Option<Flaw> {
        let mut dice = Dice::new(seed);
        let mut world = (self.begin)(&mut dice);
        let own = std::mem::replace(&mut world.reached, std::mem::take(reached));
        world.reached.merge(own);
        world.reached.world();
        world.acts.clear();
        let violation = self.caught(&mut world, |world| {
            world.outside.luck = Luck::Random;
            for _ in 0..self.acts.start + dice.roll(self.acts.len()) {
                match self.shares.pick(&mut dice) {
                    Some(act) => world.act(act),
                    None => self.someone(&mut dice)(world, &mut dice),
                }
            }
        });
        *reached = std::mem::take(&mut world.reached);
        let violation = violation?;
        let plan = Plan { acts: std::mem::take(&mut world.acts), lucky: false };
        Some(shrunk(plan, &violation, &Replayed { worlds: self, seed, world }))
    }

    /// One of the people, by their shares.
    fn someone(&self, dice: &mut Dice) -> &Act<'a> {
        let all: u32 = self.people.iter().map(|(share, _)| share).sum();
        let mut rolled = dice.roll(all as usize);
        for (share, person) in &self.people {
            match rolled.checked_sub(*share as usize) {
                Some(rest) => rolled = rest,
                None => return &**person,
            }
        }
        &|_, _| {}
    }

    /// Executes the acts and then everything in flight. Returns the violation of an invariant, or
    /// the message of a panic.
    fn caught(&self, world: &mut World, acts: impl FnOnce(&mut World)) -> Option<String> {
        let lived = catch_unwind(AssertUnwindSafe(|| {
            acts(world);
            world.rest();
            let own = self.invariants.iter();
            world.check_invariants().and_then(|()| { own }.try_for_each(|check| check(world)))
        }));
        match lived {
            Ok(checked) => checked.err(),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Some(format!("the code panicked: {}", text.unwrap_or_default()))
            }
        }
    }
}

/// The world of one seed.
struct Replayed<'a> {
    worlds: &'a RandomWorlds<'a>,
    seed: u64,
    world: World,
}

impl Replay for Replayed<'_> {
    fn replay(&self, plan: &Plan, story: Option<&mut Flaw>) -> Option<String> {
        let mut world = (self.worlds.begin)(&mut Dice::new(self.seed));
        if story.is_some() {
            world.begin_story();
        }
        let violation = self.worlds.caught(&mut world, |world| {
            world.outside.luck = if plan.lucky { Luck::Good } else { Luck::Random };
            plan.acts.iter().for_each(|act| world.act(act.clone()));
            world.narrate(|| "then everything in flight is executed:".to_owned());
        });
        if let Some(flaw) = story {
            flaw.seed = self.seed;
            flaw.story = world.end_story();
            let settings = world.settings.values().map(|settings| format!("{settings:?}"));
            flaw.settings = settings.collect::<Vec<_>>().join(", ");
        }
        violation
    }

    fn simpler(&self, dispatch: &Dispatch) -> Vec<Dispatch> {
        let aggregate_kind = self.world.aggregates.get(dispatch.aggregate());
        aggregate_kind.map(|aggregate_kind| aggregate_kind.simpler(dispatch)).unwrap_or_default()
    }
}

impl World {
    /// Resumes everything, and executes everything in flight.
    fn rest(&mut self) {
        self.suspended.clear();
        self.settle(&mut Dice::new(SETTLING));
    }
}

/// The seed of the order in which everything in flight is executed at the end. It is the same in
/// all worlds, so that a shortened world ends like the whole one.
const SETTLING: u64 = 1;
