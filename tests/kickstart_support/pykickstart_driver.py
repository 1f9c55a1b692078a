"""Asks an installed pykickstart, in one process, what the tests compare kickstand's checker with.

usage: pykickstart_driver.py grammar RELEASE…   its commands, sections and options, as JSON
       pykickstart_driver.py cases RELEASE…     generated kickstarts with its verdicts, one JSON object a line
       pykickstart_driver.py judge RELEASE      verdicts on {"name", "text"} objects, one a line on standard input

A verdict is that of ksvalidator, told apart: "error" for what Anaconda stops at, "warning" for what only ksvalidator (and
Anaconda with inst.ksstrict) refuses, "ok" for nothing.
"""
import json
import random
import sys
import warnings

from pykickstart.base import DeprecatedCommand, RemovedCommand
from pykickstart.errors import KickstartParseWarning
from pykickstart.parser import KickstartParser, Packages, preprocessFromStringToString
from pykickstart.version import makeVersion


class Parser(KickstartParser):
    """A parser that goes on after an error, without printing it."""

    def _tryFunc(self, fn):
        try:
            fn()
        except Exception:
            self.errorsCount += 1


class Judge:
    """Gives verdicts for a release. Its handler, which takes long to make, is made once; used commands are made anew."""

    def __init__(self, release):
        self.handler = makeVersion(release)

    def verdict(self, text):
        for used in {id(command): command for command in self.handler.commands.values() if command.seen}.values():
            fresh = type(used)()
            fresh.handler = self.handler
            self.handler._setCommand(fresh)
            for name, command in self.handler.commands.items():
                if command is used:
                    self.handler.commands[name] = fresh
        self.handler.packages = Packages()
        self.handler.scripts, self.handler.certificates = [], []
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            parser = Parser(self.handler, followIncludes=False, errorsAreFatal=False)
            try:
                parser.readKickstartFromString(preprocessFromStringToString(text).decode())
            except Exception:
                return "error"
        if parser.errorsCount:
            return "error"
        warned = any(issubclass(warning.category, KickstartParseWarning) for warning in seen)
        return "warning" if warned else "ok"


def standing(command):
    if isinstance(command, RemovedCommand):
        return "removed"
    return "deprecated" if isinstance(command, DeprecatedCommand) else "known"


def value_of(action):
    if action.nargs == 0:
        return "flag"
    if action.choices:
        return "one of"
    if action.nargs == "?" and action.option_strings:
        return "maybe"
    name = getattr(action.type, "__name__", None)
    if name in ("commaSplit", "firewall_port_cb", "_teamslaves_cb"):
        return "list"
    if name in ("_type_cb", "_level_cb", "level_cb", "_when_cb"):
        return "one of"
    return {"int": "integer", "ksboolean": "boolean"}.get(name, "text")


def options_of(parser):
    options, arguments = [], []
    for action in parser._actions:
        if action.option_strings:
            options.append({
                "names": action.option_strings,
                "value": value_of(action),
                "required": bool(action.required),
                "deprecated": bool(getattr(action, "deprecated", False)),
            })
        else:
            arguments.append({"name": action.dest, "count": {None: "1", 1: "1"}.get(action.nargs, action.nargs)})
    return {"options": options, "arguments": arguments}


def grammar(release):
    handler = makeVersion(release)
    entries = {}
    for name, command in handler.commands.items():
        parser = getattr(command, "op", None)
        entries[name] = {
            "standing": standing(command),
            "conflicts": sorted(command.conflictingCommands or []),
            **(options_of(parser) if parser else {"options": [], "arguments": []}),
        }
    for name, section in KickstartParser(handler)._sections.items():
        parsed = options_of(section._getParser()) if hasattr(section, "_getParser") else {"options": [], "arguments": []}
        entries[name] = {"standing": "known", "conflicts": [], **parsed}
    return entries


