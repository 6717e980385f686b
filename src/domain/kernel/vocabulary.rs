//! How clients say commands: by name, and in the words of clients that existed before.

use super::{Aggregate, Dispatch, Id, Number, body::Body};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// All the ways to say something to one kind of aggregate.
pub struct Vocabulary<A: Aggregate> {
    sayings: Vec<Saying<A>>,
    ignored: &'static [&'static str],
}

/// One way to say something: where, how, and what it means.
pub struct Saying<A: Aggregate> {
    /// The name of the command, or of the word.
    pub name: &'static str,
    /// The HTTP method that carries it.
    pub method: Method,
    /// The path it is said at.
    pub place: Place,
    meaning: Meaning<A>,
    ignored: &'static [&'static str],
}

/// What a body means that names whom it is about.
type Refers<A, B> = fn(B) -> Result<(Number, <A as Aggregate>::Command), Malformed>;

/// Whom a saying is for.
enum Meaning<A: Aggregate> {
    /// The kind it is said at.
    Here(Parse<A>),
    /// Another kind.
    Elsewhere(PassOn),
}

type PassOn = Box<dyn Fn(Option<u64>, &Body) -> Result<Dispatch, Malformed> + Send + Sync>;

type Parse<A> = Box<dyn Fn(Option<u64>, &Body) -> Result<Said<A>, Malformed> + Send + Sync>;

/// The methods that carry commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Method {
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

/// The paths at which commands are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Place {
    /// `/business/resource`
    Collection,
    /// `/business/resource/7`
    Item,
    /// `/business/resource/7/name`
    Named,
}

/// A command, and whom it is for.
#[derive(Debug, PartialEq)]
pub struct Said<A: Aggregate> {
    /// Whom it is for.
    pub target: Target,
    /// What was said.
    pub command: A::Command,
}

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One that does not exist yet and gets the next number.
    New,
    /// The one of this number.
    Existing(u64),
}

/// What a client said could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not JSON at all.
    #[error("{0}")]
    Syntax(String),
    /// It is JSON, but does not say what is needed.
    #[error("{0}")]
    Content(String),
}

impl Malformed {
    /// It is JSON, but does not say what is needed.
    pub fn content(because: impl Into<String>) -> Self {
        Self::Content(because.into())
    }
}

/// The body of a command that has no details: `{}`, or nothing at all. Also the settings of a
/// business that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<A: Aggregate> Default for Vocabulary<A> {
    fn default() -> Self {
        Self { sayings: Vec::new(), ignored: &[] }
    }
}

impl<A: Aggregate> Vocabulary<A> {
    /// Nothing to say yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sayings: Vec::new(), ignored: &[] }
    }

    /// Commands said by the names they are written under, with their own fields as bodies:
    /// `POST /business/resource` says the first and makes a new one,
    /// `POST /business/resource/7/name` the others.
    #[must_use]
    pub fn by_name(creates: &'static str, others: &[&'static str]) -> Self {
        let new = Self::new().with(creates, Method::Post, Place::Collection, move |_, body| {
            Ok(Said { target: Target::New, command: body.read_as(creates)? })
        });
        others.iter().fold(new, |vocabulary, name| {
            vocabulary.with(name, Method::Post, Place::Named, |number, body| {
                Ok(Said {
                    target: Target::Existing(numbered(number)?),
                    command: body.read_as(name)?,
                })
            })
        })
    }

    /// `POST /business/resource` with this body makes a new one.
    #[must_use]
    pub fn creates<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            Ok(Said { target: Target::New, command: means(body.read()?)? })
        })
    }

    /// `POST /business/resource/7/name` with this body says a command by its name.
    #[must_use]
    pub fn command<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, Method::Post, Place::Named, to_existing(means))
    }

    /// A method on `/business/resource/7`, as existing clients use it.
    #[must_use]
    pub fn word<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        method: Method,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, method, Place::Item, to_existing(means))
    }

    /// A method on `/business/resource/7` that is a command for the `B` of the same number, as
    /// existing clients use it: what becomes of it there is waited for, then number 7 is shown here.
    #[must_use]
    pub fn word_for<B: Aggregate, W: DeserializeOwned + 'static>(
        mut self,
        name: &'static str,
        method: Method,
        means: fn(W) -> Result<B::Command, Malformed>,
    ) -> Self {
        let pass_on = move |number: Option<u64>, body: &Body<'_>| {
            Ok(Dispatch::new(Id::<B>::new(numbered(number)?), means(body.read()?)?))
        };
        let meaning = Meaning::Elsewhere(Box::new(pass_on));
        self.sayings.push(Saying { name, method, place: Place::Item, meaning, ignored: &[] });
        self
    }

    /// `POST /business/resource` about one that exists, whose number stands in the body.
    #[must_use]
    pub fn refers<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: Refers<A, B>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            let (number, command) = means(body.read()?)?;
            Ok(Said { target: Target::Existing(number.0), command })
        })
    }

    /// These fields of a body are read past where a saying does not ask for them: what only the
    /// server decides, so that a representation can be changed and sent back whole. `_links` is
    /// always read past; any other field that a saying does not know is refused.
    #[must_use]
    pub fn ignoring(mut self, fields: &'static [&'static str]) -> Self {
        self.ignored = fields;
        self
    }

    /// All sayings, in the order they were declared.
    #[must_use]
    pub fn into_sayings(self) -> Vec<Saying<A>> {
        let ignored = self.ignored;
        self.sayings.into_iter().map(|saying| Saying { ignored, ..saying }).collect()
    }

    fn with(
        mut self,
        name: &'static str,
        method: Method,
        place: Place,
        parse: impl Fn(Option<u64>, &Body) -> Result<Said<A>, Malformed> + Send + Sync + 'static,
    ) -> Self {
        let meaning = Meaning::Here(Box::new(parse));
        self.sayings.push(Saying { name, method, place, meaning, ignored: &[] });
        self
    }
}

impl<A: Aggregate> Saying<A> {
    /// Reads what a client said; `number` is the one in the path, if there is one.
    ///
    /// # Errors
    /// What could not be understood, as a sentence; also when it is for another kind, see
    /// [`Saying::passed_on`].
    pub fn parse(&self, number: Option<u64>, body: &[u8]) -> Result<Said<A>, Malformed> {
        match &self.meaning {
            Meaning::Here(parse) => parse(number, &Body { bytes: body, ignored: self.ignored }),
            Meaning::Elsewhere(_) => Err(Malformed::content("this is for somebody else")),
        }
    }

    /// Reads what a client said when that is a command for another kind of aggregate; `None` when
    /// it is for the kind it is said at.
    ///
    /// # Errors
    /// What could not be understood, as a sentence.
    pub fn passed_on(
        &self,
        number: Option<u64>,
        body: &[u8],
    ) -> Result<Option<Dispatch>, Malformed> {
        match &self.meaning {
            Meaning::Here(_) => Ok(None),
            Meaning::Elsewhere(pass_on) => {
                pass_on(number, &Body { bytes: body, ignored: self.ignored }).map(Some)
            }
        }
    }
}

fn to_existing<A: Aggregate, B: DeserializeOwned + 'static>(
    means: fn(B) -> Result<A::Command, Malformed>,
) -> impl Fn(Option<u64>, &Body) -> Result<Said<A>, Malformed> {
    move |number, body| {
        let target = Target::Existing(numbered(number)?);
        Ok(Said { target, command: means(body.read()?)? })
    }
}

fn numbered(number: Option<u64>) -> Result<u64, Malformed> {
    number.ok_or_else(|| Malformed::content("the number is missing"))
}
