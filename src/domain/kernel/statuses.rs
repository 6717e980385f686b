//! The macro that declares the statuses of an aggregate kind, with their words and commands.

use super::Progress;

/// What clients see of a status; [`statuses!`](crate::statuses) implements it.
pub trait StatusWords {
    /// The word of the original; `None` where it has none.
    fn original_word(&self) -> Option<&'static str>;

    /// The named commands that are available.
    fn commands(&self) -> &'static [&'static str];

    /// The progress of the command that led to it.
    fn progress(&self) -> Progress;
}

/// Declares the enum of the statuses of an aggregate kind: one line for each. The word shown to
/// clients is its name, or stands behind a colon. The word of the original, where it has one, stands
/// behind a comma. The first status is that before the first event; it has no word.
///
/// A client waits while the status is `as pending`. The command has failed in a status that is
/// `as failed`; such a status has the fields `how: FailureKind` and `reason: String`. In any other
/// status the command took effect.
///
/// The methods `word` and `original_word` return them. The crate that uses the macro depends on
/// `serde`.
///
/// ```
/// use madang::{domain::kernel::{FailureKind, Progress, StatusWords as _}, statuses};
///
/// statuses! {
///     pub enum Status {
///         Blank;
///         Free, "VACANT" => "book", "clean";
///         Taken { until: u32 } => "leave";
///         Cleaning as pending: "Free soon";
///         Closed { how: FailureKind, reason: String } as failed;
///     }
/// }
///
/// assert_eq!(Status::default(), Status::Blank);
/// assert_eq!((Status::Blank.word(), Status::Free.word()), ("", "Free"));
/// assert_eq!(Status::Cleaning.word(), "Free soon");
/// assert_eq!(Status::Free.original_word(), Some("VACANT"));
/// assert_eq!(Status::Taken { until: 7 }.original_word(), None);
/// assert_eq!((Status::Blank.commands().len(), Status::Free.commands()), (0, &["book", "clean"][..]));
/// assert_eq!(Status::Cleaning.progress(), Progress::Pending);
/// let (how, reason) = (FailureKind::Unavailable, "it is winter".to_owned());
/// let closed = Status::Closed { how, reason: reason.clone() };
/// assert_eq!(closed.progress(), Progress::Failed { how, reason });
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
                    $(as $progress:ident)? $(: $word:literal)? $(, $original:literal)? $(=> $($command:literal),+)?;
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

            fn progress(&self) -> $crate::domain::kernel::Progress {
                match self {
                    Self::$blank => $crate::statuses!(@progress self $blank),
                    $(Self::$name { .. } => $crate::statuses!(@progress self $name $($progress)?),)+
                }
            }
        }
    };
    (@word $name:ident $word:literal) => { $word };
    (@word $name:ident) => { stringify!($name) };
    (@original $word:literal) => { Some($word) };
    (@original) => { None };
    (@progress $self:ident $name:ident) => { $crate::domain::kernel::Progress::Established };
    (@progress $self:ident $name:ident pending) => { $crate::domain::kernel::Progress::Pending };
    (@progress $self:ident $name:ident failed) => {{
        let Self::$name { how, reason } = $self else {
            return $crate::domain::kernel::Progress::Established;
        };
        $crate::domain::kernel::Progress::Failed { how: *how, reason: reason.clone() }
    }};
}
