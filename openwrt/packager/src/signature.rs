//! Keys and signatures of feeds: usign's for `Packages` (opkg), ECDSA on P-256 for `packages.adb` (apk).
//!
//! Layouts: usign's main.c (that of OpenBSD's signify); apk-tools' src/adb.c and crypto_openssl.c. Randomness is an argument.
//!
//! Not its job: files, and what is signed.

use std::fmt;

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{self, DerSignature};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sha2::{Digest, Sha512};

use crate::adb::{KEY_ID_SIZE, SHA512, Schema};

/// usign's word for Ed25519.
const ED25519: &[u8; 2] = b"Ed";
/// usign's word for how a password protects a key, in key files with and without one.
const BCRYPT: &[u8; 2] = b"BK";
/// What begins the first line of every file of usign; the rest of that line is for people.
const COMMENT: &str = "untrusted comment: ";
/// Version of apk's signatures.
const APK_SIGNATURE_VERSION: u8 = 0;

/// Random bytes that a key of usign is made of: seed, name, salt.
pub const USIGN_RANDOMNESS: usize = 32 + 8 + 16;
/// Random bytes that a key of apk is made of.
pub const APK_RANDOMNESS: usize = 32;

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadKey {
    /// Neither of the layouts.
    Malformed(String),
    /// It needs a password, which nobody could type here.
    Protected,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadKey::Malformed(why) => write!(f, "this is no key: {why}"),
            BadKey::Protected => write!(
                f,
                "the key has a password: take one without (kickstand-packager key)"
            ),
        }
    }
}

impl std::error::Error for BadKey {}

/// A secret key of usign.
#[derive(Debug, Clone)]
pub struct UsignKey {
    name: [u8; 8],
    salt: [u8; 16],
    key: SigningKey,
}

impl UsignKey {
    /// A new key.
    pub fn new(randomness: [u8; USIGN_RANDOMNESS]) -> Self {
        let (mut seed, mut name, mut salt) = ([0; 32], [0; 8], [0; 16]);
        seed.copy_from_slice(&randomness[..32]);
        name.copy_from_slice(&randomness[32..40]);
        salt.copy_from_slice(&randomness[40..]);
        UsignKey {
            name,
            salt,
            key: SigningKey::from_bytes(&seed),
        }
    }

    /// Reads a file of secrets.
    ///
    /// # Errors
    ///
    /// When it is another file, or one with a password.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let malformed = |why: &str| BadKey::Malformed(why.to_owned());
        let line = text.lines().nth(1).unwrap_or_default();
        let bytes = Base64::decode_vec(line.trim()).unwrap_or_default();
        let bytes: [u8; 104] = bytes
            .try_into()
            .map_err(|_| malformed("its second line is not what usign writes"))?;
        if bytes[..2] != ED25519[..] || bytes[2..4] != BCRYPT[..] {
            return Err(malformed("it is not of Ed25519"));
        }
        if bytes[4..8] != [0; 4] {
            return Err(BadKey::Protected);
        }
        if Sha512::digest(&bytes[40..])[..8] != bytes[24..32] {
            return Err(malformed("its checksum is wrong"));
        }
        let mut randomness = [0; USIGN_RANDOMNESS];
        randomness[..32].copy_from_slice(&bytes[40..72]);
        randomness[32..40].copy_from_slice(&bytes[32..40]);
        randomness[40..].copy_from_slice(&bytes[8..24]);
        Ok(UsignKey::new(randomness))
    }

    /// What the router knows the key by: the name of its file in /etc/opkg/keys.
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.name))
    }

    /// The file of secrets.
    pub fn secret_file(&self) -> String {
        let pair = self.key.to_keypair_bytes();
        let checksum = &Sha512::digest(pair)[..8];
        let rounds = [0; 4];
        self.file(
            "private key",
            &[
                ED25519, BCRYPT, &rounds, &self.salt, checksum, &self.name, &pair,
            ],
        )
    }

    /// The file for everybody.
    pub fn public_file(&self) -> String {
        let public = self.key.verifying_key().to_bytes();
        self.file("public key", &[ED25519, &self.name, &public])
    }

    /// The file beside what is signed.
    pub fn sign(&self, message: &[u8]) -> String {
        let signature = self.key.sign(message).to_bytes();
        self.file("signed by key", &[ED25519, &self.name, &signature])
    }

    fn file(&self, what: &str, parts: &[&[u8]]) -> String {
        let line = Base64::encode_string(&parts.concat());
        format!("{COMMENT}{what} {}\n{line}\n", self.fingerprint())
    }
}

/// Bytes to be put behind `Packages`: usign before August 2019 computes a wrong SHA-512 of messages of some lengths, and
/// OpenWrt's build avoids them. The message is hashed behind 64 bytes of key and signature.
pub fn usign_padding(length: usize) -> usize {
    match (64 + length) % 128 {
        110 | 111 => 2,
        _ => 0,
    }
}

/// A secret key of apk.
#[derive(Debug, Clone)]
pub struct ApkKey(SecretKey);

