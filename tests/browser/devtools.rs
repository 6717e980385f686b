//! A browser that is controlled by the protocol of its developer tools: it opens pages on a narrow
//! screen and evaluates expressions in them.

use super::chromium;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A browser with one open page; killed when dropped.
pub struct Devtools {
    child: Child,
    requests: ChildStdin,
    messages: BufReader<ChildStdout>,
    last: u64,
    session: Option<String>,
}

impl Devtools {
    /// Opens an empty page on a screen of this width.
    ///
    /// # Panics
    /// When the browser does not start.
    pub fn start(folder: &Path, width: u32) -> Self {
        let browser = chromium::headless(folder, &["--remote-debugging-pipe"]);
        // The browser reads requests from descriptor 3 and writes messages to descriptor 4.
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"]);
        shell.arg(browser.get_program()).args(browser.get_args()).env("HOME", folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn().expect("chromium starts");
        let requests = child.stdin.take().expect("is piped");
        let messages = BufReader::new(child.stdout.take().expect("is piped"));
        let mut devtools = Self { child, requests, messages, last: 0, session: None };
        let target = devtools.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let of = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = devtools.call("Target.attachToTarget", &of);
        devtools.session = attached["sessionId"].as_str().map(str::to_owned);
        devtools.call("Page.enable", &json!({}));
        let screen =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": true });
        devtools.call("Emulation.setDeviceMetricsOverride", &screen);
        devtools
    }

    /// Opens this page and waits until it is loaded.
    ///
    /// # Panics
    /// When the browser ends.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
        while self.message()["method"] != "Page.loadEventFired" {}
    }

    /// The value of an expression in the open page.
    ///
    /// # Panics
    /// When the browser ends, or the expression throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let wanted = json!({ "expression": expression, "returnByValue": true });
        let evaluated = self.call("Runtime.evaluate", &wanted);
        assert_eq!(evaluated["exceptionDetails"], Value::Null, "{expression}");
        evaluated["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut request = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        write!(self.requests, "{request}\0").expect("chromium reads");
        loop {
            let mut message = self.message();
            if message["id"] == self.last {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].take();
            }
        }
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.messages.read_until(0, &mut bytes).expect("chromium writes");
        let json = bytes.strip_suffix(&[0]).expect("chromium runs");
        serde_json::from_slice(json).expect("a message")
    }
}

impl Drop for Devtools {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
