# What the commands of a kickstart mean to the stand-in. Fills variables and lists; changes nothing on any disk.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

# Anaconda waits for a person when a kickstart does not say how to end; here the machine goes off.
ending=poweroff
hostname=localhost
timezone=UTC
language=en_US.UTF-8

read_commands() {
    : >/tmp/ks/parts
    : >/tmp/ks/accounts
    ignored=
    unknown=
    while IFS= read -r line; do
        arguments=$(printf '%s\n' "$line" | words) || fail "quotes that do not close: $line"
        [ -n "$arguments" ] || continue
        old_separators=$IFS
        IFS='
'
        set -f
        # shellcheck disable=SC2086 # one word a line is the purpose of `words`
        set -- $arguments
        set +f
        IFS=$old_separators
        read_command "$@"
    done </tmp/ks/commands
    [ -z "$ignored" ] || say "leaves to the real Anaconda:$ignored"
    [ -z "$unknown" ] || warn "unknown commands, a fault in the real Anaconda:$unknown"
    choose_disk
}

read_command() {
    name=$1
    shift
    case $name in
    ignoredisk) only_use=$(option only-use "$@") || warn "ignoredisk without --only-use is ignored" ;;
    clearpart) read_clearpart "$@" ;;
    part | partition) read_part "$@" ;;
    autopart)
        printf '%s\n' '/boot/efi efi 200 no' '/boot ext4 512 no' '/ ext4 1024 yes' >>/tmp/ks/parts
        warn "autopart makes plain partitions here"
        ;;
    network) hostname=$(option hostname "$@") || hostname=${hostname:-localhost} ;;
    rootpw) read_rootpw "$@" ;;
    user) read_user "$@" ;;
    sshkey) read_sshkey "$@" ;;
    timezone) read_timezone "$@" ;;
    lang) language=$1 ;;
    reboot) ending=reboot ;;
    poweroff | shutdown | halt) ending=poweroff ;;
    zerombr) initialise=yes ;;
    text | cmdline | graphical | url | keyboard | firstboot | repo | eula | selinux | firewall | services | skipx | \
        bootloader | xconfig | authselect | rhsm | group | logging | module | timesource | mediacheck | nfs | cdrom | \
        harddrive | liveimg | reqpart | sshpw | syspurpose | realm | updates | vnc | rdp)
        ignored="$ignored $name"
        ;;
    *) unknown="$unknown $name" ;;
    esac
}

read_clearpart() {
    clear_disks=$(option drives "$@") || clear_disks=
    has all "$@" && clear=yes
    has initlabel "$@" && initialise=yes
    has none "$@" && clear=
}

# A line of /tmp/ks/parts: mount point, file system, size in MiB, whether it grows.
read_part() {
    mount_point=$1
    shift
    size=$(option size "$@") || size=1
    kind=$(option fstype "$@") || kind=ext4
    [ "$mount_point" = swap ] && kind=swap
    [ "$mount_point" = /boot/efi ] && kind=efi
    [ "$mount_point" = biosboot ] && kind=biosboot
    grows=no
    has grow "$@" && grows=yes
    part_disk=$(option ondisk "$@") || part_disk=$(option ondrive "$@") || part_disk=
    [ -z "$part_disk" ] || part_disks="$part_disks $part_disk"
    case $mount_point in
    swap | biosboot | /*) printf '%s\n' "$mount_point $kind $size $grows" >>/tmp/ks/parts ;;
    *) fail "part $mount_point: the stand-in makes mount points, swap and biosboot only" ;;
    esac
}

# A line of /tmp/ks/accounts: what it is, the account, and the rest of the line.
read_rootpw() {
    if has lock "$@"; then
        echo 'password root !' >>/tmp/ks/accounts
        return
    fi
    for last; do :; done
    has iscrypted "$@" || last=$(mkpasswd -m sha512 "$last")
    printf '%s\n' "password root $last" >>/tmp/ks/accounts
}

read_user() {
    account=$(option name "$@") || fail "user without --name"
    password=$(option password "$@") || password='!'
    if has lock "$@"; then
        password='!'
    elif [ "$password" != '!' ] && ! has iscrypted "$@"; then
        password=$(mkpasswd -m sha512 "$password")
    fi
    groups=$(option groups "$@") || groups=
    printf '%s\n' "user $account $groups" "password $account $password" >>/tmp/ks/accounts
}

read_sshkey() {
    account=$(option username "$@") || fail "sshkey without --username"
    for last; do :; done
    printf '%s\n' "key $account $last" >>/tmp/ks/accounts
}

read_timezone() {
    for candidate; do
        case $candidate in --*) ;; *) timezone=$candidate ;; esac
    done
}
