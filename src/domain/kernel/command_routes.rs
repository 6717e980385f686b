//! The command routes: the requests that carry commands, by name and as existing clients send them.

use super::{Aggregate, Dispatch, Id, Number, body::Body};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// All routes of the commands of one aggregate kind.
pub struct CommandRoutes<A: Aggregate> {
    routes: Vec<CommandRoute<A>>,
    ignored: &'static [&'static str],
}

/// One command route: its path, its method, and the parser of its body.
pub struct CommandRoute<A: Aggregate> {
    /// The name of the command, or of the route.
    pub name: &'static str,
    /// The HTTP method of the request.
    pub method: Method,
    /// The path of the request.
    pub place: Place,
    meaning: Meaning<A>,
    ignored: &'static [&'static str],
    is_by_name: bool,
}

/// A parser of a body that contains the number of the aggregate.
type OnReferenced<A, B> = fn(B) -> Result<(Number, <A as Aggregate>::Command), Malformed>;

/// The aggregate kind that a route submits to.
enum Meaning<A: Aggregate> {
    /// The kind in the path.
    Here(Parse<A>),
    /// Another aggregate kind.
    Elsewhere(PassOn),
}

type PassOn = Box<dyn Fn(Option<u64>, &Body) -> Result<Dispatch, Malformed> + Send + Sync>;

type Parse<A> =
    Box<dyn Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed> + Send + Sync>;

/// The HTTP methods of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Method {
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

/// The paths of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Place {
    /// `/business/resource`
    Collection,
    /// `/business/resource/7`
    Item,
    /// `/business/resource/7/name`
    Action,
}

/// A parsed command and its target.
#[derive(Debug, PartialEq)]
pub struct ParsedCommand<A: Aggregate> {
    /// The target of the command.
    pub target: Target,
    /// The command.
    pub command: A::Command,
}

/// The target of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new aggregate, which gets the next number.
    New,
    /// The aggregate of this number.
    Existing(u64),
}

/// The error for a request body that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body is not JSON.
    #[error("{0}")]
    Syntax(String),
    /// The body is JSON, but lacks a required field or has an invalid one.
    #[error("{0}")]
    Content(String),
    /// One field of the body is missing, unknown or invalid.
    #[error("{reason}")]
    Field {
        /// The name of the field.
        field: String,
        /// The reason, as a sentence that names the field.
        reason: String,
    },
}

impl Malformed {
    /// The body is JSON, but lacks a required field or has an invalid one.
    pub fn content(reason: impl Into<String>) -> Self {
        Self::Content(reason.into())
    }
}

/// The body of a command without fields: `{}`, or an empty body. It is also the settings type of
/// a business without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl<A: Aggregate> Default for CommandRoutes<A> {
    fn default() -> Self {
        Self { routes: Vec::new(), ignored: &[] }
    }
}

impl<A: Aggregate> CommandRoutes<A> {
    /// Command routes without any route.
    #[must_use]
    pub fn new() -> Self {
        Self { routes: Vec::new(), ignored: &[] }
    }

