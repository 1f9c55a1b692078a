//! The inventory that Ansible reads from a program (its documentation, "Developing dynamic inventory"): groups of hosts, and
//! what is known of each host.
//!
//! Nothing secret goes in: an inventory ends in logs and in repositories. Not its job: asking the service, reading leases.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use super::mac::Mac;
use super::replies::HostStatus;
use super::settings::{Account, Host, Settings, Sudo};

/// A variable whose name has one of these words in it may be a secret, and stays out.
const SECRETS: [&str; 6] = ["pass", "pw", "hash", "secret", "token", "key"];

/// What is known of a host besides its settings.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What the service says; none when it does not run.
    pub status: Option<HostStatus>,
    /// The address that dnsmasq gave one of its cards.
    pub lease: Option<Ipv4Addr>,
}

/// The whole inventory: what `--list` prints.
pub fn list(settings: &Settings, seen: &BTreeMap<String, Seen>) -> Value {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut variables = Map::new();
    for (name, host) in &settings.hosts {
        let seen = seen.get(name).cloned().unwrap_or_default();
        for group in groups_of(host, &seen) {
            groups.entry(group).or_default().insert(name);
        }
        variables.insert(name.clone(), of_host(settings, host, &seen));
    }
    let mut inventory = Map::new();
    inventory.insert("_meta".to_owned(), json!({ "hostvars": variables }));
    let names: Vec<&String> = groups.keys().collect();
    let all = json!({ "hosts": settings.hosts.keys().collect::<Vec<_>>(), "children": names });
    inventory.insert("all".to_owned(), all);
    for (group, hosts) in &groups {
        inventory.insert(group.clone(), json!({ "hosts": hosts }));
    }
    Value::from(inventory)
}

/// The variables of one host: what `--host` prints.
pub fn of_host(settings: &Settings, host: &Host, seen: &Seen) -> Value {
    let address = host.network.address.map(|(address, _)| address);
    let mut variables = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            variables.insert(name.to_owned(), value);
        }
    };
    set("ansible_host", json!(address.or(seen.lease)));
    set("ansible_user", json!(user(&settings.accounts)));
    set("kickstand_hostname", json!(host.hostname));
    let cards: Vec<String> = host.macs.iter().map(Mac::to_string).collect();
    set("kickstand_macs", json!(cards));
    set("kickstand_profile", json!(host.profile));
    if let Some(status) = &seen.status {
        set("kickstand_phase", json!(status.phase));
        set("kickstand_since", json!(status.since));
        set("kickstand_arch", json!(status.arch));
        set("kickstand_ssh_host_key", json!(status.ssh_host_key));
    }
    let profile = settings.profiles.get(&host.profile);
    set(
        "kickstand_title",
        json!(profile.map(|profile| &profile.title)),
    );
    let mut vars = profile
        .map(|profile| profile.vars.clone())
        .unwrap_or_default();
    vars.extend(host.vars.clone());
    vars.retain(|name, _| {
        !SECRETS
            .iter()
            .any(|word| name.to_lowercase().contains(word))
    });
    set("kickstand_vars", json!(vars));
    Value::from(variables)
}

/// The account to log in with: one with a key, best one that may become root.
fn user(accounts: &[Account]) -> Option<&str> {
    let mut keyed: Vec<&Account> = accounts.iter().filter(|a| !a.ssh_keys.is_empty()).collect();
    keyed.sort_by_key(|account| match account.sudo {
        Sudo::Nopasswd => 0,
        Sudo::Password => 1,
        Sudo::No => 2,
    });
    keyed.first().map(|account| account.name.as_str())
}

/// Groups by what the host is and where it is, and those that the user named.
fn groups_of(host: &Host, seen: &Seen) -> Vec<String> {
    let mut groups = host.groups.clone();
    groups.push(group("profile", &host.profile));
    if let Some(status) = &seen.status {
        groups.push(group("phase", &status.phase));
        groups.extend(status.arch.as_deref().map(|arch| group("arch", arch)));
    }
    groups
}

/// A name that Ansible takes: letters, digits and `_`.
fn group(kind: &str, name: &str) -> String {
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{kind}_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::settings::read;
    use crate::core::uci;

    const SETTINGS: &str = "
config profile 'el9'
	option title 'AlmaLinux 9'
	option kind 'kickstart'
	option kernel 'http://mirror.example.org/vmlinuz'
	option answer 'almalinux.ks'
	list var 'timezone=UTC'
config account 'guest'
	list ssh_key 'ssh-ed25519 AAAA guest@laptop'
	option sudo 'no'
config account 'admin'
	list ssh_key 'ssh-ed25519 AAAA admin@laptop'
config host 'web1'
	list mac '52:54:00:00:00:01'
	option hostname 'web1.example.org'
	option profile 'el9'
	option address '192.0.2.2/24'
	list group 'web'
	list var 'rootpw_hash=$6$secret'
	list var 'timezone=Europe/Berlin'
config host 'web2'
	list mac '52:54:00:00:00:02'
	option profile 'el9'
";

    #[test]
    fn hosts_stand_in_their_groups_and_secrets_stay_out() {
        let settings = read(&uci::parse(SETTINGS.as_bytes()).expect("valid UCI"));
        assert_eq!(settings.faults, vec![]);
        let lease = Seen {
            lease: Some([10, 33, 1, 117].into()),
            ..Seen::default()
        };
        let seen = [
            ("web1".to_owned(), lease.clone()),
            ("web2".to_owned(), lease),
        ];
        let inventory = list(&settings, &seen.into());
        assert_eq!(
            inventory,
            json!({
                "_meta": {"hostvars": {
                    "web1": {
                        "ansible_host": "192.0.2.2",
                        "ansible_user": "admin",
                        "kickstand_hostname": "web1.example.org",
                        "kickstand_macs": ["52:54:00:00:00:01"],
                        "kickstand_profile": "el9",
                        "kickstand_title": "AlmaLinux 9",
                        "kickstand_vars": {"timezone": "Europe/Berlin"},
                    },
                    "web2": {
                        "ansible_host": "10.33.1.117",
                        "ansible_user": "admin",
                        "kickstand_hostname": "web2",
                        "kickstand_macs": ["52:54:00:00:00:02"],
                        "kickstand_profile": "el9",
                        "kickstand_title": "AlmaLinux 9",
                        "kickstand_vars": {"timezone": "UTC"},
                    },
                }},
                "all": {"hosts": ["web1", "web2"], "children": ["profile_el9", "web"]},
                "profile_el9": {"hosts": ["web1", "web2"]},
                "web": {"hosts": ["web1"]},
            })
        );
    }
}
