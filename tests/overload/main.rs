//! Too much is asked: whoever can be served is served, everybody else is told at once who is too
//! busy and when to come back, and nothing of what was refused is written.

mod admission;
mod client_limit;
mod desk;
mod journal_queue;
mod living;
mod site;
mod steps;
#[path = "../support/mod.rs"]
mod support;
