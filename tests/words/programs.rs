//! The programs that submit the commands, and their output.

use serde_json::{Map, Value};
use std::{
    cell::RefCell,
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Sends a method, a URL and a body (a JSON object, or empty) to a server.
pub type Program = fn(&str, &str, &str) -> Heard;

/// The output of a program: the status, the head (in lower case) and the body of an HTTP answer.
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Whether a program can be run.
///
/// # Panics
/// In CI, when the program cannot be run.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(found || env::var_os("CI").is_none(), "{program} is required in CI");
    if !found {
        println!("{program} is not installed: its tests are skipped");
    }
    found
}

/// Sends the request by curl, with the body unchanged.
pub fn curl(method: &str, url: &str, body: &str) -> Heard {
    let mut command = Command::new("curl");
    command.args(["-s", "-i", "-X", method, url]);
    if !body.is_empty() {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    heard(&String::from_utf8_lossy(&command.output().expect("curl runs").stdout))
}

/// Sends the request by `HTTPie` in the form `field=value`, so that numbers are sent as text.
pub fn httpie(method: &str, url: &str, body: &str) -> Heard {
    let fields: Map<String, Value> =
        if body.is_empty() { Map::new() } else { serde_json::from_str(body).expect("an object") };
    let fields = fields.into_iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Number(number) => format!("{name}={number}"),
        other => format!("{name}:={other}"),
    });
    let given = ["--ignore-stdin", "--print=hb", "--pretty=none", method, url];
    let arguments: Vec<_> = given.map(str::to_owned).into_iter().chain(fields).collect();
    HTTPIE
        .with_borrow_mut(|httpie| heard(&httpie.get_or_insert_with(HttPie::start).run(&arguments)))
}

thread_local! {
    static HTTPIE: RefCell<Option<HttPie>> = const { RefCell::new(None) };
}

/// A process that has loaded `HTTPie`, for all requests of one thread. It ends when its input ends.
struct HttPie {
    process: Child,
    /// Taken at the end, so that the process ends.
    arguments: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl HttPie {
    fn start() -> Self {
        let mut process = Command::new(interpreter())
            .args(["-c", include_str!("httpie.py")])
            // The configuration of the user must not change the result.
            .env("HTTPIE_CONFIG_DIR", env::temp_dir().join("no-such-configuration"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("http runs");
        let arguments = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("is piped"));
        Self { process, arguments, output }
    }

    fn run(&mut self, arguments: &[String]) -> String {
        let line = serde_json::to_string(arguments).expect("texts");
        let arguments = self.arguments.as_mut().expect("is piped");
        writeln!(arguments, "{line}").expect("http reads");
        let mut printed = String::new();
        self.output.read_line(&mut printed).expect("http answers");
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("http printed {printed:?}"))
    }
}

impl Drop for HttPie {
    fn drop(&mut self) {
        drop(self.arguments.take());
        let _ = self.process.wait();
    }
}

/// The Python interpreter in the first line of the program `http`.
fn interpreter() -> String {
    let path = env::var_os("PATH").expect("a path");
    let http =
        env::split_paths(&path).map(|folder| folder.join("http")).find(|http| http.is_file());
    let script = fs::read_to_string(http.expect("is installed")).expect("http is a script");
    let first = script.lines().next().and_then(|line| line.strip_prefix("#!"));
    first.expect("http names its interpreter").trim().to_owned()
}

#[track_caller]
fn heard(text: &str) -> Heard {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer: {text:?}"));
    Heard { status, head: format!("{}\n", head.to_lowercase()), body: body.to_owned() }
}
