//! Releases whose kickstarts are known, how people call them, and guessing one from a mirror's URL.

use std::fmt;

/// A release, as pykickstart calls it. The order is that of `grammar/commands.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// RHEL, AlmaLinux, Rocky Linux, CentOS 8.
    Rhel8,
    /// RHEL, AlmaLinux, Rocky Linux, CentOS Stream 9.
    Rhel9,
    /// RHEL, AlmaLinux, Rocky Linux, CentOS Stream 10.
    Rhel10,
    /// Fedora 43.
    Fedora43,
    /// Fedora 44.
    Fedora44,
    /// Fedora 45.
    Fedora45,
    /// Fedora 46.
    Fedora46,
}

/// All of them, in order.
pub const RELEASES: [Release; 7] = [
    Release::Rhel8,
    Release::Rhel9,
    Release::Rhel10,
    Release::Fedora43,
    Release::Fedora44,
    Release::Fedora45,
    Release::Fedora46,
];

/// What is taken when nothing says which: the release of kickstand's first profile and of most servers.
pub const DEFAULT: Release = Release::Rhel9;

/// How people call what installs as RHEL does; longer names before those they begin with.
const REBUILDS: [&str; 14] = [
    "rhel",
    "redhat",
    "almalinux",
    "alma",
    "rockylinux",
    "rocky",
    "centosstream",
    "centos",
    "oraclelinux",
    "oracle",
    "ol",
    "eurolinux",
    "epel",
    "el",
];

impl Release {
    /// pykickstart's name, such as `RHEL9`.
    pub fn name(self) -> &'static str {
        match self {
            Release::Rhel8 => "RHEL8",
            Release::Rhel9 => "RHEL9",
            Release::Rhel10 => "RHEL10",
            Release::Fedora43 => "F43",
            Release::Fedora44 => "F44",
            Release::Fedora45 => "F45",
            Release::Fedora46 => "F46",
        }
    }

    /// Whether it is of the RHEL family.
    pub fn is_rhel(self) -> bool {
        self <= Release::Rhel10
    }

    /// The word that somebody typed: `rhel9`, `AlmaLinux-9.4`, `Rocky 10`, `el8`, `F43`, `fedora43`.
    pub fn parse(word: &str) -> Option<Release> {
        let plain = |c: &char| !matches!(c, '-' | '_' | ' ');
        let word: String = word.to_ascii_lowercase().chars().filter(plain).collect();
        let digits = word.find(|c: char| c.is_ascii_digit())?;
        let (name, number) = word.split_at(digits);
        let major = number.split('.').next().unwrap_or_default();
        match name {
            "f" | "fedora" => fedora(major),
            name if REBUILDS.contains(&name) => rhel(major),
            _ => None,
        }
    }

    /// What a mirror's URL or a title speaks of: `http://repo.almalinux.org/almalinux/9/…`, `AlmaLinux 9`.
    pub fn guess(text: &str) -> Option<Release> {
        let text = text.to_ascii_lowercase();
        let mut parts = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|part| !part.is_empty())
            .peekable();
        let mut fedora_named = false;
        while let Some(part) = parts.next() {
            if let Some(release) = Release::parse(part) {
                return Some(release);
            }
            fedora_named |= part == "fedora";
            if fedora_named && let Some(release) = fedora(part) {
                return Some(release);
            }
            // mirror.stream.centos.org/9-stream/
            if parts.peek() == Some(&"stream")
                && let Some(release) = rhel(part)
            {
                return Some(release);
            }
            // The name and the number may be apart: /rocky/9/, /centos-stream/9-stream/.
            if REBUILDS.contains(&part) || part == "stream" {
                while parts
                    .next_if(|next| matches!(*next, "linux" | "stream" | "dist"))
                    .is_some()
                {}
                if let Some(release) = parts.peek().and_then(|next| rhel(next)) {
                    return Some(release);
                }
            }
        }
        None
    }
}

fn rhel(number: &str) -> Option<Release> {
    match number {
        "8" => Some(Release::Rhel8),
        "9" => Some(Release::Rhel9),
        "10" => Some(Release::Rhel10),
        _ => None,
    }
}

fn fedora(number: &str) -> Option<Release> {
    match number {
        "43" => Some(Release::Fedora43),
        "44" => Some(Release::Fedora44),
        "45" => Some(Release::Fedora45),
        "46" => Some(Release::Fedora46),
        _ => None,
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_call_releases_as_they_like() {
        for word in [
            "RHEL9",
            "rhel-9",
            "AlmaLinux9",
            "alma 9.4",
            "Rocky9",
            "rockylinux-9",
            "el9",
            "CentOS-Stream-9",
        ] {
            assert_eq!(Release::parse(word), Some(Release::Rhel9), "{word}");
        }
        assert_eq!(Release::parse("F43"), Some(Release::Fedora43));
        assert_eq!(Release::parse("fedora44"), Some(Release::Fedora44));
        for word in ["RHEL7", "rhel", "9", "f12", "debian12", "", "é9"] {
            assert_eq!(Release::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_mirror_tells_its_release() {
        for (text, release) in [
            ("http://repo.almalinux.org/almalinux/9", Release::Rhel9),
            (
                "http://mirror.fcix.net/almalinux/10.1/BaseOS/x86_64/os/",
                Release::Rhel10,
            ),
            ("https://dl.rockylinux.org/pub/rocky/8/", Release::Rhel8),
            (
                "https://mirror.stream.centos.org/9-stream/BaseOS/",
                Release::Rhel9,
            ),
            ("http://10.0.0.1/rhel9/", Release::Rhel9),
            (
                "https://download.fedoraproject.org/pub/fedora/linux/releases/43/Everything/x86_64/os/",
                Release::Fedora43,
            ),
            ("AlmaLinux 9", Release::Rhel9),
            ("Rocky Linux 10", Release::Rhel10),
        ] {
            assert_eq!(Release::guess(text), Some(release), "{text}");
        }
        for text in [
            "http://10.0.0.1/os/9/",
            "http://mirror.example.org/debian",
            "",
            "my el server",
        ] {
            assert_eq!(Release::guess(text), None, "{text}");
        }
    }
}
