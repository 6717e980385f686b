//! The real binary as a process, on a port of its own.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Mutex,
        mpsc::{self, Receiver},
    },
};

/// A running server; killed on drop.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// The lines that the server prints after its address.
    further: Mutex<Receiver<String>>,
}

/// A server that may not listen yet; killed on drop.
pub struct Launched(Child);

impl Launched {
    /// Sends SIGKILL, and waits until the process is gone.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts the server and waits until it reports its address.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start(data: &Path, config: Option<&Path>) -> Self {
        Self::spawn(Command::new(binary()), data, config)
    }

    /// Starts the server under another program, such as a tracer.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_under(wrapper: Command, data: &Path) -> Self {
        Self::start_under_with(wrapper, data, None)
    }

    /// Starts the server under another program, with a file of settings.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_under_with(mut wrapper: Command, data: &Path, config: Option<&Path>) -> Self {
        wrapper.arg(binary());
        Self::spawn(wrapper, data, config)
    }

    /// Starts the server under a program that has its own input, which it passes to the server.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_passing(mut wrapper: Command, data: &Path) -> Self {
        wrapper.arg(binary()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        Self::wait_for(wrapper)
    }

    /// Starts the server with further arguments.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let mut command = serving(Command::new(binary()), data, None);
        command.args(arguments);
        Self::wait_for(command)
    }

    /// Starts the simulated outside services on a free port instead.
    ///
    /// # Panics
    /// When they do not start.
    pub fn sandbox(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(["sandbox", "--listen", "127.0.0.1:0"]).args(arguments).stdin(Stdio::null());
        Self::wait_for(command)
    }

    /// Starts the server without waiting.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn launch(data: &Path, config: Option<&Path>) -> Launched {
        let command = Command::new(binary());
        Launched(serving(command, data, config).stdout(Stdio::null()).spawn().unwrap())
    }

    fn spawn(command: Command, data: &Path, config: Option<&Path>) -> Self {
        Self::wait_for(serving(command, data, config))
    }

    fn wait_for(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| address_in(&line));
        // The rest of the output must not fill the pipe.
        let (sender, further) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| _ = sender.send(line));
        });
        let address = address.expect("the server reports its address");
        Self { child, address, further: Mutex::new(further) }
    }

    /// The address of its gRPC service.
    ///
    /// # Panics
    /// When the server does not report one.
    pub fn grpc(&self) -> SocketAddr {
        let line = self.further.lock().unwrap().iter().find(|line| line.starts_with("gRPC at "));
        line.and_then(|line| address_in(&line)).expect("the address of gRPC")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL, and waits until the process is gone.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, and waits until the process has stopped by itself.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(mut self) -> ExitStatus {
        terminate(self.child.id());
        self.child.wait().unwrap()
    }

    /// Sends SIGTERM to the server under a wrapper, and waits until both have stopped.
    ///
    /// # Panics
    /// When the wrapper has no child, or the signal cannot be sent.
    pub fn terminate_child(mut self) -> ExitStatus {
        terminate(self.wrapped().expect("a server under a wrapper"));
        self.child.wait().unwrap()
    }
}

impl Server {
    /// The process under the wrapper, if there is one.
    pub fn wrapped(&self) -> Option<u32> {
        let wrapper = self.child.id();
        let path = format!("/proc/{wrapper}/task/{wrapper}/children");
        std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A tracer that is killed releases the traced process.
        if let Some(wrapped) = self.wrapped() {
            let _ = Command::new("kill").args(["-KILL", &wrapped.to_string()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary that cargo built for this test, or the one of `TESTED_MADANG`. (The server would
/// read a variable that begins with `MADANG_` as a setting.)
pub fn binary() -> OsString {
    std::env::var_os("TESTED_MADANG").unwrap_or_else(|| env!("CARGO_BIN_EXE_madang").into())
}

/// The output of `madang verify` for a data folder.
///
/// # Panics
/// When the program cannot be run.
pub fn verify(data: &Path) -> Output {
    let mut command = Command::new(binary());
    command.args(["verify", "--data"]).arg(data).output().unwrap()
}

/// # Panics
/// When `madang verify` finds a flaw.
#[track_caller]
pub fn assert_verified(data: &Path) {
    let Output { status, stdout, stderr } = verify(data);
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "verify: {status}\n{stdout}\n{stderr}");
}

fn terminate(process: u32) {
    let id = process.to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

fn serving(mut command: Command, data: &Path, config: Option<&Path>) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    // Messages of lower levels would hide the output of the test.
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let start = line.find("127.0.0.1:")?;
    let end = line[start..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    line[start..end.map_or(line.len(), |end| start + end)].parse().ok()
}
