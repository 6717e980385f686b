//! The macro that declares the rejections of an aggregate kind.

/// Declares the enum of the reasons why an aggregate kind rejects a command: one line for each, with
/// its kind and its sentence. Without a kind it is a conflict with the present state.
///
/// A sentence is a format string: it may name the fields of the rejection and constants, and may
/// have arguments. The crate that uses the macro depends on `serde`.
///
/// ```
/// use madang::{domain::kernel::{Rejection as _, RejectionKind}, rejections};
///
/// const BEDS_MAX: u32 = 4;
///
/// rejections! {
///     /// The reasons why a room rejects a command.
///     pub enum Rejection {
///         Unknown: unknown "there is no such room";
///         TooManyBeds: invalid "a room has at most {BEDS_MAX} beds";
///         IsTaken { until: u32 }: "the room is taken until day {until}";
///     }
/// }
///
/// assert_eq!(Rejection::IsTaken { until: 7 }.to_string(), "the room is taken until day 7");
/// assert_eq!(Rejection::TooManyBeds.to_string(), "a room has at most 4 beds");
/// assert_eq!(Rejection::IsTaken { until: 7 }.kind(), RejectionKind::Conflict);
/// assert_eq!(Rejection::Unknown.kind(), RejectionKind::Unknown);
/// ```
#[macro_export]
macro_rules! rejections {
    (
        $(#[$about:meta])*
        $visibility:vis enum $rejection:ident {
            $($name:ident $({ $($field:ident: $type:ty),+ $(,)? })?:
                $($kind:ident)? $sentence:literal $(, $argument:expr)*;)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        $visibility enum $rejection {
            $(
                #[doc = concat!("`", $sentence, "`")]
                $name $({ $(#[doc = concat!("`", stringify!($field), "`")] $field: $type),+ })?,
            )+
        }

        impl ::std::fmt::Display for $rejection {
            #[allow(unused_variables)]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$name $({ $($field),+ })? => write!(f, $sentence $(, $argument)*),)+
                }
            }
        }

        impl ::std::error::Error for $rejection {}

        impl $crate::domain::kernel::Rejection for $rejection {
            fn kind(&self) -> $crate::domain::kernel::RejectionKind {
                match self {
                    $(Self::$name { .. } => $crate::rejections!(@kind $($kind)?),)+
                }
            }
        }
    };
    (@kind unknown) => { $crate::domain::kernel::RejectionKind::Unknown };
    (@kind invalid) => { $crate::domain::kernel::RejectionKind::Invalid };
    (@kind conflict) => { $crate::domain::kernel::RejectionKind::Conflict };
    (@kind) => { $crate::domain::kernel::RejectionKind::Conflict };
}
