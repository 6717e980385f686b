//! Completions and man pages, made from the declaration of the command line.

use clap::Command;
use clap_complete::Shell;
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Prints the completions of this command line for a shell.
///
/// # Errors
/// When the output cannot be written. A closed pipe is not an error.
pub fn print_completions(
    mut command: Command,
    shell: Shell,
    out: &mut impl Write,
) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    // The generator panics on an error of its output, so it writes into memory.
    clap_complete::generate(shell, &mut command, name, &mut script);
    match out.write_all(&script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes a man page for the program and for each of its commands into this folder.
///
/// # Errors
/// When the folder or a page cannot be written; the error names the folder.
pub fn write_man_pages(command: Command, folder: &Path) -> io::Result<()> {
    let written = fs::create_dir_all(folder).and_then(|()| {
        // The pages of the help commands would repeat those of the commands.
        clap_mangen::generate_to(command.disable_help_subcommand(true), folder)
    });
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    written.map_err(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Program, cli::Cli};
    use clap::ValueEnum as _;

    fn declared() -> Command {
        let program = Program { name: "bakery", version: "1.2.3", about: "Sells bread." };
        Cli::declared_for(program)
    }

    #[test]
    fn the_completions_of_every_shell_name_each_command() {
        let commands: Vec<_> =
            declared().get_subcommands().map(|it| it.get_name().to_owned()).collect();
        assert!(commands.iter().any(|name| name == "serve"), "{commands:?}");
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            print_completions(declared(), *shell, &mut script).unwrap();
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("bakery") && script.contains("accept-loss"), "{shell}");
            let missing = commands.iter().find(|name| !script.contains(name.as_str()));
            assert_eq!(missing, None, "{shell}");
        }
    }

    #[test]
    fn there_is_a_man_page_for_the_program_and_for_each_command() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man1");
        write_man_pages(declared(), &pages).unwrap();
        let page = |name: &str| fs::read_to_string(pages.join(name)).unwrap();
        let first = page("bakery.1");
        assert!(first.contains("1.2.3") && first.contains("Sells bread."), "{first}");
        for command in declared().get_subcommands() {
            page(&format!("bakery-{}.1", command.get_name()));
        }
        assert!(page("bakery-serve.1").contains("accept"));
        assert!(!pages.join("bakery-help.1").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write_man_pages(declared(), &file).unwrap_err().to_string();
        assert!(error.contains("file: "), "{error}");
    }
}
