//! How clients say commands: by name, and in the words of clients that existed before.

use super::{Aggregate, Number};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// All the ways to say something to one kind of aggregate.
pub struct Vocabulary<A: Aggregate> {
    sayings: Vec<Saying<A>>,
}

/// One way to say something: where, how, and what it means.
pub struct Saying<A: Aggregate> {
    /// The name of the command, or of the word.
    pub name: &'static str,
    /// The HTTP method that carries it.
    pub method: Method,
    /// The path it is said at.
    pub place: Place,
    parse: Parse<A>,
}

/// What a body means that names whom it is about.
type Refers<A, B> = fn(B) -> Result<(Number, <A as Aggregate>::Command), Malformed>;

type Parse<A> = Box<dyn Fn(Option<u64>, &[u8]) -> Result<Said<A>, Malformed> + Send + Sync>;

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

    /// A status that this resource cannot be asked to take.
    #[must_use]
    pub fn status(status: &str, known: &[&str]) -> Self {
        Self::Content(format!("unknown status `{status}`, expected {}", known.join(" or ")))
    }
}

/// The body of a command that has no details: `{}`, or nothing at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<A: Aggregate> Default for Vocabulary<A> {
    fn default() -> Self {
        Self { sayings: Vec::new() }
    }
}

impl<A: Aggregate> Vocabulary<A> {
    /// Nothing to say yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `POST /business/resource` with this body makes a new one.
    #[must_use]
    pub fn creates<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            Ok(Said { target: Target::New, command: means(read(body)?)? })
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

    /// `POST /business/resource` about one that exists, whose number stands in the body.
    #[must_use]
    pub fn refers<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: Refers<A, B>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            let (number, command) = means(read(body)?)?;
            Ok(Said { target: Target::Existing(number.0), command })
        })
    }

    /// All sayings, in the order they were declared.
    #[must_use]
    pub fn into_sayings(self) -> Vec<Saying<A>> {
        self.sayings
    }

    fn with(
        mut self,
        name: &'static str,
        method: Method,
        place: Place,
        parse: impl Fn(Option<u64>, &[u8]) -> Result<Said<A>, Malformed> + Send + Sync + 'static,
    ) -> Self {
        self.sayings.push(Saying { name, method, place, parse: Box::new(parse) });
        self
    }
}

impl<A: Aggregate> Saying<A> {
    /// Reads what a client said; `number` is the one in the path, if there is one.
    ///
    /// # Errors
    /// What could not be understood, as a sentence.
    pub fn parse(&self, number: Option<u64>, body: &[u8]) -> Result<Said<A>, Malformed> {
        (self.parse)(number, body)
    }
}

fn to_existing<A: Aggregate, B: DeserializeOwned + 'static>(
    means: fn(B) -> Result<A::Command, Malformed>,
) -> impl Fn(Option<u64>, &[u8]) -> Result<Said<A>, Malformed> {
    move |number, body| {
        let number = number.ok_or_else(|| Malformed::content("the number is missing"))?;
        Ok(Said { target: Target::Existing(number), command: means(read(body)?)? })
    }
}

fn read<B: DeserializeOwned + 'static>(body: &[u8]) -> Result<B, Malformed> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Malformed::Content(error.to_string()),
        _ => Malformed::Syntax(error.to_string()),
    })
}
