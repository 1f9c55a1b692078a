//! iPXE scripts: what each decision reads like on the wire.
//!
//! The scripts keep to commands that iPXE has had since 2012, so that the builds of distributions understand them: no
//! `params`, no `poweroff` that must work, no HTTPS. iPXE splits a line at white space, knows no quotes, and treats words
//! that are `&&`, `||`, `;` or begin with `#` as its own (iPXE, `core/exec.c`).
//!
//! A machine's own text (serial number, product) stands in no script: it travels in the query only, encoded by iPXE.
//!
//! Not its job: deciding (`decision`).

use super::answer::{Context, RenderError, Router, render_option};
use super::machine::{Machine, Platform, clean_to};
use super::settings::{AnswerKind, Leave, Profile};

/// Longest kernel command line, in bytes: x86's COMMAND_LINE_SIZE less its closing zero. What is longer is cut silently,
/// and what is cut off may be `inst.ks`.
const COMMAND_LINE: usize = 2047;

/// Room that the words need which iPXE fills in itself: `ip=`, `nameserver=` with the longest addresses.
const ADDRESSES: usize = 110;

/// Seconds between two questions of a machine that must wait: soon enough after an adoption, and 200 waiting machines are
/// 20 questions a second.
const WAIT: u32 = 10;

/// Seconds between two tries after a fault.
const RETRY: u32 = 3;

/// Tries before a machine is given back to its firmware: five minutes, for switches whose port takes 50 s to open.
const TRIES: u32 = 100;

/// Names of the loaders that look for an installed system, in the folder of the boot files.
pub fn disk_loader(machine: &Machine) -> &'static str {
    match machine.architecture {
        super::machine::Architecture::Aarch64 => "localboot-arm64.efi",
        _ => "localboot.efi",
    }
}

/// First script: waits for the network, then asks what to boot and tells the machine's facts.
pub fn first(router: Router) -> String {
    let base = router.url();
    format!(
        "#!ipxe
# kickstand: the first script. Brings the network up and asks what to boot.
cpuid --ext 29 && set cpu x86_64 || set cpu i386
set try:int32 0
:ask
inc try
isset ${{netX/ip}} || dhcp || goto later
chain --autofree --replace {base}/v1/boot?mac=${{netX/mac}}&uuid=${{uuid}}&serial=${{serial:uristring}}\
&manufacturer=${{manufacturer:uristring}}&product=${{product:uristring}}&platform=${{platform}}\
&buildarch=${{buildarch}}&cpu=${{cpu}}&try=${{try}} || goto later
:later
iseq ${{try}} {TRIES} && goto give_up ||
echo kickstand: no answer from {base} (try ${{try}} of {TRIES}), trying again in {RETRY} seconds
sleep {RETRY}
goto ask
:give_up
echo kickstand: giving up, back to the firmware
exit 1
"
    )
}

/// Second line of an `autoexec.ipxe` that kickstand keeps; without it a script is the user's.
pub const AUTOEXEC_MARK: &str =
    "# Written by kickstand apply. To keep changes of your own, delete this line.";

/// What lies beside the boot file as `autoexec.ipxe`, for builds of iPXE that look for it: they have no lease yet.
pub fn autoexec(router: Router) -> String {
    let base = router.url();
    format!(
        "#!ipxe
{AUTOEXEC_MARK}
set try:int32 0
:again
inc try
isset ${{netX/ip}} || dhcp || goto later
chain --autofree --replace {base}/boot.ipxe || goto later
:later
iseq ${{try}} {TRIES} && exit 1 ||
sleep {RETRY}
goto again
"
    )
}

/// What an installation boots, rendered and checked before anything is counted or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installer {
    kernel: String,
    initrd: Vec<String>,
    /// Kernel arguments that are known before the machine has its address.
    arguments: Vec<String>,
    title: String,
}

