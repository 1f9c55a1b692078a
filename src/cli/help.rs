//! `kickstand --help`: every command, or the lines of one.
//!
//! Not its job: what a command takes (each command's own file).

/// Where the second column begins. A line that has nothing before it belongs to the command above.
const COLUMN: usize = 31;

const ALL: &str = "\
kickstand - servers that install themselves, from an OpenWrt router

usage: kickstand [--root DIR] COMMAND …

what is going on
  status [HOST] [--json]       every host, or one with all that happened to it
  watch HOST [--json]          what happens to it, as it happens, until it is installed (0) or not (1)
  explain MAC|HOST [--json]    what that machine would be told to boot, and why
  render HOST [answer|ipxe|args]
                               what that host would get (answer is the default)
  render HOST --diff           how its answer file differs from the one that it was installed with (exit 1: it does)
  check [HOST|FILE…] [--release RHEL9] [--kind KIND] [--json]
                               what is wrong with an answer file: of all hosts, of some, of files (- is the input);
                               KIND: kickstart, preseed, autoinstall (else guessed)
  hardware HOST [--json]       what that host's machine has, as `arm --discover` found it

what to do
  arm HOST… [--window SECONDS] [--force]
                               let each host install itself once: THIS WIPES ITS DISK at its next network boot;
                               not when its answer file has errors, but with --force
  arm --discover HOST… [--window SECONDS]
                               look at the hardware of each host at its next network boot: NO DISK IS WRITTEN, it powers off
  disarm HOST…                 take that back
  wake HOST…                   switch each host on over the network (Wake-on-LAN)
  adopt MAC NAME PROFILE       make an unknown machine a host
  forget MAC                   drop an unknown machine from the list
  import FILE [--update] [--dry-run]
                               hosts from a table, CSV or JSON (- is the input): all of it, or what is wrong with it
  export [--json]              all hosts as such a table, CSV or JSON
  known-hosts                  SSH host keys of installed hosts, as lines of ~/.ssh/known_hosts
  inventory [--list | --host NAME]
                               all hosts for Ansible: ansible-playbook -i INVENTORY
  webhook [NAME] [--json]      who is told by webhook what happens to hosts, and how that goes
  webhook NAME --test [--json] send it a test, and say what came back

what machines load first (root)
  boot-files [--json]          what is in tftp_root, what each kind of machine gets, what is missing
  boot-files add [--force] [--only ARCH] FILE…
                               check iPXE's files, or its ipxeboot.tar.gz, and put them in place
  boot-files fetch [--url URL] [--sha256 HEX] [ARCH…]
                               the same with iPXE's signed release from the Internet; ARCH: bios, x86_64, arm64

the service (root; the init script runs these)
  apply [--dry-run] [--remove] set up dnsmasq for network boot, or leave it as it was found
  serve [--verbose]            run in the foreground; --verbose: with requests and events in the log

  version                      print the version (also --version)

options
  --root DIR                   look for every file below DIR instead of / (for tests and image builds)
  --json                       print JSON
  -h, --help                   print this

Settings are in /etc/config/kickstand: use `uci set kickstand.…` and `uci commit kickstand`.
Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service cannot be reached.
";

/// The lines of that command, when there is one; else everything.
pub fn of(command: Option<&str>) -> String {
    let lines = command.map(lines).unwrap_or_default();
    if lines.is_empty() {
        return ALL.to_owned();
    }
    format!(
        "usage: kickstand [--root DIR] COMMAND …\n\n{}\n`kickstand --help` has every command, the options and the exit codes.\n",
        lines.concat()
    )
}

/// Those of the list that begin with a command, each with those that go on.
fn lines(command: &str) -> Vec<String> {
    let mut is_its = false;
    let mut lines = Vec::new();
    for line in ALL.lines() {
        let goes_on = line.starts_with(&" ".repeat(COLUMN));
        if !goes_on {
            let first = line
                .strip_prefix("  ")
                .and_then(|line| line.split(' ').next());
            is_its = first == Some(command);
        }
        if is_its {
            lines.push(format!("{line}\n"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_its_own_lines_and_those_that_go_on() {
        let render = of(Some("render"));
        assert!(
            render.contains("render HOST [answer|ipxe|args]\n"),
            "{render}"
        );
        assert!(render.contains("what that host would get"), "{render}");
        assert!(render.contains("render HOST --diff"), "{render}");
        assert!(!render.contains("check [HOST"), "{render}");
        assert!(!render.contains("what is going on"), "{render}");
    }

    #[test]
    fn what_is_no_command_gets_everything() {
        for word in [None, Some("nothing"), Some("usage:")] {
            assert!(of(word).contains("forget MAC"), "{word:?}");
        }
    }
}
