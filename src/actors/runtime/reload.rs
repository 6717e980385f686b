//! Changes of settings while the runtime is running.

use super::{Runtime, parts::ApplySection};
use crate::actors::settings::Settings;

impl Runtime {
    /// Takes the sections of the gates and of the businesses from these settings. They must have
    /// been checked against the declarations ([`crate::actors::Installation::check_settings`]).
    /// Commands that are decided afterwards follow them; the other settings stay as they are.
    ///
    /// # Errors
    /// When the section of a business is invalid; the sentence names the key. Nothing is changed.
    pub fn reload(&self, settings: &Settings) -> Result<(), String> {
        let read = self.parts.sections.iter().map(|read| read(settings));
        for apply in read.collect::<Result<Vec<ApplySection>, _>>()? {
            apply();
        }
        self.parts.shared.gates.reload(&settings.gates);
        Ok(())
    }
}
