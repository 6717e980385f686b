//! The macro that declares the statuses of an aggregate kind, with their words and commands.

/// What clients see of a status; [`statuses!`](crate::statuses) implements it.
pub trait StatusWords {
    /// The word of the original; `None` where it has none.
    fn original_word(&self) -> Option<&'static str>;

    /// The named commands that are available.
    fn commands(&self) -> &'static [&'static str];
}

/// Declares the enum of the statuses of an aggregate kind: one line for each. The word shown to
/// clients is its name, or stands behind a colon. The word of the original, where it has one, stands
/// behind a comma. The first status is that before the first event; it has no word.
///
/// The methods `word` and `original_word` return them. The crate that uses the macro depends on
/// `serde`.
///
/// ```
/// use madang::{domain::kernel::StatusWords as _, statuses};
///
/// statuses! {
///     pub enum Status {
///         Blank;
///         Free, "VACANT" => "book", "clean";
///         Taken { until: u32 } => "leave";
///         Cleaning: "Free soon";
///     }
/// }
///
/// assert_eq!(Status::default(), Status::Blank);
/// assert_eq!((Status::Blank.word(), Status::Free.word()), ("", "Free"));
/// assert_eq!(Status::Cleaning.word(), "Free soon");
/// assert_eq!(Status::Free.original_word(), Some("VACANT"));
/// assert_eq!(Status::Taken { until: 7 }.original_word(), None);
/// assert_eq!((Status::Blank.commands().len(), Status::Free.commands()), (0, &["book", "clean"][..]));
/// ```
#[macro_export]
macro_rules! statuses {
    (
        $(#[$about:meta])*
        $visibility:vis enum $status:ident {
            $(#[$about_blank:meta])*
            $blank:ident;
            $(
                $(#[$about_name:meta])*
                $name:ident $(($content:ty))? $({ $($field:ident: $type:ty),+ $(,)? })?
                    $(: $word:literal)? $(, $original:literal)? $(=> $($command:literal),+)?;
            )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        $visibility enum $status {
            $(#[$about_blank])*
            #[default]
            $blank,
            $(
                $(#[$about_name])*
                $name $(($content))?
                    $({ $(#[doc = concat!("`", stringify!($field), "`")] $field: $type),+ })?,
            )+
        }

        impl $status {
            /// The word shown to clients.
            #[must_use]
            $visibility const fn word(&self) -> &'static str {
                match self {
                    Self::$blank => "",
                    $(Self::$name { .. } => $crate::statuses!(@word $name $($word)?),)+
                }
            }

            /// The word of the original; `None` where it has none.
            #[must_use]
            $visibility const fn original_word(&self) -> ::std::option::Option<&'static str> {
                match self {
                    Self::$blank => None,
                    $(Self::$name { .. } => $crate::statuses!(@original $($original)?),)+
                }
            }
        }

        impl $crate::domain::kernel::StatusWords for $status {
            fn original_word(&self) -> ::std::option::Option<&'static str> {
                self.original_word()
            }

            fn commands(&self) -> &'static [&'static str] {
                match self {
                    Self::$blank => &[],
                    $(Self::$name { .. } => &[$($($command),+)?],)+
                }
            }
        }
    };
    (@word $name:ident $word:literal) => { $word };
    (@word $name:ident) => { stringify!($name) };
    (@original $word:literal) => { Some($word) };
    (@original) => { None };
}
