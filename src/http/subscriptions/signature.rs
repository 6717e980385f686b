//! Signatures of deliveries as the specification Standard Webhooks defines them:
//! <https://github.com/standard-webhooks/standard-webhooks>.

use crate::{actors::RequestError, random};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

/// The beginning of a secret as text.
const PREFIX: &str = "whsec_";

/// The shortest and the longest secret, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Reads a secret: `whsec_` and base64.
///
/// # Errors
/// A sentence that says what is wrong, without the secret.
pub fn read_secret(text: &str) -> Result<Vec<u8>, String> {
    let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
    let secret = STANDARD.decode(encoded).ok();
    let secret = secret.filter(|secret| SECRET_BYTES.contains(&secret.len()));
    let (shortest, longest) = SECRET_BYTES.into_inner();
    let reason =
        || format!("`secret` is not `{PREFIX}` and base64 of {shortest} to {longest} bytes");
    secret.ok_or_else(reason)
}

/// Makes a secret.
///
/// # Errors
/// When the system gives no random bytes.
pub fn new_secret() -> Result<Vec<u8>, RequestError> {
    random::secret::<32>().map(Vec::from).map_err(RequestError::Failed)
}

/// A secret as text.
pub fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature` for this message.
pub fn signature(secret: &[u8], id: &str, timestamp_s: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = format!("{id}.{timestamp_s}.{body}");
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_in_the_example_of_the_specification() {
        let secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_of_24_to_64_bytes() {
        let secret = new_secret().unwrap();
        assert_eq!(read_secret(&shown(&secret)), Ok(secret));
        for wrong in ["", "whsec_", "whsec_AAAA", "whsec_%%", &STANDARD.encode([0; 65])] {
            let reason = read_secret(wrong).unwrap_err();
            assert!(reason.contains("24 to 64 bytes"), "{reason}");
        }
    }
}
