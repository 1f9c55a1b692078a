//! Keys and signatures of feeds: usign's for opkg, an elliptic curve's for apk.
//!
//! usign's format is that of signify(1): a line of comment, and base64 of `Ed`, eight bytes that name the key, and what is to be
//! said. apk's is what its `src/adb.c` checks: ECDSA over SHA-512 of the schema, the signature's head, and the SHA-512 of the values.
//! Not its job: where keys are kept.

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sha2::{Digest, Sha512};

use kickstand_lab::process::{Context, Failure, Result};

use super::apk::hex;

/// Mark of the signature's algorithm, and of how the secret key is protected: by nothing.
const ALGORITHM: &[u8] = b"Ed";
const UNPROTECTED: &[u8] = b"BK";
/// Bytes of a key's name.
const NAME: usize = 8;
/// Bytes before the name in a secret key: marks, rounds (4), salt (16), checksum (8).
const SECRET_HEAD: usize = 2 + 2 + 4 + 16 + 8;
/// Bytes of an ed25519 seed; usign keeps the public key after it.
const SEED: usize = 32;

/// A key for opkg's feeds.
#[derive(Debug, Clone)]
pub struct UsignKey {
    name: [u8; NAME],
    key: SigningKey,
}

impl UsignKey {
    /// A key of random bytes.
    ///
    /// # Errors
    ///
    /// When the kernel gives none.
    pub fn fresh() -> Result<Self> {
        let mut seed = [0; SEED];
        let mut name = [0; NAME];
        getrandom::fill(&mut seed).context("get random bytes")?;
        getrandom::fill(&mut name).context("get random bytes")?;
        Ok(UsignKey {
            name,
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// Reads a secret key as `usign -G` writes it.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Failure::new("this is no secret key of usign");
        let line = text.lines().nth(1).ok_or_else(wrong)?;
        let bytes = Base64::decode_vec(line.trim()).map_err(|_| wrong())?;
        if !bytes.starts_with(ALGORITHM) || bytes.len() != SECRET_HEAD + NAME + 2 * SEED {
            return Err(wrong());
        }
        let (mut name, mut seed) = ([0; NAME], [0; SEED]);
        name.copy_from_slice(&bytes[SECRET_HEAD..SECRET_HEAD + NAME]);
        seed.copy_from_slice(&bytes[SECRET_HEAD + NAME..SECRET_HEAD + NAME + SEED]);
        Ok(UsignKey {
            name,
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// The secret key, as a file.
    pub fn secret(&self) -> String {
        let (seed, public) = (self.key.to_bytes(), self.key.verifying_key().to_bytes());
        let whole = [seed, public].concat();
        let checksum = &Sha512::digest(&whole)[..8];
        let bytes = [
            ALGORITHM,
            UNPROTECTED,
            &[0; 4],
            &[0; 16],
            checksum,
            &self.name,
            &whole,
        ]
        .concat();
        format!(
            "untrusted comment: private key {}\n{}\n",
            self.fingerprint(),
            Base64::encode_string(&bytes)
        )
    }

    /// The public key, as a file.
    pub fn public(&self) -> String {
        let bytes = [ALGORITHM, &self.name, &self.key.verifying_key().to_bytes()].concat();
        format!(
            "untrusted comment: public key {}\n{}\n",
            self.fingerprint(),
            Base64::encode_string(&bytes)
        )
    }

    /// Name of the public key's file in `/etc/opkg/keys`.
    pub fn fingerprint(&self) -> String {
        hex(&self.name)
    }

    /// A signature, as a file.
    pub fn sign(&self, text: &[u8]) -> String {
        let signature = self.key.sign(text).to_bytes();
        let bytes = [ALGORITHM, &self.name, &signature].concat();
        format!(
            "untrusted comment: signed by key {}\n{}\n",
            self.fingerprint(),
            Base64::encode_string(&bytes)
        )
    }
}

/// A key for apk's indexes, on the curve that OpenWrt uses (prime256v1).
#[derive(Debug, Clone)]
pub struct ApkKey(p256::SecretKey);

impl ApkKey {
    /// A key of random bytes.
    ///
    /// # Errors
    ///
    /// When the kernel gives none.
    pub fn fresh() -> Result<Self> {
        loop {
            let mut bytes = [0; SEED];
            getrandom::fill(&mut bytes).context("get random bytes")?;
            // One in 2^32 is no number below the curve's order.
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                return Ok(ApkKey(key));
            }
        }
    }

    /// Reads PEM (PKCS #8).
    ///
    /// # Errors
    ///
    /// When it is none, or of another curve.
    pub fn parse(pem: &str) -> Result<Self> {
        p256::SecretKey::from_pkcs8_pem(pem)
            .map(ApkKey)
            .context("read a private key on prime256v1 in PEM (PKCS #8)")
    }

    /// The secret key in PEM.
    ///
    /// # Errors
    ///
    /// Those of the encoding.
    pub fn secret(&self) -> Result<String> {
        let pem = self
            .0
            .to_pkcs8_pem(LineEnding::LF)
            .context("write the key")?;
        Ok(pem.to_string())
    }

    /// The public key in PEM, for `/etc/apk/keys`.
    ///
    /// # Errors
    ///
    /// Those of the encoding.
    pub fn public(&self) -> Result<String> {
        self.0
            .public_key()
            .to_public_key_pem(LineEnding::LF)
            .context("write the key")
    }

    /// Payload of a signature block: version 0, SHA-512 (4), the begin of the public key's SHA-512, the signature in DER.
    ///
    /// # Errors
    ///
    /// Those of the signing.
    pub fn sign(&self, schema: u32, values: &[u8]) -> Result<Vec<u8>> {
        let point = self.0.public_key().to_sec1_bytes();
        let mut head = vec![0, 4];
        head.extend_from_slice(&Sha512::digest(&point)[..16]);
        let said = [
            schema.to_le_bytes().as_slice(),
            &head,
            &Sha512::digest(values),
        ]
        .concat();
        let key = p256::ecdsa::SigningKey::from(&self.0);
        let signature: p256::ecdsa::Signature =
            key.sign_prehash(&Sha512::digest(said)).context("sign")?;
        head.extend_from_slice(signature.to_der().as_bytes());
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_written_is_read_again() {
        let key = UsignKey::fresh().expect("random bytes");
        let read = UsignKey::parse(&key.secret()).expect("it was just written");
        assert_eq!(
            (read.public(), read.sign(b"x")),
            (key.public(), key.sign(b"x"))
        );
        assert!(UsignKey::parse(&key.public()).is_err());
        let key = ApkKey::fresh().expect("random bytes");
        let pem = key.secret().expect("it can be written");
        let read = ApkKey::parse(&pem).expect("it was just written");
        assert_eq!(read.public().ok(), key.public().ok());
        assert!(ApkKey::parse("-----BEGIN").is_err());
    }
}
