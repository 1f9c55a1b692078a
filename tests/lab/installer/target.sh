# The installed system: unpack it, give it its name and accounts, make it start from its disk.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

target=/mnt/sysroot

unpack_system() {
    [ -n "$repository" ] || fail "the kernel's arguments hold no inst.repo"
    say "fetches the system from ${repository%/}"
    curl --location --retry 3 --retry-connrefused --fail --silent --show-error --output /tmp/system.tar.gz \
        "${repository%/}/system.tar.gz" || fail "cannot fetch ${repository%/}/system.tar.gz"
    anaconda_says "progress: Preparing transaction from installation source"
    tar -xzf /tmp/system.tar.gz -C $target || fail "cannot unpack the system"
    rm /tmp/system.tar.gz
    # %post scripts report with curl. The installer has it already, so the archive need not bring it.
    mkdir -p $target/usr/bin $target/lib
    cp /usr/bin/curl $target/usr/bin/
    cp -r /lib/*-linux-gnu $target/lib/
    cp -r /lib64 $target/
    mkdir -p $target/dev $target/proc $target/sys $target/tmp $target/etc
    for name in dev proc sys; do mount -o bind "/$name" "$target/$name"; done
    cp /etc/resolv.conf $target/etc/resolv.conf 2>/dev/null
}

write_accounts() {
    next_id=1000
    echo 'root:x:0:0:root:/root:/bin/sh' >$target/etc/passwd
    echo 'root:!:19000:0:99999:7:::' >$target/etc/shadow
    echo 'root:x:0:' >$target/etc/group
    chmod 600 $target/etc/shadow
    mkdir -p $target/root
    chmod 700 $target/root
    # The kickstart's order is free: first the accounts, then what belongs to them.
    grep '^user ' /tmp/ks/accounts | while read -r _ account groups; do
        echo "$account:x:$next_id:$next_id::/home/$account:/bin/sh" >>$target/etc/passwd
        echo "$account:!:19000:0:99999:7:::" >>$target/etc/shadow
        echo "$account:x:$next_id:" >>$target/etc/group
        for group in $(echo "$groups" | tr , ' '); do
            echo "$group:x:$((next_id + 1000)):$account" >>$target/etc/group
        done
        mkdir -p "$target/home/$account"
        chmod 700 "$target/home/$account"
        chown $next_id:$next_id "$target/home/$account"
        next_id=$((next_id + 1))
    done
    grep '^password ' /tmp/ks/accounts | while read -r _ account password; do
        awk -F: -v OFS=: -v account="$account" -v password="$password" \
            '$1 == account { $2 = password } { print }' $target/etc/shadow >/tmp/shadow
        cat /tmp/shadow >$target/etc/shadow
    done
    grep '^key ' /tmp/ks/accounts | while read -r _ account key; do
        folder=$(awk -F: -v account="$account" '$1 == account { print $6 }' $target/etc/passwd)
        if [ -z "$folder" ]; then
            warn "sshkey for $account, which is no account"
            continue
        fi
        mkdir -p "$target$folder/.ssh"
        chmod 700 "$target$folder/.ssh"
        printf '%s\n' "$key" >>"$target$folder/.ssh/authorized_keys"
        chmod 600 "$target$folder/.ssh/authorized_keys"
        chown -R "$(stat -c %u:%g "$target$folder")" "$target$folder/.ssh"
    done
}

write_host_files() {
    echo "$hostname" >$target/etc/hostname
    echo "$timezone" >$target/etc/timezone
    echo "LANG=$language" >$target/etc/locale.conf
    : >$target/etc/fstab
    sort /tmp/ks/file-systems | while read -r mount_point device uuid; do
        case $mount_point in
        /boot/efi) echo "UUID=$(echo "$uuid" | tr a-f A-F | sed 's/^..../&-/') /boot/efi vfat umask=0077 0 2" ;;
        /*) echo "UUID=$uuid $mount_point ext4 defaults 0 1" ;;
        swap) echo "$device none swap defaults 0 0" ;;
        esac
    done >>$target/etc/fstab
    mkdir -p $target/etc/kickstand-lab
    echo "$home" >$target/etc/kickstand-lab/home
}

# The archive brings Debian's signed shim and GRUB, which read EFI/debian/grub.cfg of the partition they came from.
write_boot_loader() {
    # The name that firmware looks for by itself; the stand-in makes no entry in the firmware's boot order.
    mkdir -p $target/boot/efi/EFI/BOOT
    cp $target/boot/efi/EFI/debian/shimx64.efi $target/boot/efi/EFI/BOOT/BOOTX64.EFI
    cp $target/boot/efi/EFI/debian/grubx64.efi $target/boot/efi/EFI/BOOT/grubx64.efi
    root_uuid=$(awk '$1 == "/" { print $3 }' /tmp/ks/file-systems)
    boot_uuid=$(awk '$1 == "/boot" { print $3 }' /tmp/ks/file-systems)
    folder=
    [ -n "$boot_uuid" ] || folder=/boot
    grep -q '^/boot/efi ' /tmp/ks/file-systems || warn "no /boot/efi: UEFI firmware will not start this system"
    {
        # Firmware that shows its text on the serial line already would otherwise show every line twice.
        [ -d /sys/firmware/efi ] || [ "$console" != ttyS0 ] || printf '%s\n' 'serial --unit=0' 'terminal_output serial'
        echo "set timeout=0"
        echo "search --no-floppy --fs-uuid --set=root ${boot_uuid:-$root_uuid}"
        echo "linux $folder/vmlinuz root=UUID=$root_uuid ro quiet${console:+ console=$console}"
        echo "initrd $folder/initrd.img"
        echo boot
    } >$target/boot/efi/EFI/debian/grub.cfg
}
