//! Catches panics of domain code.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs domain code; a panic becomes its message.
pub fn catch_panic<T>(domain_code: impl FnOnce() -> T) -> Result<T, String> {
    let (mut domain_code, mut result) = (Some(domain_code), None);
    run_caught(&mut || result = domain_code.take().map(|code| code()))?;
    Ok(result.expect("code that does not panic has a result"))
}

/// Runs code behind one type, so that this part is compiled once for more than 400 callers.
fn run_caught(code: &mut dyn FnMut()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(code))
        .map_err(|panic| format!("panicked: {}", panic_message(&*panic)))
}

/// The message of a panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(
            catch_panic(|| panic!("no taxi {}", 7)),
            Err::<(), _>("panicked: no taxi 7".into())
        );
    }
}