impl ApkKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// When the randomness is no number that a key can be: once in 2^32.
    pub fn new(randomness: [u8; APK_RANDOMNESS]) -> Result<Self, BadKey> {
        SecretKey::from_slice(&randomness)
            .map(ApkKey)
            .map_err(|error| BadKey::Malformed(error.to_string()))
    }

    /// Reads PEM: PKCS #8, or SEC 1 as `openssl ecparam` writes it.
    ///
    /// # Errors
    ///
    /// When it is something else, or on another curve.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        if text.contains("ENCRYPTED") {
            return Err(BadKey::Protected);
        }
        // What stands before the key is a comment.
        let begin = text.find("-----BEGIN").unwrap_or_default();
        let pem = &text[begin..];
        let key = SecretKey::from_pkcs8_pem(pem).or_else(|_| SecretKey::from_sec1_pem(pem));
        let malformed = |_| BadKey::Malformed("it is not PEM of a key on P-256".to_owned());
        key.map(ApkKey).map_err(malformed)
    }

    /// The file of secrets.
    ///
    /// # Errors
    ///
    /// When the key cannot be written down, which does not happen.
    pub fn secret_file(&self) -> Result<String, BadKey> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        let pem = pem.map_err(|error| BadKey::Malformed(error.to_string()))?;
        Ok(pem.to_string())
    }

    /// The file for everybody.
    ///
    /// # Errors
    ///
    /// When the key cannot be written down, which does not happen.
    pub fn public_file(&self) -> Result<String, BadKey> {
        let pem = self.0.public_key().to_public_key_pem(LineEnding::LF);
        pem.map_err(|error| BadKey::Malformed(error.to_string()))
    }

    /// What apk finds the key by: the beginning of the SHA-512 of its point, uncompressed.
    fn id(&self) -> [u8; KEY_ID_SIZE] {
        const COMPRESSED: bool = false;
        let point = self.0.public_key().to_sec1_point(COMPRESSED);
        let digest = Sha512::digest(point.as_bytes());
        let mut id = [0; KEY_ID_SIZE];
        id.copy_from_slice(&digest[..KEY_ID_SIZE]);
        id
    }

    /// The payload of a signature block for these values.
    ///
    /// # Errors
    ///
    /// When the curve refuses, which does not happen.
    pub fn sign(&self, schema: Schema, values: &[u8]) -> Result<Vec<u8>, BadKey> {
        let head = [&[APK_SIGNATURE_VERSION, SHA512], &self.id()[..]].concat();
        let digest = Sha512::new()
            .chain_update(schema.code())
            .chain_update(&head)
            .chain_update(Sha512::digest(values))
            .finalize();
        let signature: Result<ecdsa::Signature, _> =
            ecdsa::SigningKey::from(&self.0).sign_prehash(&digest);
        let signature = signature.map_err(|error| BadKey::Malformed(error.to_string()))?;
        let der: DerSignature = signature.to_der();
        Ok([&head, der.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usign() -> UsignKey {
        UsignKey::new(std::array::from_fn(|index| index as u8))
    }

    fn apk() -> ApkKey {
        ApkKey::new([7; APK_RANDOMNESS]).expect("a number below the curve's order")
    }

    #[test]
    fn a_key_of_usign_is_the_same_after_it_was_written_down() {
        let text = usign().secret_file();
        assert!(text.starts_with("untrusted comment: private key 2021222324252627\n"));
        let again = UsignKey::parse(&text).expect("a key");
        assert_eq!(again.secret_file(), text);
        assert_eq!(again.sign(b"message"), usign().sign(b"message"));
    }

    /// The key file with one of its bytes changed.
    fn changed(place: usize) -> String {
        let text = usign().secret_file();
        let line = text.lines().nth(1).expect("the key");
        let mut bytes = Base64::decode_vec(line).expect("base64");
        bytes[place] ^= 1;
        format!("{COMMENT}x\n{}\n", Base64::encode_string(&bytes))
    }

    #[test]
    fn what_is_no_key_of_usign_is_refused() {
        let (algorithm, protection, seed) = (changed(0), changed(2), changed(50));
        let public = usign().public_file();
        for text in ["", "one line", &public, &algorithm, &protection, &seed] {
            let refused = UsignKey::parse(text).map(drop);
            assert!(matches!(refused, Err(BadKey::Malformed(_))), "{text}");
        }
        let rounds = UsignKey::parse(&changed(7)).map(drop);
        assert_eq!(rounds, Err(BadKey::Protected));
    }

    #[test]
    fn lengths_that_old_usign_hashes_wrongly_are_avoided() {
        assert_eq!(usign_padding(46), 2);
        assert_eq!(usign_padding(47), 2);
        for length in 0..1024 {
            let padded = length + usign_padding(length);
            assert_eq!(usign_padding(padded), 0, "{length}");
        }
    }

    #[test]
    fn a_key_of_apk_is_the_same_after_it_was_written_down() {
        let text = apk().secret_file().expect("it can be written");
        let again = ApkKey::parse(&format!("untrusted comment: mine\n{text}")).expect("a key");
        assert_eq!(
            again.sign(Schema::Index, b"x"),
            apk().sign(Schema::Index, b"x")
        );
        assert!(ApkKey::parse(&apk().public_file().expect("it can be written")).is_err());
        assert!(ApkKey::parse("").is_err());
    }
}
