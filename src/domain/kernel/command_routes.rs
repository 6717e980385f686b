//! The command routes: the requests that carry commands, by name and as existing clients send them.

use super::{
    Aggregate, Dispatch, Id, Issuer, Malformed, Method, Number, ParsedCommand, Place, Target,
    body::{ALWAYS_IGNORED, Body},
    schema::BodySchema,
};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// All routes of the commands of one aggregate kind.
pub struct CommandRoutes<A: Aggregate> {
    routes: Vec<CommandRoute<A>>,
    ignored: Arc<[&'static str]>,
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
    ignored: Arc<[&'static str]>,
    is_by_name: bool,
    body: DescribeBody,
}

/// The function that derives the schema of a body. It runs only when a contract is written.
type DescribeBody = Arc<dyn Fn() -> BodySchema + Send + Sync>;

/// The result of the function that turns a body into a command: the command, or the result of a
/// function that can fail.
pub trait Means<C> {
    /// The command, or the part of the body that has no meaning.
    ///
    /// # Errors
    /// The part of the body that has no meaning, as a sentence.
    fn meant(self) -> Result<C, Malformed>;
}

impl<C> Means<C> for C {
    fn meant(self) -> Result<C, Malformed> {
        Ok(self)
    }
}

impl<C> Means<C> for Result<C, Malformed> {
    fn meant(self) -> Result<C, Malformed> {
        self
    }
}

/// The aggregate kind that a route submits to.
enum Meaning<A: Aggregate> {
    /// The kind in the path.
    Here(Parse<A>),
    /// Another aggregate kind.
    Elsewhere(PassOn, Arc<[Issuer]>),
}

type PassOn = Arc<dyn Fn(Option<u64>, &Body) -> Result<Dispatch, Malformed> + Send + Sync>;

type Parse<A> =
    Arc<dyn Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed> + Send + Sync>;

impl<A: Aggregate> Clone for Meaning<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Here(parse) => Self::Here(Arc::clone(parse)),
            Self::Elsewhere(pass_on, issuers) => {
                Self::Elsewhere(Arc::clone(pass_on), Arc::clone(issuers))
            }
        }
    }
}

impl<A: Aggregate> Default for CommandRoutes<A> {
    fn default() -> Self {
        Self { routes: Vec::new(), ignored: Arc::default() }
    }
}

