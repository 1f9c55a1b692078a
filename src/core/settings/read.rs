//! Which options each kind of section has, and what must hold between them.

use std::collections::{BTreeMap, BTreeSet};

use super::network::read_network;
use super::section::Reader;
use super::webhook::read_webhook;
use super::{
    Account, AnswerKind, BootArchitecture, Fault, Host, Install, Main, Profile, Settings, Sudo,
    check,
};
use crate::core::mac::Mac;
use crate::core::machine::clean;
use crate::core::uci::{Document, Section};

/// Longest name of a section, in bytes: twice a host name's label. Names go into every reply, which must stay small.
const NAME_LENGTH: usize = 128;

/// Hosts of one card that a fault names: each of them has a fault, and there may be thousands.
const TWINS_NAMED: usize = 8;

/// Reads the whole document. What cannot be used is left out and named in the faults.
pub fn read(document: &Document) -> Settings {
    let mut settings = Settings::default();
    for section in &document.sections {
        settings.sections.insert(section.name.clone());
        if is_overlong(section) {
            let message = format!("the section's name may have {NAME_LENGTH} characters");
            let name = clean(&section.name);
            settings.faults.push(fault(section, &name, message));
            continue;
        }
        match section.kind.as_str() {
            "kickstand" => read_main(section, &mut settings),
            "profile" => read_profile(section, &mut settings),
            "account" => read_account(section, &mut settings),
            "webhook" => read_webhook(section, &mut settings),
            "host" => {}
            kind => {
                let known = "there are kickstand, profile, host, account and webhook";
                settings.faults.push(fault(
                    section,
                    &section.name,
                    format!("'{kind}' is no kind of section here ({known})"),
                ));
            }
        }
    }
    // Hosts come last: they name profiles, wherever those stand in the file.
    let sections: Vec<&Section> = document
        .of_kind("host")
        .filter(|section| !is_overlong(section))
        .collect();
    let mut owners: BTreeMap<Mac, Vec<usize>> = BTreeMap::new();
    let hosts: Vec<_> = sections
        .iter()
        .enumerate()
        .map(|(index, section)| {
            let (name, host, macs) = read_host(section, document, &mut settings);
            for mac in macs {
                let indices = owners.entry(mac).or_default();
                if !indices.contains(&index) {
                    indices.push(index);
                }
            }
            (name, host)
        })
        .collect();
    let twins = report_shared_macs(&owners, &sections, &hosts, &mut settings);
    for (mac, indices) in &owners {
        if let Some(&first) = indices.first() {
            settings.macs.insert(*mac, hosts[first].0.clone());
        }
    }
    for (index, (name, host)) in hosts.into_iter().enumerate() {
        if let Some(host) = host.filter(|_| !twins.contains(&index)) {
            settings.hosts.insert(name, host);
        }
    }
    settings.faults.sort_by_key(|fault| fault.line);
    settings
}

fn is_overlong(section: &Section) -> bool {
    section.name.len() > NAME_LENGTH
}

pub(super) fn fault(section: &Section, name: &str, message: impl Into<String>) -> Fault {
    Fault {
        section: format!("{} '{name}'", section.kind),
        option: None,
        value: None,
        message: message.into(),
        line: section.line,
    }
}

/// Two hosts with one MAC: nobody can know which one is meant, so neither is used.
fn report_shared_macs(
    owners: &BTreeMap<Mac, Vec<usize>>,
    sections: &[&Section],
    hosts: &[(String, Option<Host>)],
    settings: &mut Settings,
) -> BTreeSet<usize> {
    let mut twins = BTreeSet::new();
    for (mac, indices) in owners.iter().filter(|(_, indices)| indices.len() > 1) {
        let names: Vec<String> = indices
            .iter()
            .take(TWINS_NAMED)
            .map(|&index| format!("'{}'", hosts[index].0))
            .collect();
        for &index in indices {
            let message = format!(
                "belongs to {} hosts ({}): each card has one host",
                indices.len(),
                if indices.len() > names.len() {
                    names.join(", ") + ", …"
                } else {
                    names.join(", ")
                }
            );
            let mut shared = fault(sections[index], &hosts[index].0, message);
            shared.option = Some("mac".to_owned());
            shared.value = Some(mac.to_string());
            shared.line = sections[index]
                .options
                .iter()
                .find(|option| option.name == "mac")
                .map_or(shared.line, |option| option.line);
            settings.faults.push(shared);
            twins.insert(index);
        }
    }
    twins
}

