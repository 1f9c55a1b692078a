# Stands in for OpenWrt's dhcp-script.sh and for procd's hotplug: dnsmasq calls it, and it runs what is below /etc/hotplug.d of the
# router, whose ROOT, SOCKET of ubusd and command UBUS are set above. It cannot show procd's queue, dnsmasq's jail, and that OpenWrt
# calls a script only where one is installed.

ubus() { UBUS_SOCKET="$SOCKET" "$UBUS" "$@"; }

case "$1" in
add | old | del)
	kind=dhcp MACADDR="$2" IPADDR="$3" HOSTNAME="$4"
	case "$1" in add) ACTION=add ;; old) ACTION=update ;; del) ACTION=remove ;; esac
	;;
tftp)
	# On a router the root is /.
	kind=tftp ACTION=add TFTP_SIZE="$2" TFTP_ADDR="$3" TFTP_PATH="${4#"$ROOT"}"
	;;
*)
	exit 0
	;;
esac

for script in "$ROOT/etc/hotplug.d/$kind"/*; do
	[ -e "$script" ] || continue
	eval "$(sed "s#/usr/share/libubox/jshn.sh#'$ROOT/lab/jshn.sh'#" "$script")"
done
wait
