//! A server on a mutated data folder, as a process with its exit code and last output.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Longer than any start takes.
const START_WITHIN: Duration = Duration::from_secs(60);

/// The outcome of a start.
pub enum Started {
    /// The server serves at this address.
    Serving(Process, String),
    /// The server ended with this exit code and this output on standard error.
    Ended(Option<i32>, String),
    /// The server neither serves nor ended.
    Hanging,
}

/// A running server; killed when dropped.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on this folder and waits until it serves or has ended.
pub fn start(data: &Path, arguments: &[&str]) -> Started {
    let binary = std::env::var_os("TESTED_MADANG");
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_madang").into());
    let mut child = Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(arguments)
        .env("RUST_LOG", "error,sled=off")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (sender, first) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("madang serves at ").map(str::to_owned));
        let _ = sender.send(url);
        lines.for_each(drop);
    });
    let words = thread::spawn(move || {
        let mut words = Vec::new();
        let _ = BufReader::new(stderr).read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    });
    let mut process = Process(child);
    match first.recv_timeout(START_WITHIN) {
        Ok(Some(url)) => Started::Serving(process, url),
        Ok(None) => {
            let code = process.0.wait().unwrap().code();
            Started::Ended(code, words.join().unwrap())
        }
        Err(_) => Started::Hanging,
    }
}