fn read_main(section: &Section, settings: &mut Settings) {
    if section.name != "main" {
        let message = "the section's name must be 'main': config kickstand 'main'";
        settings.faults.push(fault(section, &section.name, message));
        return;
    }
    let mut reader = Reader::new(section, "main");
    let default = Main::default();
    let boot_files = [
        (
            BootArchitecture::Bios,
            reader.option("boot_file_bios", check::relative_path),
        ),
        (
            BootArchitecture::X86_64,
            reader.option("boot_file_x86_64", check::relative_path),
        ),
        (
            BootArchitecture::Arm64,
            reader.option("boot_file_arm64", check::relative_path),
        ),
    ];
    let url = reader.option("boot_files_url", check::download_url);
    let sha256 = reader.option("boot_files_sha256", check::sha256);
    // The digest that is built in belongs to the URL that is built in.
    let known = match &url {
        Some(url) if *url != default.boot_files_url => None,
        _ => default.boot_files_sha256,
    };
    settings.main = Main {
        enabled: reader
            .option("enabled", check::boolean)
            .unwrap_or(default.enabled),
        interface: reader
            .option("interface", check::section_name)
            .unwrap_or(default.interface),
        port: reader.option("port", check::port).unwrap_or(default.port),
        tftp_root: reader
            .option("tftp_root", check::path)
            .unwrap_or(default.tftp_root),
        www: reader.option("www", check::path).unwrap_or(default.www),
        unknown: reader
            .option("unknown", check::unknown)
            .unwrap_or(default.unknown),
        window: reader
            .option("window", check::window)
            .unwrap_or(default.window),
        attempts: reader
            .option("attempts", check::attempts)
            .unwrap_or(default.attempts),
        syslog_port: reader
            .option("syslog_port", check::port)
            .unwrap_or(default.syslog_port),
        allow: reader.list("allow", check::network),
        boot_files: boot_files
            .into_iter()
            .filter_map(|(architecture, file)| Some((architecture, file?)))
            .collect(),
        boot_files_url: url.unwrap_or(default.boot_files_url),
        boot_files_sha256: sha256.or(known),
        ssh_host_keys: reader
            .option("ssh_host_keys", check::boolean)
            .unwrap_or(default.ssh_host_keys),
    };
    settings.faults.extend(reader.finish());
}

fn read_profile(section: &Section, settings: &mut Settings) {
    let name = &section.name;
    if section.anonymous {
        settings.faults.push(fault(
            section,
            name,
            "give the section a name: config profile 'almalinux9'",
        ));
        return;
    }
    let mut reader = Reader::new(section, name);
    let kind = reader
        .option("kind", check::answer_kind)
        .unwrap_or(AnswerKind::Kickstart);
    let kernel = reader.required("kernel", check::url, "the URL of the installer's kernel");
    let default_answer = match kind {
        AnswerKind::Kickstart => Some("almalinux.ks".to_owned()),
        _ => None,
    };
    let answer = reader
        .option("answer", check::template_name)
        .or(default_answer);
    if answer.is_none() {
        reader.fault(
            "answer",
            None,
            "is missing: the name of a template in <www>/answers",
        );
    }
    let profile = Profile {
        title: reader
            .option("title", check::text)
            .unwrap_or_else(|| name.clone()),
        kind,
        release: reader.option("release", check::release),
        mirror: reader.option("mirror", check::url).unwrap_or_default(),
        kernel: kernel.unwrap_or_default(),
        initrd: reader.list("initrd", check::url),
        arguments: reader.list("arg", check::text),
        answer: answer.unwrap_or_default(),
        packages: reader.list("package", check::package),
        vars: reader.list("var", check::variable).into_iter().collect(),
    };
    let faults = reader.finish();
    if faults.is_empty() {
        settings.profiles.insert(name.clone(), profile);
    }
    settings.faults.extend(faults);
}

