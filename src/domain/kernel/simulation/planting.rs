//! Other functions in the place of a business's own, to see whether a simulation notices a bug.
//!
//! Whatever is planted stands where the function of the business stood, so a world with a bug
//! planted is the world in which the business had been written so. It begins anew when planted.

use super::{Live, Running, World};
use crate::domain::kernel::{
    Aggregate, Decision, Id, Meta, Saga, SettingsOf, Speaker, Step, Timestamp,
};

/// [`Aggregate::decide`].
pub type Decide<A> = fn(&A, <A as Aggregate>::Command, Timestamp, &SettingsOf<A>) -> Decision<A>;

/// [`Aggregate::speaker`].
pub type SpeakerOf<A> = fn(&<A as Aggregate>::Command) -> Speaker;

/// [`Saga::react`].
pub type React<S> = fn(S, Id<S>, <S as Saga>::Hears, &Meta) -> Step<S>;

impl World {
    /// Lets every `A` decide so.
    pub fn plant_decide<A: Aggregate>(&mut self, decide: Decide<A>) {
        self.doors.insert(A::NAME, Box::new(Live::<A> { decide, ..Live::default() }));
    }

    /// Lets these be who may say the commands of every `A`.
    pub fn plant_speaker<A: Aggregate>(&mut self, speaker: SpeakerOf<A>) {
        self.doors.insert(A::NAME, Box::new(Live::<A> { speaker, ..Live::default() }));
    }

    /// Lets every conversation of `S` react so.
    pub fn plant_react<S: Saga>(&mut self, react: React<S>) {
        if let Some(saga) = self.sagas.iter_mut().find(|saga| saga.name() == S::NAME) {
            *saga = Box::new(Running::<S> { react, ..Running::default() });
        }
    }
}
