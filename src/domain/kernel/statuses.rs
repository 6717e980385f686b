//! The macro that declares the statuses of an aggregate kind, with the words shown to clients.

/// Declares the enum of the statuses of an aggregate kind, and `word()`: the name of the status for
/// clients. A status whose word is not its own name has it behind a colon. The first status is that
/// before the first event.
///
/// The enum is cloned, compared and stored; more traits can be derived above it. The crate that
/// uses the macro depends on `serde`.
///
/// ```
/// use madang::statuses;
///
/// statuses! {
///     pub enum Status {
///         Blank: "",
///         Free,
///         Taken { by: String },
///         Cleaning: "Free soon",
///     }
/// }
///
/// assert_eq!(Status::default().word(), "");
/// assert_eq!(Status::Taken { by: "kim".into() }.word(), "Taken");
/// assert_eq!(Status::Cleaning.word(), "Free soon");
/// ```
#[macro_export]
macro_rules! statuses {
    (
        $(#[$about:meta])*
        $visibility:vis enum $status:ident {
            $(#[$first_about:meta])*
            $first:ident $(: $first_word:literal)?
            $(, $(#[$name_about:meta])*
                $name:ident $({ $($field:ident: $type:ty),+ $(,)? })? $(: $word:literal)?)*
            $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        $visibility enum $status {
            $(#[$first_about])*
            #[default]
            $first,
            $($(#[$name_about])* $name $({ $($field: $type),+ })?,)*
        }

        impl $status {
            /// The name of the status for clients.
            #[must_use]
            $visibility const fn word(&self) -> &'static str {
                match self {
                    Self::$first => $crate::statuses!(@word $first $($first_word)?),
                    $(Self::$name { .. } => $crate::statuses!(@word $name $($word)?),)*
                }
            }
        }
    };
    (@word $name:ident $word:literal) => { $word };
    (@word $name:ident) => { stringify!($name) };
}
