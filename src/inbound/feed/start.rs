//! Where a reader of events starts.

use crate::{
    actors::{Runtime, Start},
    inbound::{escape::short, position_token::PositionToken, problem::Problem},
};

/// The start in a text: `beginning`, `now`, or a token.
///
/// # Errors
/// When the text is none of these.
pub fn start(name: &str, text: &str) -> Result<Start, Problem> {
    match text {
        "beginning" => Ok(Start::Beginning),
        "now" => Ok(Start::Now),
        token => Ok(Start::After(position(name, token)?)),
    }
}

/// The position in a token.
///
/// # Errors
/// When the text is no token of this server.
pub fn position(name: &str, text: &str) -> Result<u64, Problem> {
    let token = text.parse::<PositionToken>().map_err(|_| {
        let text = short(text);
        Problem::bad_query(format!("`{name}` is `{text}`, not a position from this server"))
    })?;
    Ok(token.0)
}

/// Checks that the journal has reached a position.
///
/// # Errors
/// When it has not.
pub fn check_reached(position: u64, runtime: &Runtime) -> Result<(), Problem> {
    if position > runtime.durable() {
        return Err(Problem::bad_query("the journal has not reached this position"));
    }
    Ok(())
}
