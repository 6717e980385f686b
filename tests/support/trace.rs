//! The output of strace: system calls with their begin and end, and the order of syncs and replies.

use std::collections::HashMap;

/// One system call that returned. Moments are line numbers.
#[derive(Debug)]
pub struct Call {
    pub began: usize,
    pub ended: usize,
    /// The name and the arguments, as far as they were known at the begin.
    pub text: String,
    /// The call did not return an error.
    pub succeeded: bool,
}

impl Call {
    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.text.strip_prefix(name).is_some_and(|at| at.starts_with('(')))
    }

    /// Whether its first argument is a file of the write-ahead log of the journal.
    fn is_on_journal(&self) -> bool {
        let file = self.text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        file.is_some_and(|(path, _)| {
            ["/journal/wal.0", "/journal/wal.1"].iter().any(|log| path.ends_with(log))
        })
    }

    fn writes_journal(&self) -> bool {
        self.is(&["write", "writev", "pwrite64", "pwritev"]) && self.is_on_journal()
    }

    pub fn syncs_journal(&self) -> bool {
        self.is(&["fsync", "fdatasync"]) && self.is_on_journal() && self.succeeded
    }

    fn replies_created(&self) -> bool {
        self.is(&["sendto", "sendmsg", "write", "writev"]) && self.text.contains("HTTP/1.1 201 ")
    }

    fn asks(&self) -> bool {
        self.is(&["recvfrom", "read"]) && self.text.contains("\"POST /")
    }
}

/// The calls in the output of `strace -f -y`, in the order in which they began.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut under_way: HashMap<&str, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (moment, line) in trace.lines().enumerate() {
        let Some((thread, line)) = line.split_once(' ') else { continue };
        let line = line.trim_start();
        if let Some(began) = line.strip_suffix("<unfinished ...>") {
            under_way.insert(thread, (moment, began.to_owned()));
        } else if line.starts_with("<... ") {
            let Some((began, text)) = under_way.remove(thread) else { continue };
            // Received bytes are only known when the call returns.
            calls.push(call(began, moment, format!("{text}{line}")));
        } else {
            calls.push(call(moment, moment, line.to_owned()));
        }
    }
    calls.sort_by_key(|call| call.began);
    calls
}

fn call(began: usize, ended: usize, text: String) -> Call {
    let succeeded = text.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-'));
    Call { began, ended, text, succeeded }
}

/// Checks each mark: its bytes were written to the journal, then a sync began and returned, then
/// the reply 201 with the mark left. A minimum of syncs lies between its request and its reply.
///
/// # Errors
/// The first mark that violates this order, and the missing step.
pub fn replies_follow_syncs(calls: &[Call], marks: &[(String, usize)]) -> Result<(), String> {
    for (mark, syncs_min) in marks {
        let missing = |what: &str| format!("{mark}: no {what}");
        let marked = |call: &&Call| call.text.contains(mark.as_str());
        let asked = calls.iter().filter(marked).find(|call| call.asks());
        let asked = asked.ok_or_else(|| missing("request"))?;
        let written = calls.iter().filter(marked).find(|call| call.writes_journal());
        let written = written.ok_or_else(|| missing("write to the journal"))?;
        let replied = calls.iter().filter(marked).find(|call| call.replies_created());
        let replied = replied.ok_or_else(|| missing("reply"))?;
        let syncs_after = |moment: usize| {
            let synced = calls.iter().filter(|call| call.syncs_journal());
            synced.filter(|sync| sync.began > moment && sync.ended < replied.began).count()
        };
        if syncs_after(written.ended) == 0 {
            return Err(missing("sync between its write and its reply"));
        }
        if syncs_after(asked.ended) < *syncs_min {
            return Err(format!("{mark}: less than {syncs_min} syncs before its reply"));
        }
    }
    Ok(())
}
