//! Templates that come with kickstand. A file of the same name in `<www>/answers` takes the place of one.

/// Name and source.
pub const BUILTIN: [(&str, &str); 9] = [
    ("almalinux.ks", include_str!("builtin/almalinux.ks")),
    ("claim.ks", include_str!("builtin/claim.ks")),
    ("claim.preseed", include_str!("builtin/claim.preseed")),
    ("debian.preseed", include_str!("builtin/debian.preseed")),
    ("discover.ks", include_str!("builtin/discover.ks")),
    ("disk.ks", include_str!("builtin/disk.ks")),
    ("disks.sh", include_str!("builtin/disks.sh")),
    ("failed.sh", include_str!("builtin/failed.sh")),
    ("report.ks", include_str!("builtin/report.ks")),
];

/// The source of a built-in template.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN
        .iter()
        .find(|(found, _)| *found == name)
        .map(|(_, source)| *source)
}
