# Disks: their names, the choice of one, partitions, file systems. The only part that writes to a disk.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

whole_disks() {
    for path in /sys/block/*; do
        name=${path##*/}
        case $name in loop* | ram* | zram* | sr* | fd* | dm-* | md*) continue ;; esac
        [ "$(cat "$path/size")" -gt 0 ] && echo "$name"
    done
}

# There is no udev here: the links that it would make for disks on virtio and NVMe, under Debian's and RHEL's names.
make_disk_links() {
    mkdir -p /dev/disk/by-path /dev/disk/by-id
    for name in $(whole_disks); do
        slot=$(readlink -f "/sys/block/$name/device" | grep -o '[0-9a-f]*:[0-9a-f]*:[0-9a-f]*\.[0-9a-f]' | tail -n 1)
        case $name in
        vd*)
            ln -sf "../../$name" "/dev/disk/by-path/pci-$slot"
            ln -sf "../../$name" "/dev/disk/by-path/virtio-pci-$slot"
            serial=$(cat "/sys/block/$name/serial" 2>/dev/null)
            [ -z "$serial" ] || ln -sf "../../$name" "/dev/disk/by-id/virtio-$serial"
            ;;
        nvme*) ln -sf "../../$name" "/dev/disk/by-path/pci-$slot-nvme-${name##*n}" ;;
        esac
    done
}

# The kernel's name of a disk that a kickstart names: vda, /dev/vda, disk/by-path/…, or with a * as Anaconda allows.
resolve_disk() {
    # shellcheck disable=SC2231 # a * in the name is meant
    for candidate in /dev/${1#/dev/} /dev/disk/*/$1; do
        candidate=$(readlink -f "$candidate")
        if [ -b "$candidate" ] && [ -d "/sys/block/${candidate##*/}" ]; then
            echo "${candidate##*/}"
            return 0
        fi
    done
    return 1
}

# One disk is installed on: the one of ignoredisk, else of part, else the only one that there is.
choose_disk() {
    [ -s /tmp/ks/parts ] || fail "the kickstart plans no partitions"
    for named in $(echo "$only_use $clear_disks $part_disks" | tr , ' '); do
        found=$(resolve_disk "$named") ||
            fail "disk $named is not in this machine, which has: $(whole_disks | tr '\n' ' ')"
        [ -z "$disk" ] || [ "$disk" = "$found" ] || fail "the kickstart names two disks, $disk and $found"
        disk=$found
    done
    if [ -z "$disk" ]; then
        disk=$(whole_disks)
        case $disk in
        '') fail "this machine has no disk" ;;
        *[[:space:]]*) fail "the kickstart names no disk and there are several: $(echo "$disk" | tr '\n' ' ')" ;;
        esac
    fi
}

partition_type() {
    case $1 in
    efi) echo C12A7328-F81F-11D2-BA4B-00A0C93EC93B ;;
    swap) echo 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F ;;
    biosboot) echo 21686148-6449-6E6F-744E-656564454649 ;;
    *) echo 0FC63DAF-8483-4772-8E79-3D69D8477DE4 ;;
    esac
}

partition_disk() {
    sfdisk -d "/dev/$disk" >/dev/null 2>&1 && [ -z "$clear" ] &&
        fail "$disk has partitions and the kickstart does not clear them"
    # Sectors of 512 bytes to MiB; one MiB stays free at each end for the two copies of the table.
    free=$(($(cat "/sys/block/$disk/size") / 2048 - 2))
    while read -r _ _ size _; do free=$((free - size)); done </tmp/ks/parts
    [ $free -ge 0 ] || fail "not enough space on $disk: $((-free)) MiB are missing"
    growing=$(grep -c ' yes$' /tmp/ks/parts)
    echo 'label: gpt' >/tmp/ks/table
    while read -r mount_point kind size grows; do
        [ "$grows" = no ] || size=$((size + free / growing))
        echo "size=${size}MiB, type=$(partition_type "$kind")" >>/tmp/ks/table
    done </tmp/ks/parts
    say "partitions $disk: $(cut -d' ' -f1 /tmp/ks/parts | tr '\n' ' ')"
    logged sfdisk --wipe always --wipe-partitions always "/dev/$disk" </tmp/ks/table || fail "sfdisk failed on $disk"
    make_file_systems
}

# The kernel's name of a partition: vda1, but nvme0n1p1.
partition_name() {
    case $disk in *[0-9]) echo "/dev/${disk}p$1" ;; *) echo "/dev/$disk$1" ;; esac
}

make_file_systems() {
    : >/tmp/ks/file-systems
    number=0
    while read -r mount_point kind _ _; do
        number=$((number + 1))
        device=$(partition_name $number)
        for _ in $(seq 50); do
            [ -b "$device" ] && break
            sleep 0.1
        done
        uuid=$(cat /proc/sys/kernel/random/uuid)
        case $kind in
        swap) logged mkswap "$device" ;;
        biosboot) ;;
        efi | vfat)
            uuid=$(echo "$uuid" | cut -c1-8)
            logged mkfs.vfat -F 32 -i "$uuid" "$device"
            ;;
        *)
            [ "$kind" = ext4 ] || warn "$mount_point is made as ext4, not $kind"
            # Features that GRUB 2.06 cannot read are left out; lazy_* put off work that a VM has no time for.
            logged mkfs.ext4 -q -F -U "$uuid" -O '^metadata_csum_seed,^orphan_file' \
                -E lazy_itable_init=1,lazy_journal_init=1 "$device"
            ;;
        esac || fail "cannot make $kind on $device"
        echo "$mount_point $device $uuid" >>/tmp/ks/file-systems
    done </tmp/ks/parts
}

mount_target() {
    grep -q '^/ ' /tmp/ks/file-systems || fail "the kickstart plans no /"
    # Shorter mount points first: / before /boot before /boot/efi.
    sort /tmp/ks/file-systems | while read -r mount_point device _; do
        case $mount_point in /*) ;; *) continue ;; esac
        mkdir -p "/mnt/sysroot$mount_point"
        mount "$device" "/mnt/sysroot$mount_point" || exit 1
    done || fail "cannot mount what was just made on $disk"
    ln -sfn sysroot /mnt/sysimage
}
