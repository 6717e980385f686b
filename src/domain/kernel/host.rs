//! What a business is installed in, and how it hears of what happened there.

use super::{Aggregate, Books, Id, Lookup, Port, Saga, Timestamp, View};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// A business: a name, its settings, and the parts it consists of.
pub trait Business: 'static {
    /// The first part of every path, stream name and configuration key of this business.
    const NAME: &'static str;
    /// The section `[NAME]` of the configuration; must refuse unknown keys.
    type Settings: Settings;

    /// A request to begin with: the resource and the JSON body that makes a new one, such as
    /// `("orders", r#"{"name":"Jung"}"#)`.
    const EXAMPLE: Option<(&'static str, &'static str)> = None;

    /// The setting that says for how many milliseconds whoever commands something is made to wait
    /// before it comes to nothing. The house keeps it below the time in which every request is
    /// answered, so that nobody hears "accepted" of what is refused a moment later.
    const WAITS_MS: Option<&'static str> = None;

    /// Describes the business to whoever gives it a home.
    fn install(host: &mut impl Host);

    /// The invariants: what adds up in the books whenever nothing is on its way. Conversations
    /// that wait for another part are on their way.
    ///
    /// # Errors
    /// What does not add up, as a sentence.
    fn adds_up(_books: &impl Books) -> Result<(), String> {
        Ok(())
    }
}

/// What can be configured about a business; the default must be usable as it is.
pub trait Settings:
    Serialize + DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static
{
}

impl<T> Settings for T where
    T: Serialize + DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static
{
}

/// Whoever gives a home to the businesses: the server, a simulation, a document.
///
/// A business describes itself to a host and never learns which one it got; that is how it
/// stays free of actors, of HTTP and of disks.
pub trait Host {
    /// Takes in a whole business: finds its settings and lets it describe itself.
    fn business<B: Business>(&mut self) -> &mut Self;
    /// A kind of aggregate.
    fn aggregate<A: Aggregate>(&mut self) -> &mut Self;
    /// A process manager.
    fn saga<S: Saga>(&mut self) -> &mut Self;
    /// An outside service.
    fn port<P: Port>(&mut self) -> &mut Self;
    /// A question to a view of its own, whose answer becomes a command.
    fn lookup<L: Lookup>(&mut self) -> &mut Self;
    /// A read model.
    fn view<V: View>(&mut self) -> &mut Self;
}

/// The circumstances of something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its place in the one total order of the journal, from 1, gapless.
    pub position: u64,
    /// Its place in the history of its aggregate, from 1, gapless.
    pub version: u32,
    /// When it was decided.
    pub time: Timestamp,
    /// The number of the conversation it belongs to.
    pub correlation: u64,
}

/// Something that happened to some aggregate, before we know to which kind.
pub trait Fact {
    /// Reads it as something that happened to an `A`; `None` when it is about another kind.
    fn about<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)>;
}

/// What a saga, a port, a lookup or a view listens to.
pub trait Hears: Sized + Debug + Send + 'static {
    /// The names of the kinds of aggregate listened to.
    const KINDS: &'static [&'static str];
    /// Reads a fact; `None` when it is none of the listener's business.
    fn from_fact(fact: &impl Fact) -> Option<Self>;
}

/// Listening to one kind of aggregate needs no declaration.
impl<A: Aggregate> Hears for (Id<A>, A::Event) {
    const KINDS: &'static [&'static str] = &[A::NAME];

    fn from_fact(fact: &impl Fact) -> Option<Self> {
        fact.about::<A>()
    }
}

/// Declares what is heard by someone who listens to several kinds of aggregate.
///
/// `hears!(Heard: Order, Payment)` reads as: I hear of orders and of payments.
#[macro_export]
macro_rules! hears {
    ($(#[$doc:meta])* $heard:ident: $($of:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $heard {
            $(
                #[doc = concat!("Something happened to this `", stringify!($of), "`.")]
                $of($crate::domain::kernel::Id<$of>, <$of as $crate::domain::kernel::Aggregate>::Event),
            )+
        }

        impl $heard {
            /// The number of whatever this is about.
            #[must_use]
            pub fn number(&self) -> u64 {
                match self {
                    $(Self::$of(id, _) => id.number(),)+
                }
            }
        }

        impl $crate::domain::kernel::Hears for $heard {
            const KINDS: &'static [&'static str] =
                &[$(<$of as $crate::domain::kernel::Aggregate>::NAME),+];

            fn from_fact(fact: &impl $crate::domain::kernel::Fact) -> Option<Self> {
                None$(.or_else(|| fact.about::<$of>().map(|(id, event)| Self::$of(id, event))))+
            }
        }
    };
}