    /// Routes for commands by their serialized names; the body has the fields of the command.
    /// `POST /business/resource` submits the first one and creates an aggregate;
    /// `POST /business/resource/7/name` submits the others.
    #[must_use]
    pub fn by_name(creates: &'static str, others: &[&'static str]) -> Self {
        let mut all = Self::new().with(creates, Method::Post, Place::Collection, move |_, body| {
            Ok(ParsedCommand { target: Target::New, command: body.read_as(creates)? })
        });
        for name in others {
            all = all.with(name, Method::Post, Place::Action, |number, body| {
                Ok(ParsedCommand {
                    target: Target::Existing(numbered(number)?),
                    command: body.read_as(name)?,
                })
            });
        }
        for route in &mut all.routes {
            route.is_by_name = true;
        }
        all
    }

    /// Adds `POST /business/resource` with this body, which creates an aggregate.
    #[must_use]
    pub fn creates<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            Ok(ParsedCommand { target: Target::New, command: means(body.read()?)? })
        })
    }

    /// Adds `POST /business/resource/7/name` with this body, which submits a command by its name.
    #[must_use]
    pub fn command<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, Method::Post, Place::Action, to_existing(means))
    }

    /// Adds a method on `/business/resource/7`, as existing clients use it.
    #[must_use]
    pub fn on_item<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        method: Method,
        means: fn(B) -> Result<A::Command, Malformed>,
    ) -> Self {
        self.with(name, method, Place::Item, to_existing(means))
    }

    /// Adds a method on `/business/resource/7` that submits a command to the `B` of the same
    /// number, as existing clients use it. The server waits for the outcome there and then replies
    /// with the representation of number 7 of this kind.
    #[must_use]
    pub fn forward_to<B: Aggregate, W: DeserializeOwned + 'static>(
        mut self,
        name: &'static str,
        method: Method,
        means: fn(W) -> Result<B::Command, Malformed>,
    ) -> Self {
        let forward = move |number: Option<u64>, body: &Body<'_>| {
            Ok(Dispatch::new(Id::<B>::new(numbered(number)?), means(body.read()?)?))
        };
        let meaning = Meaning::Elsewhere(Box::new(forward));
        self.routes.push(CommandRoute {
            name,
            method,
            place: Place::Item,
            meaning,
            ignored: &[],
            is_by_name: false,
        });
        self
    }

    /// Adds `POST /business/resource` for an existing aggregate whose number is in the body.
    #[must_use]
    pub fn on_referenced<B: DeserializeOwned + 'static>(
        self,
        name: &'static str,
        means: OnReferenced<A, B>,
    ) -> Self {
        self.with(name, Method::Post, Place::Collection, move |_, body| {
            let (number, command) = means(body.read()?)?;
            Ok(ParsedCommand { target: Target::Existing(number.0), command })
        })
    }

    /// Sets the fields of a body that are skipped where a route does not have them. Only the server
    /// sets these fields. Clients can therefore change a representation and send it back whole.
    /// `_links` and `originalStatus` are always skipped; any other unknown field is refused.
    #[must_use]
    pub fn ignoring(mut self, fields: &'static [&'static str]) -> Self {
        self.ignored = fields;
        self
    }

    /// All routes, in the order of their declaration.
    #[must_use]
    pub fn into_routes(self) -> Vec<CommandRoute<A>> {
        let ignored = self.ignored;
        self.routes.into_iter().map(|route| CommandRoute { ignored, ..route }).collect()
    }

    fn with(
        mut self,
        name: &'static str,
        method: Method,
        place: Place,
        parse: impl Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let meaning = Meaning::Here(Box::new(parse));
        self.routes.push(CommandRoute {
            name,
            method,
            place,
            meaning,
            ignored: &[],
            is_by_name: false,
        });
        self
    }
}

impl<A: Aggregate> CommandRoute<A> {
    /// The variant of the command that this route reads, when it reads the variant of its name.
    #[must_use]
    pub fn variant(&self) -> Option<&'static str> {
        self.is_by_name.then_some(self.name)
    }

    /// Parses a request; `number` is the one in the path, if there is one.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence; also when the command is for another kind,
    /// see [`CommandRoute::forwarded`].
    pub fn parse(&self, number: Option<u64>, body: &[u8]) -> Result<ParsedCommand<A>, Malformed> {
        match &self.meaning {
            Meaning::Here(parse) => parse(number, &Body { bytes: body, ignored: self.ignored }),
            Meaning::Elsewhere(_) => {
                Err(Malformed::content("this command is for another aggregate"))
            }
        }
    }

    /// Parses a request whose command is for another aggregate kind; `None` when the command is for
    /// the kind in the path.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence.
    pub fn forwarded(
        &self,
        number: Option<u64>,
        body: &[u8],
    ) -> Result<Option<Dispatch>, Malformed> {
        match &self.meaning {
            Meaning::Here(_) => Ok(None),
            Meaning::Elsewhere(forward) => {
                forward(number, &Body { bytes: body, ignored: self.ignored }).map(Some)
            }
        }
    }
}

fn to_existing<A: Aggregate, B: DeserializeOwned + 'static>(
    means: fn(B) -> Result<A::Command, Malformed>,
) -> impl Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed> {
    move |number, body| {
        let target = Target::Existing(numbered(number)?);
        Ok(ParsedCommand { target, command: means(body.read()?)? })
    }
}

fn numbered(number: Option<u64>) -> Result<u64, Malformed> {
    number.ok_or_else(|| Malformed::content("the number is missing"))
}