impl Installer {
    /// Renders a profile's URLs and arguments for one host.
    pub fn new(
        profile: &Profile,
        machine: &Machine,
        router: Router,
        syslog_port: u16,
        token: &str,
        context: &Context,
    ) -> Result<Self, RenderError> {
        let kernel = word(
            "kernel",
            &render_option("option kernel", &profile.kernel, context)?,
        )?;
        let mut initrd = Vec::new();
        for source in &profile.initrd {
            initrd.push(word(
                "initrd",
                &render_option("list initrd", source, context)?,
            )?);
        }
        let mut arguments = given_arguments(profile.kind, machine, router, syslog_port, token);
        for source in &profile.arguments {
            arguments.push(argument(&render_option("list arg", source, context)?)?);
        }
        let installer = Installer {
            kernel,
            initrd,
            arguments,
            title: profile.title.clone(),
        };
        let length = installer.command_line().len() + ADDRESSES;
        if length > COMMAND_LINE {
            return Err(RenderError::from(format!(
                "the kernel's command line would be {length} bytes long, and {COMMAND_LINE} are the most: shorten the profile's `list arg`"
            )));
        }
        Ok(installer)
    }

    /// The kernel's command line, with iPXE's settings in it where only iPXE knows the value.
    pub fn command_line(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        // UEFI kernels find an initrd by its name; iPXE since 2.0 would hand it over without.
        words.extend((0..self.initrd.len()).map(|index| format!("initrd={}", initrd_name(index))));
        words.push("ip=${netX/ip}::${netX/gateway}:${netX/netmask}:::none".to_owned());
        words.push("${nameserver}".to_owned());
        words.extend(self.arguments.iter().cloned());
        words.join(" ")
    }

    /// The script that starts it.
    pub fn script(&self, host: &str, router: Router, machine: &Machine) -> String {
        let base = router.url();
        let mut script = format!(
            "#!ipxe\necho kickstand: installing {} on {host}\n",
            shown(&self.title)
        );
        // An empty nameserver= would be a fault to dracut.
        script.push_str(
            "isset ${netX/dns} && set nameserver nameserver=${netX/dns} || clear nameserver ||\n",
        );
        script.push_str("imgfree\n");
        script.push_str(&format!(
            "kernel {} {} || goto failed\n",
            self.kernel,
            self.command_line()
        ));
        for (index, url) in self.initrd.iter().enumerate() {
            script.push_str(&format!(
                "initrd --name {} {url} || goto failed\n",
                initrd_name(index)
            ));
        }
        // A download that failed is no new start of the installer, so it asks as a repetition. Asking, not just loading
        // again: the user may have disarmed the host meanwhile.
        script.push_str(&format!(
            "boot || goto failed\n:failed\necho kickstand: the installer could not be loaded, trying again in {RETRY} seconds\nsleep {RETRY}\n\
             chain --autofree --replace {base}/v1/boot?mac={}&platform=${{platform}}&buildarch=${{buildarch}}&cpu=${{cpu}}&try=2 || goto failed\n",
            machine.mac
        ));
        script
    }
}

fn initrd_name(index: usize) -> String {
    format!("kickstand-{index}.img")
}

