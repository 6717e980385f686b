//! Personal texts in stored values: each value has them encrypted in one piece, with the key of the
//! number to which they belong. The destruction of the key erases them everywhere.
//!
//! ```text
//! folder    the folder of the keys: whose it is, and its files
//! keys      one key for each number of a business, in files with fixed slots
//! copying   a copy of the keys beside backups
//! checking  the check of such a copy
//! sealing   the encryption of the personal texts of a value, and its reverse
//! ```

mod checking;
mod copying;
mod folder;
mod keys;
mod sealing;

pub use checking::check_keys;
pub use copying::copy_keys;
pub use folder::{FOLDER, KeyFolder, KeysId};
pub use keys::{BusinessKeys, Key};
pub use sealing::{Opened, Place, Whose, open, open_all, redact, seal, seal_all};