# A line that every release takes which has the command, where the bare command is none.
BASES = {
    "auth": "--enableshadow", "authconfig": "--enableshadow", "authselect": "select sssd",
    "bootc": "--source-imgref=quay.io/x/y", "btrfs": "/ btrfs.01", "driverdisk": "--source=http://h/d.img", "eula": "--agreed",
    "fcoe": "--nic=eth0", "group": "--name=staff", "harddrive": "--partition=sdb1 --dir=/iso", "ignoredisk": "--only-use=sda",
    "iscsi": "--ipaddr=192.0.2.1", "iscsiname": "iqn.1994-05.com.example:x", "keyboard": "us", "lang": "en_US.UTF-8",
    "liveimg": "--url=http://h/i.img", "logvol": "/ --name=root --vgname=vg --size=5000", "module": "--name=nodejs",
    "mount": "/dev/sda1 /", "nfs": "--server=192.0.2.1 --dir=/os", "nvdimm": "use --namespace=n0.0",
    "ostreecontainer": "--url=quay.io/x/y", "ostreesetup": "--osname=o --url=http://h/repo --ref=r", "part": "/ --size=5000",
    "partition": "/ --size=5000", "raid": "/ --device=root --level=1 raid.1 raid.2", "realm": "join example.com",
    "repo": "--name=extra --baseurl=http://h/e", "rhsm": "--organization=1 --activation-key=k", "rootpw": "--lock",
    "services": "--enabled=sshd", "snapshot": "vg/root --name=s --when=post-install", "sshkey": "--username=root 'ssh-rsa A'",
    "sshpw": "--username=root secret", "stratisfs": "/ --name=f --poolname=p", "stratispool": "p stratis.01",
    "timesource": "--ntp-server=h", "timezone": "Europe/Berlin", "updates": "http://h/u.img", "url": "--url=http://h/os",
    "user": "--name=admin", "volgroup": "vg pv.01", "zfcp": "--devnum=0.0.1000 --wwpn=0x1 --fcplun=0x1",
    "method": "--url=http://h/os",
}
VALUES = {"integer": "100", "boolean": "yes", "list": "a,b", "text": "value", "maybe": "xfs"}
BAD = {"integer": ["many", "1.5", "10G", ""], "boolean": ["maybe", ""], "one of": ["nonsense", ""]}
CHOICES = {"--type": ["lvm", "PLAIN", "thinp", "btrfs"], "--level": ["1", "RAID5", "raid10", "0"], "--data": ["raid1"],
           "--metadata": ["single"], "--when": ["pre-install"]}


def option_cases(line, option, choices):
    """Lines with one option more: with a value that fits, with ones that do not, without one, shortened."""
    name, kind = option["names"][0], option["value"]
    if kind == "flag":
        good, bad = [name], [name + "=x"]
    else:
        fitting = choices or [VALUES.get(kind, "value")]
        good = ["%s=%s" % (name, value) for value in fitting] + ["%s %s" % (name, fitting[0])][:len(fitting)]
        bad = ["%s=%s" % (name, value) for value in BAD.get(kind, [])[:2]] + [name]
    for extra in good + bad:
        yield "%s %s" % (line, extra)
    for other in option["names"][1:]:
        yield "%s %s" % (line, good[0].replace(name, other, 1))
    yield "%s %s" % (line, good[0].replace(name, name[:-1], 1))


def command_cases(handler, name, entry, pick):
    line = (name + " " + BASES.get(name, "")).strip()
    words = line.split(" ")
    lines = [line, name, line + " stray", line + " --nosuch", line + " --nosuch=1", line + " -x", line + " 'unclosed",
             line + " # comment", line + " \\", "  " + line, line + "\n" + line, line + " ''", name.upper(), line + " -- stray", line + "\r"]
    for index in range(1, len(words)):
        lines.append(" ".join(words[:index] + words[index + 1:]))
    lines.append(" ".join([name] + words[:0:-1]))
    parser = getattr(handler.commands.get(name), "op", None)
    actions = {action.option_strings[0]: action for action in parser._actions if action.option_strings} if parser else {}
    good = []
    for option in entry["options"]:
        first = option["names"][0]
        fixed = list(actions[first].choices or []) if first in actions else []
        choices = (fixed or CHOICES.get(first)) if option["value"] == "one of" else None
        made = list(option_cases(line, option, choices))
        lines += made
        good.append(made[0][len(line):])
    # Options together: every pair of a few, by chance but always the same.
    for _ in range(min(len(good), 12)):
        lines.append(line + "".join(pick.sample(good, min(len(good), pick.choice([2, 2, 3])))))
    return lines