/// Arguments that every installer of a kind needs, besides the profile's own.
fn given_arguments(
    kind: AnswerKind,
    machine: &Machine,
    router: Router,
    syslog_port: u16,
    token: &str,
) -> Vec<String> {
    let (base, mac) = (router.url(), machine.mac);
    // pxelinux's form, which dracut.cmdline(7) and debian-installer read: hardware type 1 (Ethernet), then the address.
    let mut arguments = vec![format!("BOOTIF=01-{}", mac.hyphens())];
    match kind {
        AnswerKind::Kickstart => arguments.extend([
            format!("inst.ks={base}/ks/{mac}?token={token}"),
            "inst.cmdline".to_owned(),
            format!("inst.syslog={}:{syslog_port}", router.address),
        ]),
        AnswerKind::Preseed => arguments.extend([
            "auto=true".to_owned(),
            "priority=critical".to_owned(),
            // The card of BOOTIF, and no question about it. The name server is for networks whose DHCP names none: the
            // installer would wait for somebody to type one, before it has the preseed.
            "interface=auto".to_owned(),
            format!("netcfg/get_nameservers={}", router.address),
            format!("url={base}/preseed/{mac}?token={token}"),
            // d-i's rootskel makes busybox `syslogd -R` of them.
            format!("log_host={}", router.address),
            format!("log_port={syslog_port}"),
        ]),
        // cloud-init adds the file's name to the URL, so the token cannot stand behind it.
        AnswerKind::Autoinstall => arguments.extend([
            "autoinstall".to_owned(),
            format!("ds=nocloud-net;s={base}/autoinstall/{mac}/{token}/"),
        ]),
        AnswerKind::Script => arguments.push(format!("kickstand={base}/ks/{mac}?token={token}")),
    }
    arguments
}

/// One word of an iPXE line.
fn word(option: &str, text: &str) -> Result<String, RenderError> {
    let text = argument(text)?;
    if text.is_empty() || text.contains(' ') {
        return Err(RenderError::from(format!(
            "option {option} gives '{text}': it must be one URL without blanks"
        )));
    }
    Ok(text)
}

/// One argument, or several with single blanks between them. iPXE's settings (`${net0/mac}`) may stand in it: a profile is
/// the user's own text.
fn argument(text: &str) -> Result<String, RenderError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(RenderError::from(format!(
            "argument '{}' must be one line without control characters",
            clean_to(text, 80)
        )));
    }
    let special = |word: &str| matches!(word, "&&" | "||" | ";") || word.starts_with('#');
    match text.split(' ').find(|word| special(word)) {
        Some(word) => Err(RenderError::from(format!(
            "argument '{text}' holds '{word}', which iPXE would take for itself"
        ))),
        None => Ok(text.to_owned()),
    }
}

/// Text for an `echo` line: nothing that iPXE would expand or act on.
fn shown(text: &str) -> String {
    let harmless = |c: char| {
        if c.is_ascii_alphanumeric() || " .,:()'`-_/@+=".contains(c) {
            c
        } else {
            '?'
        }
    };
    clean_to(text, 200).chars().map(harmless).collect()
}

/// The script that leaves iPXE for the disk.
pub fn local(leave: Leave, why: &str, machine: &Machine, router: Router) -> String {
    let way = match (leave, machine.platform) {
        (Leave::Exit, _) => "exit".to_owned(),
        (Leave::Exit1, _) => "exit 1".to_owned(),
        (Leave::Chain, Platform::Efi) => {
            format!(
                "chain --autofree {}/boot/{} || exit 1",
                router.url(),
                disk_loader(machine)
            )
        }
        // The loader is a UEFI program; a BIOS starts its first disk by itself.
        (Leave::Sanboot, _) | (Leave::Chain, Platform::PcBios) => {
            "sanboot --no-describe --drive 0x80 || exit 1".to_owned()
        }
    };
    format!(
        "#!ipxe\necho kickstand: {}: booting from the disk\n{way}\n",
        shown(why)
    )
}

/// The script that asks again in a while.
pub fn wait(why: &str, router: Router) -> String {
    let base = router.url();
    format!(
        "#!ipxe\necho kickstand: {}\n:again\nsleep {WAIT}\nchain --autofree --replace {base}/boot.ipxe || goto again\n",
        shown(why)
    )
}

/// The script that stops a machine.
pub fn refuse(why: &str) -> String {
    // Not every build knows `poweroff`. A machine that reboots instead would come back every minute, for ever.
    format!(
        "#!ipxe\necho kickstand: {}\nsleep {WAIT}\npoweroff ||\n:stop\nsleep 600\ngoto stop\n",
        shown(why)
    )
}

#[cfg(test)]
mod tests;
