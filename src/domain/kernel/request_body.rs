//! The macro that declares the body of a request where its command is routed.

/// The function that turns the body of a request into a command, for
/// [`CommandRoutes`](crate::domain::kernel::CommandRoutes): a closure whose parameters are the fields
/// of the body. Their JSON names are in camel case. A field with an `Option` may be left out, and
/// any other field is refused. A closure that can fail names its result, `-> Result<_, Malformed>`.
/// The crate that uses the macro depends on `serde`.
///
/// ```
/// use madang::{body, domain::kernel::prelude::*};
/// # struct Hotel;
/// # impl Business for Hotel {
/// #     const NAME: &'static str = "hotel";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) { host.aggregate::<Room>(); }
/// # }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Room;
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Command { Book { nights: Quantity, late: bool } }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Event { Booked }
/// # rejections! { enum Rejection { Unknown: unknown "there is no such room"; } }
/// # impl Aggregate for Room {
/// #     const NAME: &'static str = "hotel/rooms";
/// #     type Business = Hotel;
/// #     type Command = Command;
/// #     type Event = Event;
/// #     type Rejection = Rejection;
/// #     fn issuer(_: &Command) -> Issuer { Issuer::Customer }
/// #     fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> { Ok(vec![]) }
/// #     fn evolve(self, _: Event) -> Self { self }
/// #     fn command_routes() -> CommandRoutes<Self> { routes() }
/// # }
///
/// fn routes() -> CommandRoutes<Room> {
///     CommandRoutes::new().command(
///         "book",
///         body!(|night_cnt: Quantity, #[serde(alias = "isLate")] late: Option<bool>| {
///             Command::Book { nights: night_cnt, late: late.unwrap_or_default() }
///         }),
///     )
/// }
/// # use madang::domain::kernel::spec::Spec;
///
/// let book = |nights, late| Ok(Command::Book { nights: Quantity(nights), late });
/// assert_eq!(Room::read("book", r#"{"nightCnt":2}"#), book(2, false));
/// assert_eq!(Room::read("book", r#"{"nightCnt":2,"isLate":true}"#), book(2, true));
/// assert!(Room::read("book", r#"{"nightCnt":2,"x":1}"#).is_err());
/// assert!(Room::read("book", "{}").is_err());
/// ```
#[macro_export]
macro_rules! body {
    (
        |$($(#[$about:meta])* $field:ident: $type:ty),+ $(,)?| -> $result:ty $command:block
        $(,)?
    ) => {{
        #[derive(::serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Body {
            $($(#[$about])* $field: $type,)+
        }

        |Body { $($field),+ }: Body| -> $result { $command }
    }};
    (|$($(#[$about:meta])* $field:ident: $type:ty),+ $(,)?| $command:expr $(,)?) => {
        $crate::body!(|$($(#[$about])* $field: $type),+| -> _ { $command })
    };
}