fn read_account(section: &Section, settings: &mut Settings) {
    let mut reader = Reader::new(section, &section.name);
    let named = reader.option("name", check::login);
    let name = match (named, section.anonymous) {
        (Some(name), _) => Some(name),
        (None, true) => None,
        (None, false) => check::login(&section.name).ok(),
    };
    if name.is_none() {
        reader.fault(
            "",
            None,
            "needs a login name: name the section, or set option name",
        );
    }
    let password_hash = reader.option("password_hash", check::password_hash);
    let ssh_keys = reader.list("ssh_key", check::ssh_key);
    if !reader.faulty() && password_hash.is_none() && ssh_keys.is_empty() {
        reader.fault("", None, "cannot log in: set password_hash or ssh_key");
    }
    // Without a password there is none to ask for.
    let default_sudo = if password_hash.is_some() {
        Sudo::Password
    } else {
        Sudo::Nopasswd
    };
    let account = Account {
        gecos: reader
            .option("gecos", check::gecos)
            .or_else(|| name.clone())
            .unwrap_or_default(),
        name: name.unwrap_or_default(),
        password_hash,
        ssh_keys,
        sudo: reader.option("sudo", check::sudo).unwrap_or(default_sudo),
    };
    let faults = reader.finish();
    settings.accounts_faulty |= !faults.is_empty();
    if faults.is_empty() {
        settings.accounts.push(account);
    }
    settings.faults.extend(faults);
}

/// The host's name, the host when it can be used, and all MACs that it names.
fn read_host(
    section: &Section,
    document: &Document,
    settings: &mut Settings,
) -> (String, Option<Host>, Vec<Mac>) {
    let mut reader = Reader::new(section, &section.name);
    let hostname = reader.option("hostname", check::hostname);
    let name = match (&hostname, section.anonymous) {
        (Some(hostname), true) => hostname.clone(),
        _ => section.name.clone(),
    };
    if section.anonymous && hostname.is_none() {
        reader.fault("", None, "give the section a name, or set option hostname");
    }
    let macs = reader.list("mac", check::mac);
    if macs.is_empty() && !reader.faulty() {
        reader.fault(
            "mac",
            None,
            "is missing: list each network card that may boot, such as b8:ca:3a:00:00:01",
        );
    }
    let profile = read_profile_name(&mut reader, document, settings);
    let network = read_network(&mut reader);
    let install = reader
        .option("install", check::install)
        .unwrap_or(Install::Manual);
    let host = Host {
        name: name.clone(),
        macs: macs.clone(),
        // A section's name may hold `_`, which a host name may not.
        hostname: hostname.unwrap_or_else(|| name.replace('_', "-")),
        profile: profile.unwrap_or_default(),
        disk: reader.option("disk", check::disk),
        disk_serial: reader.option("disk_serial", check::disk_serial),
        network,
        leave: reader.option("leave", check::leave),
        install,
        verify: reader.option("verify", check::verify),
        allow: reader.list("allow", check::network),
        publish: reader.option("publish", check::boolean).unwrap_or(false),
        groups: reader.list("group", check::group),
        packages: reader.list("package", check::package),
        vars: reader.list("var", check::variable).into_iter().collect(),
    };
    let faults = reader.finish();
    settings
        .configured
        .insert(name.clone(), install == Install::Once);
    let usable = faults.is_empty();
    settings.faults.extend(faults);
    (name, usable.then_some(host), macs)
}

fn read_profile_name(
    reader: &mut Reader<'_>,
    document: &Document,
    settings: &Settings,
) -> Option<String> {
    let known = || match settings.profiles.is_empty() {
        true => "there is none: add a `config profile` section".to_owned(),
        false => format!(
            "there are {}",
            settings
                .profiles
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let name = reader.required(
        "profile",
        check::section_name,
        &format!("name a profile ({})", known()),
    )?;
    if settings.profiles.contains_key(&name) {
        return Some(name);
    }
    let message = match document
        .of_kind("profile")
        .any(|profile| profile.name == name)
    {
        true => "names a profile that has faults of its own".to_owned(),
        false => format!("is no profile ({})", known()),
    };
    reader.fault("profile", Some(&name), message);
    None
}
