//! The server as a process whose output is read, and which may stop at a step of a take-over.

use crate::support::process::binary;
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

/// Longer than any step of a test; it only ends a test that fails.
pub const HANG: Duration = Duration::from_secs(60);

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments);
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

/// A process; killed on drop.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a server in this data folder, which stops at this step of a take-over.
    pub fn serve(data: &Path, arguments: &[&str], step: &str) -> Self {
        Self::serve_with(data, arguments, &[("TAKE_OVER_STOPS_AT", step)])
    }

    /// Starts a server with variables.
    pub fn serve_with(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(data, arguments);
        command.envs(variables.iter().copied());
        Self::of(command)
    }

    /// Starts a server that writes its log into this file.
    pub fn serve_logged(data: &Path, arguments: &[&str], log: &Path) -> Self {
        let mut command = command(data, arguments);
        command.env("RUST_LOG", "info").stderr(File::create(log).expect("a file"));
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
        let output = BufReader::new(child.stdout.take().expect("an output")).lines();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.map_while(Result::ok).for_each(|line| _ = sender.send(line));
        });
        Self { child, lines }
    }

    /// Waits for a line with this text; `None` when the output ends, or does not have it in time.
    pub fn line_with(&self, text: &str, within: Duration) -> Option<String> {
        while let Ok(line) = self.lines.recv_timeout(within) {
            if line.contains(text) {
                return Some(line);
            }
        }
        None
    }

    /// Waits until it serves; returns its address.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let line = self.line_with("madang serves at http://", HANG).expect("it serves");
        let (_, address) = line.split_once("http://").expect("an address");
        address.parse().expect("an address")
    }

    /// Waits until it stops at its step of a take-over.
    #[track_caller]
    pub fn stopped(&self) {
        assert!(self.line_with("the take-over stops at", HANG).is_some(), "it stops at a step");
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }

    /// Sends SIGTERM, and waits for the end.
    pub fn terminate(self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        self.ended()
    }

    /// Waits for the end.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("an end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
