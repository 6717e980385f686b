//! The cryptography of tokens: a provider for the crate `jsonwebtoken` that uses `ring`.
//!
//! The two providers that come with the crate are not used. One needs cmake. The other has the
//! advisory RUSTSEC-2023-0071.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind, Result, new_error},
    signature::{Error as SignatureError, Signer, Verifier},
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{self as ring_signature, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};

/// Installs the provider for this process. Without one, the crate panics at the first token.
pub fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| signer(*algorithm, key),
        verifier_factory: |algorithm, key| verifier(*algorithm, key),
        // These functions are for keys that the crate turns into JWKs; this module turns none.
        key_utils: KeyUtils::new_unimplemented(),
    };
    // A second call changes nothing.
    let _ = PROVIDER.install_default();
}

/// A key that signs, with its algorithm.
struct RingSigner {
    algorithm: Algorithm,
    key: SigningKey,
}

enum SigningKey {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>, &'static dyn ring_signature::RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key that verifies, with its algorithm.
struct RingVerifier {
    algorithm: Algorithm,
    key: VerifyingKey,
}

enum VerifyingKey {
    Hmac(hmac::Key),
    RsaComponents(PublicKeyComponents<Vec<u8>>, &'static ring_signature::RsaParameters),
    Public(Vec<u8>, &'static dyn ring_signature::VerificationAlgorithm),
}

fn signer(algorithm: Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    let bytes = key.as_bytes();
    let unusable = |_| new_error(ErrorKind::InvalidKeyFormat);
    let key = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => {
            let parameters = match algorithm {
                Algorithm::ES256 => &ring_signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                _ => &ring_signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            };
            let pair = EcdsaKeyPair::from_pkcs8(parameters, bytes, &SystemRandom::new());
            SigningKey::Ec(pair.map_err(unusable)?)
        }
        Algorithm::EdDSA => {
            SigningKey::Ed(Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(unusable)?)
        }
        _ => {
            if let Some(hash) = hmac_algorithm(algorithm) {
                SigningKey::Hmac(hmac::Key::new(hash, bytes))
            } else {
                let encoding = rsa_encoding(algorithm).ok_or_else(unsupported)?;
                SigningKey::Rsa(Box::new(RsaKeyPair::from_der(bytes).map_err(unusable)?), encoding)
            }
        }
    };
    Ok(Box::new(RingSigner { algorithm, key }))
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    let key = match (key.kind(), hmac_algorithm(algorithm)) {
        (DecodingKeyKind::SecretOrDer(secret), Some(hash)) => {
            VerifyingKey::Hmac(hmac::Key::new(hash, secret))
        }
        (DecodingKeyKind::SecretOrDer(public), None) => {
            let parameters = public_algorithm(algorithm).ok_or_else(unsupported)?;
            VerifyingKey::Public(public.clone(), parameters)
        }
        (DecodingKeyKind::RsaModulusExponent { n, e }, _) => {
            let parameters = rsa_parameters(algorithm).ok_or_else(unsupported)?;
            let components = PublicKeyComponents { n: n.clone(), e: e.clone() };
            VerifyingKey::RsaComponents(components, parameters)
        }
    };
    Ok(Box::new(RingVerifier { algorithm, key }))
}

fn unsupported() -> Error {
    new_error(ErrorKind::UnsupportedAlgorithm)
}

fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn ring_signature::RsaEncoding> {
    Some(match algorithm {
        Algorithm::RS256 => &ring_signature::RSA_PKCS1_SHA256,
        Algorithm::RS384 => &ring_signature::RSA_PKCS1_SHA384,
        Algorithm::RS512 => &ring_signature::RSA_PKCS1_SHA512,
        Algorithm::PS256 => &ring_signature::RSA_PSS_SHA256,
        Algorithm::PS384 => &ring_signature::RSA_PSS_SHA384,
        Algorithm::PS512 => &ring_signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static ring_signature::RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn public_algorithm(
    algorithm: Algorithm,
) -> Option<&'static dyn ring_signature::VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => &ring_signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &ring_signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &ring_signature::ED25519,
        _ => rsa_parameters(algorithm)?,
    })
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        let random = SystemRandom::new();
        match &self.key {
            SigningKey::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            SigningKey::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            SigningKey::Ec(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SignatureError::new())?;
                Ok(signature.as_ref().to_vec())
            }
            SigningKey::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(*encoding, &random, message, &mut signature);
                signed.map_err(|_| SignatureError::new())?;
                Ok(signature)
            }
        }
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), SignatureError> {
        let verified = match &self.key {
            VerifyingKey::Hmac(key) => hmac::verify(key, message, signature),
            VerifyingKey::RsaComponents(components, parameters) => {
                components.verify(parameters, message, signature)
            }
            VerifyingKey::Public(public, algorithm) => {
                ring_signature::UnparsedPublicKey::new(*algorithm, public)
                    .verify(message, signature)
            }
        };
        verified.map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
