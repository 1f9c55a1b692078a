//! Who can log in to what was installed.

use super::super::finding::Place;
use super::super::syntax::{Command, Index};
use super::{Check, at};

/// What a script may do to let somebody in.
const LETS_IN: [&str; 7] = [
    "authorized_keys",
    "chpasswd",
    "useradd",
    "usermod",
    "passwd",
    "ipa-client-install",
    "realm join",
];

/// Lengths of crypt(3)'s hashes after the last `$`, by method.
const HASHES: [(&str, usize); 3] = [("$6$", 86), ("$5$", 43), ("$1$", 22)];

/// Kinds of keys that OpenSSH takes (sshd(8), AUTHORIZED_KEYS).
const KEYS: [&str; 3] = ["ssh-", "ecdsa-sha2-", "sk-"];

impl Check<'_, '_, '_> {
    pub(super) fn accounts(&mut self) {
        let document = self.document;
        for command in document.all(&["rootpw"]) {
            self.password(command, "password", "root");
        }
        for command in document.all(&["user"]) {
            let name = command.givens.value("--name").unwrap_or_default();
            self.password(command, "--password", name);
            self.user_name(command, name);
        }
        // Sets, as a file may have very many of both.
        let users = document.values(&["user"], "--name");
        let keys = document.values(&["sshkey"], "--username");
        let more_users = self.may_be_included(&["user"]);
        for command in document.all(&["sshkey"]) {
            self.ssh_key(command, |name| more_users || users.contains_key(name));
        }
        if let Some(command) = self.document.last("bootloader")
            && command.givens.has("--password")
            && !command.givens.has("--iscrypted")
        {
            self.plain(
                &at(command, "--password"),
                "the boot loader",
                "grub2-mkpasswd-pbkdf2",
            );
        }
        self.somebody_can_log_in(&keys);
    }

    fn plain(&mut self, place: &Place, whose: &str, tool: &str) {
        let message = format_args!(
            "the password of {whose} is in the file as it is: whoever gets the file has it"
        );
        let help = format!("put the hash there that `{tool}` makes, with --iscrypted");
        self.warning("plaintext-password", place, message, &help);
    }

    fn password(&mut self, command: &Command, name: &str, whose: &str) {
        let givens = &command.givens;
        let Some(password) = givens.value(name) else {
            return;
        };
        let place = at(command, name);
        if !givens.has("--iscrypted") {
            return self.plain(&place, whose, "openssl passwd -6");
        }
        if password.starts_with(['!', '*']) {
            return;
        }
        let method = HASHES
            .iter()
            .find(|(prefix, _)| password.starts_with(prefix));
        let short = method
            .is_some_and(|(_, length)| password.rsplit('$').next().map_or(0, str::len) != *length);
        let traditional = password.len() == 13 && !password.contains('$');
        if !password.starts_with('$') && !traditional && !password.starts_with('_') {
            let message = format_args!(
                "this is no hash of a password, but --iscrypted says that it is one: {whose} cannot log in with it"
            );
            self.error(
                "not-a-hash",
                &place,
                message,
                "write the output of `openssl passwd -6`, or remove --iscrypted",
            );
        } else if short {
            let message = format_args!(
                "this hash of a password has not the length that its kind has: {whose} probably cannot log in with it"
            );
            self.warning(
                "broken-hash",
                &place,
                message,
                "write the whole output of `openssl passwd -6`, in single quotes",
            );
        }
    }

    fn user_name(&mut self, command: &Command, name: &str) {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let other = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let good = name.starts_with(first)
            && name.trim_end_matches('$').chars().all(other)
            && name.len() <= 32;
        if !name.is_empty() && !good {
            let message =
                format_args!("'{name}' cannot be the name of a user: the account is not made");
            self.error(
                "bad-user-name",
                &at(command, "--name"),
                message,
                "use letters, digits, '_' and '-', 32 at most, a letter first",
            );
        } else if matches!(
            name,
            "root" | "bin" | "daemon" | "adm" | "mail" | "nobody" | "sshd"
        ) {
            let message =
                format_args!("the system itself has a user {name}: this account is not made");
            self.error(
                "bad-user-name",
                &at(command, "--name"),
                message,
                "choose another name; for root, use rootpw and sshkey",
            );
        }
    }

    fn ssh_key(&mut self, command: &Command, is_user: impl Fn(&str) -> bool) {
        let key = command.givens.value("sshkey").unwrap_or_default().trim();
        let kind = key
            .split_whitespace()
            .find(|word| KEYS.iter().any(|known| word.starts_with(known)));
        let long_enough = kind.is_some_and(|kind| {
            key.split_whitespace()
                .skip_while(|word| *word != kind)
                .nth(1)
                .is_some()
        });
        if !long_enough && !key.is_empty() {
            let message = format_args!("this is no public key: nobody can log in with it");
            self.error(
                "bad-ssh-key",
                &at(command, "sshkey"),
                message,
                "write the line of the .pub file, in quotes",
            );
        }
        let name = command.givens.value("--username").unwrap_or_default();
        if name != "root" && !name.is_empty() && !is_user(name) {
            let message =
                format_args!("there is no user {name} in this kickstart: its key is put nowhere");
            self.warning(
                "unknown-user",
                &at(command, "--username"),
                message,
                &format!("add user --name={name}"),
            );
        }
    }

    fn users(&self) -> impl Iterator<Item = (&str, &Command)> {
        let users = self
            .document
            .commands
            .iter()
            .filter(|command| command.name == "user");
        users.map(|command| (command.givens.value("--name").unwrap_or_default(), command))
    }

    fn somebody_can_log_in(&mut self, keys: &Index<'_>) {
        let has_key = |name: &str| keys.contains_key(name);
        let open = |command: &Command, password: &str| {
            let set = command
                .givens
                .value(password)
                .is_some_and(|password| !password.starts_with(['!', '*']));
            set && !command.givens.has("--lock")
        };
        let root = self.document.last("rootpw");
        let administrator = self.users().any(|(_, command)| {
            !command.givens.has("--lock")
                && command
                    .givens
                    .list("--groups")
                    .any(|group| group == "wheel")
        });
        if self.installs_an_image() {
            return;
        }
        if root.is_none() && !administrator {
            let message = "there is neither a rootpw nor a user in group wheel: Anaconda waits for somebody to set a password";
            return self.missing(
                "no-root-password",
                &["rootpw", "user"],
                message,
                "add rootpw --iscrypted HASH; or rootpw --lock and user --groups=wheel …",
            );
        }
        let root_can = root.is_some_and(|command| open(command, "password")) || has_key("root");
        let user_can = self
            .users()
            .any(|(name, command)| open(command, "--password") || has_key(name));
        let scripts =
            self.scripts_mention(&["%post"], &LETS_IN) || self.document.last("realm").is_some();
        if !root_can && !user_can && !scripts {
            let message = "nobody can log in to the installed system: root is locked or has no password, and no user has a password or a key";
            let names = ["rootpw", "user", "sshkey"];
            self.missing(
                "nobody-can-log-in",
                &names,
                message,
                "add user --password=HASH --iscrypted, or sshkey --username=…",
            );
        }
    }
}