impl<A: Aggregate> CommandRoutes<A> {
    /// Command routes without any route.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Routes for commands by their serialized names; the body has the fields of the command.
    /// `POST /business/resource` submits the first one and creates an aggregate;
    /// `POST /business/resource/7/name` submits the others.
    #[must_use]
    pub fn by_name(creates: &'static str, others: &[&'static str]) -> Self {
        let mut all = Self::new().with(
            creates,
            [Method::Post],
            Place::Collection,
            &variant::<A>(creates),
            move |_, body| {
                Ok(ParsedCommand { target: Target::New, command: body.read_as(creates)? })
            },
        );
        for route in &mut all.routes {
            route.is_by_name = true;
        }
        all.named(others)
    }

    /// Adds `POST /business/resource/7/name` for commands by their serialized names; the body has
    /// the fields of the command.
    #[must_use]
    pub fn named(mut self, names: &[&'static str]) -> Self {
        for name in names {
            self = self.with(
                name,
                [Method::Post],
                Place::Action,
                &variant::<A>(name),
                |number, body| {
                    let target = Target::Existing(numbered(number)?);
                    Ok(ParsedCommand { target, command: body.read_as(name)? })
                },
            );
            if let Some(route) = self.routes.last_mut() {
                route.is_by_name = true;
            }
        }
        self
    }

    /// Adds `POST /business/resource` with this body, which creates an aggregate.
    #[must_use]
    pub fn creates<B: DeserializeOwned + 'static, M: Means<A::Command> + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> M,
    ) -> Self {
        self.with(name, [Method::Post], Place::Collection, &described::<B>(), move |_, body| {
            Ok(ParsedCommand { target: Target::New, command: means(body.read()?).meant()? })
        })
    }

    /// Adds `POST /business/resource/7/name` with this body, which submits a command by its name.
    #[must_use]
    pub fn command<B: DeserializeOwned + 'static, M: Means<A::Command> + 'static>(
        self,
        name: &'static str,
        means: fn(B) -> M,
    ) -> Self {
        self.with(name, [Method::Post], Place::Action, &described::<B>(), to_existing(means))
    }

    /// Adds methods on `/business/resource/7`, as existing clients use them. A command that the blank
    /// state accepts creates the aggregate under this number, which the client has chosen.
    #[must_use]
    pub fn on_item<B: DeserializeOwned + 'static, M: Means<A::Command> + 'static>(
        self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        means: fn(B) -> M,
    ) -> Self {
        self.with(name, methods, Place::Item, &described::<B>(), to_existing(means))
    }

    /// Adds methods on `/business/resource/7` for clients that set one field to a word: the words of
    /// each command. The rest of the representation may stand beside it.
    #[must_use]
    pub fn on_word<const N: usize>(
        self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        field: &'static str,
        words: [(&'static [&'static str], A::Command); N],
    ) -> Self {
        self.with(name, methods, Place::Item, &word(field, &words), move |number, body| {
            let target = Target::Existing(numbered(number)?);
            Ok(ParsedCommand { target, command: body.read_text(field)?.means(field, &words)? })
        })
    }

    /// Adds methods on `/business/resource/7` for clients that set one field to a word, and send the
    /// fields of the command beside it: the words of each command, and its serialized name.
    ///
    /// ```
    /// use madang::domain::{claims::payment::{Command, Payment}, kernel::{EpochMs, spec::Spec as _}};
    ///
    /// let body = r#"{"status":"Completed Payment","paymentDt":1622639541714}"#;
    /// let payment_dt = Some(EpochMs(1_622_639_541_714));
    /// let complete = Command::Complete { claim_id: None, payment_dt };
    /// assert_eq!(Payment::read("complete by status", body), Ok(complete));
    /// ```
    #[must_use]
    pub fn named_by_word<const N: usize>(
        self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        field: &'static str,
        words: [(&'static [&'static str], &'static str); N],
    ) -> Self {
        let body: DescribeBody =
            Arc::new(move || BodySchema::of_variant_by_word::<A::Command>(field, &words));
        self.with(name, methods, Place::Item, &body, move |number, body| {
            let target = Target::Existing(numbered(number)?);
            Ok(ParsedCommand { target, command: body.read_as_word(field, &words)? })
        })
    }

    /// Adds methods on `/business/resource/7` that submit a command to the `B` of the same number,
    /// as existing clients use them: they set one field to a word; see [`CommandRoutes::on_word`].
    /// The server waits for the outcome there and then replies with the representation of number 7
    /// of this kind.
    #[must_use]
    pub fn forward_to<B: Aggregate, const N: usize>(
        self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        field: &'static str,
        words: [(&'static [&'static str], B::Command); N],
    ) -> Self {
        let describe = word(field, &words);
        let issuers = words.iter().map(|(_, command)| B::issuer(command)).collect();
        let forward = move |number: Option<u64>, body: &Body<'_>| {
            let command = body.read_text(field)?.means(field, &words)?;
            Ok(Dispatch::new(Id::<B>::new(numbered(number)?), command))
        };
        let meaning = Meaning::Elsewhere(Arc::new(forward), issuers);
        self.route(name, methods, Place::Item, &describe, &meaning)
    }

    /// Adds `POST /business/resource` for an existing aggregate whose number is in the body.
    #[must_use]
    pub fn on_referenced<
        B: DeserializeOwned + 'static,
        M: Means<(Number, A::Command)> + 'static,
    >(
        self,
        name: &'static str,
        means: fn(B) -> M,
    ) -> Self {
        self.with(name, [Method::Post], Place::Collection, &described::<B>(), move |_, body| {
            let (number, command) = means(body.read()?).meant()?;
            Ok(ParsedCommand { target: Target::Existing(number.0), command })
        })
    }

    /// Sets the fields of a body that are skipped where a route does not have them, by their names with
    /// a space between: `"id status reason"`. Only the server sets these fields. Clients can therefore change a representation and send it back whole.
    /// `_links` and `originalStatus` are always skipped; any other unknown field is refused.
    #[must_use]
    pub fn ignoring(mut self, fields: &'static str) -> Self {
        self.ignored = fields.split_whitespace().collect();
        self
    }

    /// All routes, in the order of their declaration.
    #[must_use]
    pub fn into_routes(self) -> Vec<CommandRoute<A>> {
        let with_ignored = |route| CommandRoute { ignored: Arc::clone(&self.ignored), ..route };
        self.routes.into_iter().map(with_ignored).collect()
    }

    fn with(
        self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        place: Place,
        body: &DescribeBody,
        parse: impl Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.route(name, methods, place, body, &Meaning::Here(Arc::new(parse)))
    }

    fn route(
        mut self,
        name: &'static str,
        methods: impl IntoIterator<Item = Method>,
        place: Place,
        body: &DescribeBody,
        meaning: &Meaning<A>,
    ) -> Self {
        self.routes.extend(methods.into_iter().map(|method| CommandRoute {
            name,
            method,
            place,
            meaning: meaning.clone(),
            ignored: Arc::default(),
            is_by_name: false,
            body: Arc::clone(body),
        }));
        self
    }
}

