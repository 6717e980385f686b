//! `madang verify`: reads all stored data and checks it.

use crate::{
    actors::{Findings, Installation, Settings, StartError},
    declarations::Declarations,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;

/// The most flaws printed; the rest is counted.
const PRINTED_FLAWS_MAX: usize = 100;

/// Checks the data in this folder; returns true when no flaw is found.
///
/// It shows a progress bar on a terminal. It prints one line per flaw, then the parts checked and
/// not checked, and the result. An unreadable part is a flaw; the check continues with the next
/// one.
///
/// # Errors
/// When there is no data, or a setting is invalid.
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
    let install = |installation: &mut Installation| declarations.install(installation);
    let audited = Installation::audit(settings, install, &mut progressing);
    let findings = match audited {
        Ok(findings) => findings,
        Err(StartError::Store(reason)) => without_journal(data, &reason),
        Err(error @ StartError::Settings(_)) => return Err(error),
    };
    bar.finish_and_clear();
    print(&findings);
    let (data, flaws) = (data.display(), findings.flaws.len());
    match flaws {
        0 => println!("{data}: sound"),
        _ => println!("{data}: {flaws} flaws"),
    }
    Ok(flaws == 0)
}

/// Checks the views alone, for a journal that cannot be opened. All other parts are listed as not
/// checked.
fn without_journal(data: &Path, reason: &str) -> Findings {
    let mut findings = Installation::audit_views_alone(data);
    findings.flaws.insert(0, format!("the journal cannot be opened: {reason}"));
    for part in ["the journal", "the aggregates", "the rows of views", "the books"] {
        findings.unchecked.push(part.to_owned());
    }
    findings
}

/// Prints the findings.
pub(crate) fn print(findings: &Findings) {
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
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24} {bar:40} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
