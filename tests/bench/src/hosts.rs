//! Configurations of many hosts.

use std::fmt::Write;

/// MAC of host `number`.
pub fn card(number: u32) -> String {
    let [_, high, middle, low] = number.to_be_bytes();
    format!("52:54:00:{high:02x}:{middle:02x}:{low:02x}")
}

/// Section name of host `number`.
pub fn name(number: u32) -> String {
    format!("h{number}")
}

/// `/etc/config/kickstand` with so many hosts; their kernels come from the router.
pub fn config(count: u32) -> String {
    let mut text = "config kickstand 'main'\n\toption port 'PORT'\n
config profile 'almalinux9'\n\toption title 'AlmaLinux 9'\n\toption mirror 'http://mirror.example/9'
\toption kernel 'http://127.0.0.1:PORT/files/vmlinuz'\n\tlist initrd 'http://127.0.0.1:PORT/files/initrd.img'\n
config account 'admin'\n\toption ssh_key 'ssh-ed25519 AAAA admin'\n"
        .to_owned();
    for number in 0..count {
        let (name, card) = (name(number), card(number));
        let _ = write!(
            text,
            "\nconfig host '{name}'\n\tlist mac '{card}'\n\toption hostname '{name}.example'
\toption profile 'almalinux9'\n\toption disk '/dev/sda'\n\tlist var 'timezone=Europe/Zurich'\n"
        );
    }
    text
}
