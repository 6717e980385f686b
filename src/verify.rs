//! `madang verify`: reads all stored data and checks it. `madang repair`: removes what is wrong and
//! is made again from the records.

use crate::{
    actors::{Findings, Installation, Settings, StartError},
    console::{Progress, print_first, say},
    counted::counted,
    declarations::Declarations,
    store::journal::is_in_use,
};
use std::path::Path;

/// Checks the data in this folder; returns true when no flaw is found.
///
/// It shows its progress on standard error. It prints one line per flaw, then the parts checked and
/// not checked, and the result. An unreadable part is a flaw; the check continues with the next
/// one.
///
/// # Errors
/// When there is no data, or a setting is invalid.
pub fn run(data: &Path, declarations: &Declarations) -> Result<bool, StartError> {
    found(data, declarations).map(|findings| print_result(data, &findings))
}

/// Checks the data in this folder, and says which flaws can be repaired, and how. Repairs them when
/// `is_confirmed`, and checks the data again. Returns true when no flaw is left.
///
/// # Errors
/// When there is no data, a setting is invalid, or a repair fails.
pub fn repair(
    data: &Path,
    is_confirmed: bool,
    declarations: &Declarations,
) -> Result<bool, StartError> {
    if is_in_use(&data.join("journal")) {
        let reason = format!("{}: a server has it open; stop the server first", data.display());
        return Err(StartError::Store(reason));
    }
    let findings = found(data, declarations)?;
    let is_sound = print_result(data, &findings);
    let repairs = &findings.repairs;
    if is_sound {
        return Ok(true);
    }
    if repairs.is_empty() {
        say!("nothing can be repaired; a backup restores a damaged journal");
        return Ok(false);
    }
    say!("{}:", counted(repairs.len(), "repair"));
    print_first(repairs, "repair");
    if !is_confirmed {
        say!("nothing is changed: `repair --yes` carries them out");
        return Ok(false);
    }
    let settings = Settings { data: data.to_owned(), ..Settings::default() };
    Installation::repair(&settings, repairs)?;
    say!("repaired; the data is checked again");
    run(data, declarations)
}

/// Checks the data in this folder.
fn found(data: &Path, declarations: &Declarations) -> Result<Findings, StartError> {
    if !data.join("journal").is_dir() {
        return Err(StartError::Store(format!("{}: there is no journal here", data.display())));
    }
    let mut progress = Progress::begin();
    let mut progressing = |what: &str, done, total| progress.show(what, done, total);
    let settings = Settings { data: data.to_owned(), ..Settings::default() };
    let install = |installation: &mut Installation| declarations.install(installation);
    let audited = Installation::audit(settings, install, &mut progressing);
    let findings = match audited {
        Ok(findings) => findings,
        Err(StartError::Store(reason)) => without_journal(data, &reason),
        Err(error @ StartError::Settings(_)) => return Err(error),
    };
    progress.end();
    Ok(findings)
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

/// Prints the findings and the result; returns true when there is no flaw.
pub(crate) fn print_result(data: &Path, findings: &Findings) -> bool {
    print(findings);
    let (data, flaws) = (data.display(), findings.flaws.len());
    match flaws {
        0 if !findings.unchecked.is_empty() => say!("{data}: sound, as far as it was checked"),
        0 => say!("{data}: sound"),
        _ => say!("{data}: {}", counted(flaws, "flaw")),
    }
    flaws == 0
}

/// Prints the findings.
pub(crate) fn print(findings: &Findings) {
    let Findings { flaws, open, checked, unchecked, .. } = findings;
    for waiting in open {
        say!("{waiting}");
    }
    print_first(flaws, "flaw");
    say!("checked: {}", counted(checked.len(), "part"));
    if !unchecked.is_empty() {
        say!("not checked: {}", unchecked.join(", "));
    }
}