def section_cases(name, entry):
    yield "%s\n%%end\n" % name
    yield "%s\n" % name
    yield "%s\nls\n%%packages\n%%end\n" % name
    yield "%s --nosuch\nls\n%%end\n" % name
    yield "%s stray\nls\n%%end\n" % name
    base = name + (" --filename=ca.pem --dir=/etc" if name == "%certificate" else "")
    yield "%s\nls\n%%end\n" % base
    yield "%s\nls\n%%end\n%%end\n" % base
    for option in entry["options"]:
        for line in option_cases(base, option, None):
            yield line + "\nls\n%end\n"


STRUCTURE = [
    "", "\n\n", "# only a comment\n", "%include\n", "%include /tmp/x\n", "%include ''\n", "%end\n", "%nosuch\n%end\n", "  %pre\nls\n  %end\n",
    "%post\n%include /tmp/x\n%end\n", "%post\n%include\n%end\n", "%post\n%notasection\n%end\n", "%pre\nls\n%end trailing\n", "''\n", "\"\n", "\\\n",
    "text\n%packages\n@core\n%end", "text # \"\n", "lang 'en_US.UTF-8\n", "lang en_US.UTF-8#x\n", "%packages\n@a --nodefaults --optional\n%end\n",
    "%packages\n-\n%end\n", "%packages\n@\n-@x\n@^env\n-@^env\nvim # c\n# c\n\n*.rpm\n%end\n", "%packages --default --nocore\n%end\n",
    "%packages\n%include /tmp/p\n%end\n", "%packages\n@g with blanks --optional\n%end\n", "%certificate --filename=a --type=anchor\nx\n%end\n",
    "part / --size=1\nautopart\n", "autopart\npart / --size=1\n", "partition / --size=1\nautopart\n", "autopart\nlogvol / --vgname=v --name=n --size=1\n",
    "mount /dev/sda1 /\nautopart\n", "reqpart\nautopart\n", "raid / --device=0 --level=1 raid.1 raid.2\nautopart\n", "part swap --size=1\npart swap --size=2\n",
    "part / --size=1\npart / --size=2\n", "network --device=a\nnetwork --device=b\n", "network --device=a\nnetwork --device=a\n",
    "network --hostname=a\nnetwork --hostname=b\n", "network --hostname=a\nnetwork --device=b\n", "user --name=a\nuser --name=a\n",
    "ostreesetup --osname=o --url=http://h/r --ref=r\nostreecontainer --url=q\n", "ignoredisk --drives=a --only-use=b\n",
    "snapshot v/r --name=s --when=pre-install\nsnapshot v/r --name=s --when=pre-install\n", "url --url=http://h --mirrorlist=http://m\n", "url --proxy=p\n",
    "logvol / --vgname=v --name=n --percent=101\n", "logvol / --vgname=v --name=n --percent=-1\n", "logvol / --vgname=v --name=n\n",
    "logvol / --vgname=v --name=n --size=1 --percent=1\n", "logvol none --vgname=v --name=p --size=1 --thinpool --chunksize=64\n",
    "logvol / --vgname=v --name=n --size=1 --thin\n", "logvol / --vgname=v --name=n --size=1 --thin --poolname=p\n",
    "logvol / --vgname=v --name=n --size=1 --cachesize=1 --cachepvs=pv.2\n", "logvol / --vgname=v --name=n --size=1 --cachesize=1\n",
    "logvol / --vgname=v --name=n --useexisting --resize --size=1\n", "logvol / --vgname=v --name=n --size=1 --resize\n",
    "part / --fstype=btrfs --size=1\n", "part btrfs.01 --size=1\n", "part / --fstype=tmpfs --size=1 --grow\n", "part / --fstype=tmpfs --size=1\n",
    "part / --onpart=sda1 --resize --size=1\n", "part / --resize --size=1\n", "part / --size=-5\n", "part / --size -5\n", "part --size=1 /\n",
    "raid / --device=r --level=1\n", "raid / --device=r --useexisting\n", "raid / --device=r --useexisting raid.1\n", "raid / --device=r raid.1 raid.2\n",
    "raid --device=r / --level=1 raid.1 raid.2\n", "raid / raid.1 --device=r --level=1 raid.2\n", "volgroup vg --useexisting pv.1\n", "volgroup vg --useexisting\n",
    "volgroup vg\n", "volgroup --pesize=4096 vg pv.1 pv.2\n", "volgroup vg --pesize=4096 pv.1\n", "volgroup vg pv.1 --reserved-percent=0\n",
    "volgroup vg pv.1 --reserved-percent=100\n", "volgroup vg pv.1 --reserved-space=-1\n", "keyboard us de\n", "keyboard --xlayouts=us us\n", "keyboard\n",
    "timezone\n", "timezone --utc\n", "timezone A B\n", "timezone Europe/Berlin --nontp --ntpservers=a\n", "timezone Europe/Berlin --isUtc\n",
    "rootpw\n", "rootpw a b\n", "rootpw --iscrypted\n", "rootpw --iscrypted x\n", "rootpw x --iscrypted\n", "rootpw ''\n", "lang\n", "lang a b\n",
    "driverdisk\n", "driverdisk a b\n", "driverdisk a --source=b\n", "driverdisk a\n", "mount /dev/sda1 root\n", "mount /dev/sda1 none\n", "mount /dev/sda1\n",
    "mount /dev/sda1 / --reformat\n", "mount /dev/sda1 / --reformat=xfs\n", "mount --reformat /dev/sda1 /\n", "mount /dev/sda1 / --mkfsoptions=x\n",
    "network --bridgeopts=stp=yes\n", "network --bridgeslaves=a --bridgeopts=stp\n", "network --bridgeslaves=a --bridgeopts=stp=yes\n",
    "network --bindto=mac --vlanid=5\n", "network --bootproto=fixed\n", "network --ipv4-dns-search=x\n", "network --device=a --ipv4-dns-search=x\n",
    "nvdimm reconfigure --namespace=n --mode=sector\n", "nvdimm reconfigure --namespace=n --mode=sector --sectorsize=512\n", "nvdimm use\n", "nvdimm reconfigure --blockdevs=p\n",
    "realm\n", "realm leave\n", "realm join\n", "realm join a b\n", "realm join --one-time-password=x a\n", "realm join --no-password a\n", "realm join --bad a\n",
    "rescue --nomount --romount\n", "services\n", "services --enabled=\n", "snapshot root --name=s --when=pre-install\n", "snapshot v/r --name=s --when=now\n",
    "sshpw --username=a\n", "sshpw --username=a b c\n", "sshkey --username=a ssh-rsa AAAA\n", "timesource\n", "timesource --ntp-server=a --ntp-pool=b\n",
    "zfcp --devnum=a\n", "zfcp --devnum=a --wwpn=b\n", "autopart --type=btrfs\n", "autopart --type=btrfs --fstype=xfs\n", "autopart --fstype=btrfs\n",
    "autopart --pbkdf-time=1 --pbkdf-iterations=1\n", "autopart --pbkdf-time=0 --pbkdf-iterations=1\n", "autopart --noswap --hibernation\n", "autopart --type=stratis --cipher=x\n",
    "bootloader --boot-drive=a,b\n", "bootloader --sdboot --extlinux\n", "bootloader --location=mars\n", "cmdline --non-interactive\n", "text --non-interactive\n",
    "logging --port=5\n", "logging --host=h --port=5\n", "logging --level=info\n", "logging --level=loud\n", "rhsm --organization=1 --activation-key=''\n", "updates\n", "updates a b\n",
    "repo --name=x\n", "repo --name=x --baseurl=a --metalink=b\n", "repo --name=x --baseurl=a --ignoregroups=maybe\n", "zerombr yes\n", "cdrom x\n", "eula\n", "harddrive --dir=/\n",
    "harddrive --partition=a --biospart=b --dir=/\n", "firewall --port=22:tcp --port 80\n", "firstboot --reconfig\n", "stratispool p\n", "stratispool p d --passphrase=x\n",
    "stratisfs / --name=f --poolname=p --maxsize=5\n", "bootc --source-imgref=x\nostreecontainer --url=q\n", "%ksappend\n", "iscsiname\n", "iscsiname a b\n",
]


