//! `madang verify`: reads everything that is remembered and tells whether it is sound.

use crate::{
    actors::{Findings, Installation, Settings, StartError},
    declarations::Declarations,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;

/// At most so many flaws are printed; the rest is counted.
const PRINTED_FLAWS_MAX: usize = 100;

/// Checks the data in this folder, with a progress bar on a terminal; prints what is wrong, one
/// sentence a line, then what was checked, what could not be, and whether anything is wrong. A
/// part that cannot be read is a flaw, and the next one is checked. True when nothing is wrong.
///
/// # Errors
/// When there is no data, or the settings make no sense.
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
    let install = |catalogue: &mut Installation| declarations.install(catalogue);
    let audited = Installation::audit(settings, install, &mut progressing);
    let findings = match audited {
        Ok(findings) => findings,
        Err(StartError::Store(because)) => without_journal(data, &because),
        Err(error @ StartError::Settings(_)) => return Err(error),
    };
    bar.finish_and_clear();
    Ok(print(data, &findings))
}

/// What can be checked when the journal cannot be opened.
fn without_journal(data: &Path, because: &str) -> Findings {
    let mut findings = Installation::audit_views_alone(data);
    findings.flaws.insert(0, format!("the journal cannot be opened: {because}"));
    for part in ["the journal", "the aggregates", "the rows of views", "the books"] {
        findings.unchecked.push(part.to_owned());
    }
    findings
}

/// True when nothing is wrong.
fn print(data: &Path, findings: &Findings) -> bool {
    let Findings { flaws, open, checked, unchecked } = findings;
    for waiting in open {
        println!("{waiting}");
    }
    for flaw in flaws.iter().take(PRINTED_FLAWS_MAX) {
        println!("{flaw}");
    }
    if flaws.len() > PRINTED_FLAWS_MAX {
        println!("{} further flaws are not printed", flaws.len() - PRINTED_FLAWS_MAX);
    }
    println!("checked: {} parts", checked.len());
    if !unchecked.is_empty() {
        println!("not checked: {}", unchecked.join(", "));
    }
    if flaws.is_empty() {
        println!("{}: sound", data.display());
        return true;
    }
    println!("{}: {} flaws", data.display(), flaws.len());
    false
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24} {bar:40} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
