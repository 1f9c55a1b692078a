# Names of the disks in this machine: nothing optical, nothing that is made of other disks or of memory.
disks() {
    for entry in /sys/block/*; do
        case ${entry##*/} in loop* | ram* | zram* | sr* | fd* | md* | dm-* | nbd* | mmcblk*boot* | mmcblk*rpmb) continue ;; esac
        [ "$(cat "$entry/hidden" 2>/dev/null)" != 1 ] || continue
        [ "$(cat "$entry/size")" -gt 0 ] || continue
        echo "${entry##*/}"
    done
}
# Whether a disk hangs on USB, or its medium can be taken out.
removable() {
    case $(readlink -f "/sys/block/$1") in */usb*) return 0 ;; esac
    [ "$(cat "/sys/block/$1/removable")" != 0 ]
}
# The serial number of a disk, from the first that knows one: udev's table, or the kernel.
serial_of() {
    node=$(readlink -f "$1")
    {
        lsblk -dno SERIAL "$node"
        udevadm info --query=property --name="$node" | sed -n 's/^ID_SERIAL_SHORT=//p'
        cat "/sys/block/${node##*/}/serial"
        echo
        cat "/sys/block/${node##*/}/device/serial"
    } 2>/dev/null | tr -d '\000' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | grep -m 1 .
}
