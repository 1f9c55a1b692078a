//! The SSH host key of an installation: made when a host is armed, delivered in its answer file, and known before the first login.
//!
//! Ed25519 (RFC 8032), as OpenSSH writes it (RFC 8709; PROTOCOL.key of OpenSSH). Not its job: randomness; 32 random bytes are an
//! argument. Who may have the private part: whoever may have the answer file.

use std::fmt;

use base64ct::{Base64, Encoding};
use ed25519_compact::{KeyPair, Seed};
use serde::{Deserialize, Serialize};

/// Bytes of randomness in a key.
pub const SEED_BYTES: usize = 32;
/// Bytes of a public key, the last of its blob.
const PUBLIC_BYTES: usize = 32;
/// OpenSSH's name of the algorithm.
const ALGORITHM: &str = "ssh-ed25519";
/// Characters of base64 in a line, as ssh-keygen writes it.
const LINE: usize = 70;
/// The private part is padded to a multiple of this, in bytes: the block size of the cipher "none".
const BLOCK: usize = 8;

/// A host's key. Its private part is forgotten when the installation is over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKey {
    /// In hexadecimal; empty when it is forgotten.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    seed: String,
    /// In base64.
    public: String,
}

impl HostKey {
    /// The key made of these random bytes.
    pub fn new(random: [u8; SEED_BYTES]) -> Self {
        let pair = KeyPair::from_seed(Seed::new(random));
        HostKey {
            seed: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            public: Base64::encode_string(&public_blob(pair.pk.as_ref())),
        }
    }

    /// `ssh-ed25519 AAAA…`
    pub fn public_line(&self) -> String {
        format!("{ALGORITHM} {}", self.public)
    }

    /// The lines of the private key's file; none when it is forgotten.
    pub fn private_lines(&self) -> Option<Vec<String>> {
        let seed = self.seed_bytes()?;
        // Not made of the seed again, which takes longer than all the rest of an answer file.
        let blob = Base64::decode_vec(&self.public).ok()?;
        let public = blob.get(blob.len().checked_sub(PUBLIC_BYTES)?..)?;
        let text = Base64::encode_string(&private_blob(&seed, public));
        let mut lines = vec!["-----BEGIN OPENSSH PRIVATE KEY-----".to_owned()];
        let body = text.as_bytes().chunks(LINE);
        lines.extend(body.map(|line| String::from_utf8_lossy(line).into_owned()));
        lines.push("-----END OPENSSH PRIVATE KEY-----".to_owned());
        Some(lines)
    }

    /// Whether the private part is there.
    pub fn is_private(&self) -> bool {
        !self.seed.is_empty()
    }

    /// Forgets the private part.
    pub fn forget(&mut self) {
        self.seed.clear();
    }

    fn seed_bytes(&self) -> Option<[u8; SEED_BYTES]> {
        let mut seed = [0; SEED_BYTES];
        for (index, byte) in seed.iter_mut().enumerate() {
            let digits = self.seed.get(index * 2..index * 2 + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(seed)
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({})", self.public)
    }
}

/// A string of RFC 4251, section 5: its length in four bytes, and its bytes.
fn string(bytes: &[u8], blob: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    blob.extend(length.to_be_bytes());
    blob.extend(bytes);
}

fn public_blob(public: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    string(ALGORITHM.as_bytes(), &mut blob);
    string(public, &mut blob);
    blob
}

/// PROTOCOL.key: without a passphrase, so cipher and key derivation are "none".
fn private_blob(seed: &[u8], public: &[u8]) -> Vec<u8> {
    let mut secret = Vec::new();
    // Twice the same number, by which a wrong passphrase would be found: any will do.
    let check = public.get(..4).unwrap_or(&[0; 4]);
    secret.extend([check, check].concat());
    string(ALGORITHM.as_bytes(), &mut secret);
    string(public, &mut secret);
    string(&[seed, public].concat(), &mut secret);
    string(b"", &mut secret);
    secret.extend((1..).take((BLOCK - secret.len() % BLOCK) % BLOCK));
    let mut blob = b"openssh-key-v1\0".to_vec();
    for word in [b"none".as_slice(), b"none", b""] {
        string(word, &mut blob);
    }
    blob.extend(1_u32.to_be_bytes());
    string(&public_blob(public), &mut blob);
    string(&secret, &mut blob);
    blob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_part_is_that_of_the_standard() {
        // RFC 8032, 7.1, test 1.
        let seed: Vec<u8> = (0..32)
            .map(|index| {
                let text = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
                u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).expect("hexadecimal")
            })
            .collect();
        let key = HostKey::new(seed.try_into().expect("32 bytes"));
        let public = Base64::decode_vec(&key.public).expect("base64");
        assert_eq!(public[..19], *b"\0\0\0\x0bssh-ed25519\0\0\0\x20");
        assert_eq!(public[19..23], [0xd7, 0x5a, 0x98, 0x01]);
    }

    #[test]
    fn what_is_forgotten_is_gone_and_debug_shows_no_secret() {
        let mut key = HostKey::new([0xab; SEED_BYTES]);
        assert!(!format!("{key:?}").contains("abab"));
        let public = key.public_line();
        assert!(key.private_lines().is_some());
        key.forget();
        assert_eq!(key.private_lines(), None);
        assert_eq!(key.public_line(), public);
    }
}