impl<A: Aggregate> CommandRoute<A> {
    /// The variant of the command that this route reads, when it reads the variant of its name.
    #[must_use]
    pub fn variant(&self) -> Option<&'static str> {
        self.is_by_name.then_some(self.name)
    }

    /// The schema of the body. It allows the fields that the route reads past.
    #[must_use]
    pub fn body(&self) -> BodySchema {
        let ignored: Vec<_> = self.ignored.iter().chain(ALWAYS_IGNORED).copied().collect();
        (self.body)().ignoring(&ignored)
    }

    /// Parses a request; `number` is the one in the path, if there is one.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence; also when the command is for another kind,
    /// see [`CommandRoute::forwarded`].
    pub fn parse(&self, number: Option<u64>, body: &[u8]) -> Result<ParsedCommand<A>, Malformed> {
        match &self.meaning {
            Meaning::Here(parse) => parse(number, &Body { bytes: body, ignored: &self.ignored }),
            Meaning::Elsewhere(..) => {
                Err(Malformed::content("this command is for another aggregate"))
            }
        }
    }

    /// Who may submit the commands that this route forwards to another aggregate kind; empty when
    /// they are for the kind in the path.
    #[must_use]
    pub fn issuers_elsewhere(&self) -> &[Issuer] {
        match &self.meaning {
            Meaning::Here(_) => &[],
            Meaning::Elsewhere(_, issuers) => issuers,
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
            Meaning::Elsewhere(forward, _) => {
                forward(number, &Body { bytes: body, ignored: &self.ignored }).map(Some)
            }
        }
    }
}

fn to_existing<A: Aggregate, B: DeserializeOwned + 'static, M: Means<A::Command> + 'static>(
    means: fn(B) -> M,
) -> impl Fn(Option<u64>, &Body) -> Result<ParsedCommand<A>, Malformed> {
    move |number, body| {
        let target = Target::Existing(numbered(number)?);
        Ok(ParsedCommand { target, command: means(body.read()?).meant()? })
    }
}

/// The schema of a body.
fn described<B: DeserializeOwned + 'static>() -> DescribeBody {
    Arc::new(BodySchema::of::<B>)
}

/// The schema of the fields of a command.
fn variant<A: Aggregate>(name: &'static str) -> DescribeBody {
    Arc::new(move || BodySchema::of_variant::<A::Command>(name))
}

/// The schema of a body with one of these words.
fn word<C, const N: usize>(
    field: &'static str,
    words: &[(&'static [&'static str], C); N],
) -> DescribeBody {
    let words: Vec<_> = words.iter().map(|(words, _)| *words).collect();
    Arc::new(move || BodySchema::of_word(field, &words))
}

fn numbered(number: Option<u64>) -> Result<u64, Malformed> {
    number.ok_or_else(|| Malformed::content("the number is missing"))
}
