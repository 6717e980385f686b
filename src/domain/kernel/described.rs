//! Settings whose documentation is known to the program, not to the compiler alone.

/// The keys of a section, in the order of their declaration, each with the lines of its meaning.
pub type Meanings = &'static [(&'static str, &'static [&'static str])];

/// Declares a struct of settings, and the constant `MEANINGS` with the comment of each field.
///
/// `madang config doc` writes the comments into the page about the configuration.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// madang::described! {
///     /// The section `[bar]` of the configuration.
///     #[derive(Clone, Debug, Default, Serialize, Deserialize)]
///     #[serde(deny_unknown_fields, default)]
///     pub struct Settings {
///         /// The highest tip, in won.
///         pub tip_max: u32,
///     }
/// }
///
/// assert_eq!(Settings::MEANINGS[0].0, "tip_max");
/// assert_eq!(Settings::MEANINGS[0].1.concat(), " The highest tip, in won.");
/// ```
#[macro_export]
macro_rules! described {
    (
        $(#[$($of_struct:tt)*])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $line:literal])+
                $(#[serde($($of_field:tt)*)])*
                $of:vis $field:ident: $type:ty,
            )+
        }
    ) => {
        $(#[$($of_struct)*])*
        $visibility struct $name {
            $(
                $(#[doc = $line])+
                $(#[serde($($of_field)*)])*
                $of $field: $type,
            )+
        }

        impl $name {
            /// The keys of this section, each with its meaning.
            pub const MEANINGS: $crate::domain::kernel::Meanings =
                &[$((stringify!($field), &[$($line),+])),+];
        }
    };
}