def mutants(pick, text, count):
    """A good kickstart with one to three slips of the hand."""
    slips = "\"'#\\%=-, \n"
    for _ in range(count):
        made = text
        for _ in range(pick.choice([1, 1, 1, 2, 3])):
            at = pick.randrange(len(made))
            kind = pick.randrange(4)
            if kind == 0:
                made = made[:at] + made[at + 1:]
            elif kind == 1:
                made = made[:at] + pick.choice(slips) + made[at:]
            elif kind == 2:
                made = made[:at] + made[at + 1:at + 2] + made[at:at + 1] + made[at + 2:]
            else:
                lines = made.split("\n")
                line = pick.randrange(len(lines))
                made = "\n".join(lines[:line] + ([] if pick.random() < 0.5 else [lines[line]] * 2) + lines[line + 1:])
        yield made


GOOD = """text
url --url="http://mirror.example.org/9/BaseOS/x86_64/os/"
repo --name="AppStream" --baseurl=http://mirror.example.org/9/AppStream/x86_64/os
keyboard --xlayouts='us'
lang en_US.UTF-8
network --bootproto=static --device=bond0 --ip=192.0.2.2 --netmask=255.255.255.0 --gateway=192.0.2.1 --bondslaves=em1,em2 --bondopts=mode=802.3ad,miimon=100
network --hostname=web1
%packages --exclude-weakdeps
@^minimal-environment
vim-enhanced # an editor
-iwl7260-firmware
%end
firstboot --disable
ignoredisk --only-use=sda
clearpart --all --initlabel --drives=sda
part swap --fstype="swap" --ondisk=sda --size=2048
part /boot/efi --fstype="efi" --ondisk=sda --size=600 --fsoptions="umask=0077,shortname=winnt"
part pv.01 --ondisk=sda --size=10000 --grow
volgroup vg pv.01
logvol / --vgname=vg --name=root --size=8000 --grow
timezone America/Los_Angeles --utc
rootpw --lock
user --groups=wheel --name=kenneth --password=$6$a$b --iscrypted --gecos="Kenneth F"
sshkey --username=kenneth "ssh-ed25519 AAAA kenneth@node1"
reboot
%addon com_redhat_kdump --enable --reserve-mb='auto'
%end
%post --erroronfail --log=/root/post.log
echo "it's 100% done"
%end
"""


def cases(release):
    pick = random.Random("kickstand " + release)
    handler = makeVersion(release)
    for name, entry in grammar(release).items():
        texts = section_cases(name, entry) if name.startswith("%") else command_cases(handler, name, entry, pick)
        for text in texts:
            yield name, text
    for text in STRUCTURE:
        yield "structure", text
    for text in mutants(pick, GOOD, 150):
        yield "mutant", text


def main():
    mode, releases = sys.argv[1], sys.argv[2:]
    if mode == "grammar":
        print(json.dumps({release: grammar(release) for release in releases}))
    elif mode == "cases":
        for release in releases:
            judge_of_it = Judge(release)
            for name, text in cases(release):
                verdict = judge_of_it.verdict(text)
                print(json.dumps({"release": release, "name": name, "text": text, "verdict": verdict}))
    elif mode == "judge":
        judge_of_it = Judge(releases[0])
        for line in sys.stdin:
            case = json.loads(line)
            print(json.dumps({"name": case["name"], "verdict": judge_of_it.verdict(case["text"])}))


if __name__ == "__main__":
    main()
