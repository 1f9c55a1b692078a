# What dracut does: the kernel's arguments, the network card, the kickstart. Nothing here reads the kickstart.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

read_arguments() {
    # shellcheck disable=SC2013 # words are what is wanted
    for word in $(cat /proc/cmdline); do
        case $word in
        BOOTIF=*) bootif=${word#BOOTIF=} ;;
        ip=*) ip=${word#ip=} ;;
        nameserver=*) echo "nameserver ${word#nameserver=}" >>/etc/resolv.conf ;;
        inst.ks=*) kickstart=${word#inst.ks=} ;;
        inst.ks.sendmac) send_macs=yes ;;
        inst.repo=*) repository=${word#inst.repo=} ;;
        inst.syslog=*) syslog=${word#inst.syslog=} ;;
        console=*) console=${word#console=} ;;
        # The lab's own word, unknown to Anaconda: the installed system asks for this URL when it has started.
        lab.home=*) home=${word#lab.home=} ;;
        esac
    done
    # A terminal's speed is no part of its name.
    console=${console%%,*}
    [ -n "$kickstart" ] || stop_early "the kernel's arguments hold no inst.ks"
}

# Without a kickstart there is no %onerror to run; dracut would offer an emergency shell.
stop_early() {
    say "failed: $*"
    finish poweroff
}

bring_up_network() {
    # pxelinux writes the hardware type before the address; the script of a hand-made iPXE does not.
    mac=$(echo "$bootif" | tr 'A-F-' 'a-f:')
    case $mac in ??:??:??:??:??:??:??) mac=${mac#*:} ;; esac
    for _ in $(seq 50); do
        for path in /sys/class/net/*; do
            [ "$(cat "$path/address")" = "$mac" ] && card=${path##*/}
        done
        [ -n "$card" ] && break
        sleep 0.1
    done
    [ -n "$card" ] || stop_early "no network card has the address of BOOTIF=$bootif"
    ip link set lo up
    ip link set "$card" up
    case $ip in
    dhcp | '') configure_by_dhcp ;;
    *) configure_as_given ;;
    esac
}

# dracut.cmdline(7): ip=<client>:<peer>:<gateway>:<netmask>:<hostname>:<interface>:<method>
configure_as_given() {
    IFS=: read -r address _ gateway netmask _ _ method <<END
$ip
END
    [ "$method" = none ] || [ "$method" = off ] || warn "ip= has method '$method'; taken as 'none'"
    ip addr add "$address/$netmask" dev "$card" || stop_early "cannot give $card the address $address/$netmask"
    [ -z "$gateway" ] || ip route add default via "$gateway" dev "$card"
    say "has the address $address on $card, as the arguments say"
}

configure_by_dhcp() {
    # shellcheck disable=SC2016 # for the script that is written, not for this one
    {
        echo '#!/bin/sh'
        echo '[ "$1" = bound ] || exit 0'
        echo 'ip addr add "$ip/$mask" dev "$interface"'
        echo '[ -z "$router" ] || ip route add default via "${router%% *}"'
    } >/tmp/lease.sh
    chmod +x /tmp/lease.sh
    udhcpc -i "$card" -s /tmp/lease.sh -n -q -t 10 -T 1 -A 1 || stop_early "no DHCP lease on $card"
    say "has an address by DHCP on $card"
}

start_syslog() {
    if [ -n "$syslog" ]; then
        syslogd -R "$syslog" -L -O /tmp/syslog
    else
        syslogd -O /tmp/syslog
    fi
}

fetch_kickstart() {
    # The words that dracut uses: 404 is final, 503 and a refused connection are tried again.
    set -- --location --retry 3 --retry-connrefused --fail --silent --show-error --output /tmp/ks.cfg
    if [ -n "$send_macs" ]; then
        number=0
        for path in /sys/class/net/*; do
            [ "${path##*/}" = lo ] && continue
            set -- "$@" --header "X-RHN-Provisioning-MAC-$number: ${path##*/} $(cat "$path/address")"
            number=$((number + 1))
        done
    fi
    # A token in the URL is a secret: say where the kickstart is, not how to get it.
    if ! curl "$@" "$kickstart"; then
        stop_early "cannot fetch the kickstart ${kickstart%%\?*}"
    fi
    say "fetched the kickstart ${kickstart%%\?*}, $(wc -c </tmp/ks.cfg) bytes"
}
