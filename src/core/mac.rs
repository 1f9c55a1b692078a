//! MAC addresses: one form inside, every form that people and installers type outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 48-bit hardware address. Shown with colons in lower case, as in the names of kickstart files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac([u8; 6]);

/// Why a text is not the address of one network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacError {
    /// Not six bytes in hexadecimal.
    Form,
    /// All zeros, all ones, or a multicast address: no card has it.
    NotACard,
}

impl fmt::Display for MacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MacError::Form => "a MAC address such as b8:ca:3a:00:00:01",
            MacError::NotACard => {
                "the address of one network card (not zero, broadcast or multicast)"
            }
        })
    }
}

impl Mac {
    /// With hyphens, as `BOOTIF` wants it after its hardware type (pxelinux convention, dracut.cmdline(7)).
    pub fn hyphens(&self) -> String {
        self.to_string().replace(':', "-")
    }

    /// What a sleeping card waits for: six bytes of ones, then its address sixteen times (AMD's white paper "Magic Packet
    /// Technology", 1995).
    pub fn magic_packet(&self) -> Vec<u8> {
        [[0xff; 6].as_slice(), &self.0.repeat(16)].concat()
    }
}

impl FromStr for Mac {
    type Err = MacError;

    /// Takes `aa:bb:…`, `aa-bb-…` and `aabb…`, in either case.
    fn from_str(text: &str) -> Result<Self, MacError> {
        let bytes = text.as_bytes();
        let digits: Vec<u8> = match bytes.len() {
            12 => bytes.to_vec(),
            17 => {
                let separator = bytes[2];
                if !matches!(separator, b':' | b'-') {
                    return Err(MacError::Form);
                }
                let separated = (0..5).all(|index| bytes[index * 3 + 2] == separator);
                if !separated {
                    return Err(MacError::Form);
                }
                bytes
                    .chunks(3)
                    .flat_map(|pair| [pair[0], pair[1]])
                    .collect()
            }
            _ => return Err(MacError::Form),
        };
        let mut mac = [0; 6];
        for (byte, pair) in mac.iter_mut().zip(digits.chunks(2)) {
            let high = char::from(pair[0]).to_digit(16).ok_or(MacError::Form)?;
            let low = char::from(pair[1]).to_digit(16).ok_or(MacError::Form)?;
            *byte = (high * 16 + low) as u8;
        }
        // The lowest bit of the first byte marks a group address (IEEE 802); all ones has it too.
        if mac == [0; 6] || mac[0] & 1 == 1 {
            return Err(MacError::NotACard);
        }
        Ok(Mac(mac))
    }
}

impl TryFrom<String> for Mac {
    type Error = MacError;

    fn try_from(text: String) -> Result<Self, MacError> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> String {
        mac.to_string()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_is_the_same_address() {
        for text in ["b8:ca:3a:00:00:01", "B8-CA-3A-00-00-01", "b8ca3a000001"] {
            assert_eq!(
                text.parse::<Mac>().map(|mac| mac.to_string()),
                Ok("b8:ca:3a:00:00:01".to_owned())
            );
        }
    }

    #[test]
    fn what_no_card_has_is_refused() {
        for text in [
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(MacError::NotACard));
        }
        for text in [
            "",
            "b8:ca:3a:00:00",
            "b8:ca-3a:00:00:01",
            "zz:ca:3a:00:00:01",
            "b8:ca:3a:00:00:01\n",
            "é8:ca:3a:00:00:0",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(MacError::Form), "{text:?}");
        }
    }

    #[test]
    fn a_magic_packet_is_six_ones_and_the_address_sixteen_times() {
        let mac: Mac = "b8:ca:3a:00:00:01".parse().expect("valid");
        let packet = mac.magic_packet();
        assert_eq!(packet.len(), 102);
        assert_eq!(packet[..6], [0xff; 6]);
        for address in packet[6..].chunks(6) {
            assert_eq!(address, [0xb8, 0xca, 0x3a, 0, 0, 1]);
        }
    }

    #[test]
    fn bootif_takes_hyphens() {
        let mac: Mac = "b8:ca:3a:00:00:01".parse().expect("valid");
        assert_eq!(mac.hyphens(), "b8-ca-3a-00-00-01");
    }
}
