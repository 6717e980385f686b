//! `madang verify`: reads everything that is remembered and tells whether it is sound.

use crate::{
    actors::{Catalogue, Findings, Settings, StartError},
    declarations::Declarations,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;

/// At most so many flaws are printed; the rest is counted.
const PRINTED_FLAWS_MAX: usize = 100;

/// Checks the data in this folder, with a progress bar on a terminal; prints what is wrong, one
/// sentence a line, and whether anything is. True when nothing is.
///
/// # Errors
/// When the data cannot be opened.
pub fn run(data: &Path, declarations: &Declarations) -> Result<bool, StartError> {
    if !data.join("journal").is_dir() {
        return Err(StartError::Store(format!("{}: there is no journal here", data.display())));
    }
    let bar = ProgressBar::new(0).with_style(style());
    let mut progressing = |what: &str, done, total| {
        bar.set_message(what.to_owned());
        bar.set_length(total);
        bar.set_position(done);
    };
    let settings = Settings { data: data.to_owned(), ..Settings::default() };
    let install = |catalogue: &mut Catalogue| declarations.install(catalogue);
    let Findings { flaws, open } = Catalogue::audit(settings, install, &mut progressing)?;
    bar.finish_and_clear();
    for waiting in &open {
        println!("{waiting}");
    }
    for flaw in flaws.iter().take(PRINTED_FLAWS_MAX) {
        println!("{flaw}");
    }
    if flaws.is_empty() {
        println!("{}: sound", data.display());
        return Ok(true);
    }
    println!("{}: {} flaws", data.display(), flaws.len());
    Ok(false)
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24} {bar:40} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
