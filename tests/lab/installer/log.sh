# What the stand-in says, to whom, and how it ends. No decisions about the installation.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

# Every line goes to the console, to the file that Anaconda keeps, and through syslogd to inst.syslog.
say() {
    echo "INSTALLER: $*"
    echo "$(date +%H:%M:%S) INF anaconda: $*" >>/tmp/anaconda.log
    logger -t anaconda -p daemon.info -- "$*" 2>/dev/null
}

# What Anaconda itself logs when it comes to this point, word for word (pyanaconda/installation.py and kickstart.py, payload/dnf):
# to inst.syslog only, where those who watch an installation look for it.
anaconda_says() {
    logger -t anaconda -p local1.info -- "anaconda: $*" 2>/dev/null
}

warn() {
    echo "INSTALLER: warning: $*"
    echo "$(date +%H:%M:%S) WRN anaconda: $*" >>/tmp/anaconda.log
    logger -t anaconda -p daemon.warning -- "$*" 2>/dev/null
}

# Something failed: the kickstart's own scripts hear of it first, then the machine stops.
fail() {
    echo "INSTALLER: failed: $*"
    echo "$(date +%H:%M:%S) CRT anaconda: $*" >>/tmp/anaconda.log
    logger -t anaconda -p daemon.crit -- "$*" 2>/dev/null
    # A failing %onerror must not start %onerror again.
    if [ -z "$failing" ]; then
        failing=yes
        run_scripts onerror
        run_scripts traceback
    fi
    finish poweroff
}

finish() {
    say "ends with $1"
    sync
    for mounted in /mnt/sysroot/dev /mnt/sysroot/proc /mnt/sysroot/sys /mnt/sysroot/boot/efi /mnt/sysroot/boot \
        /mnt/sysroot; do
        umount "$mounted" 2>/dev/null
    done
    # syslogd sends as soon as it is scheduled; without this pause the last line can die with the network card.
    sleep 0.3
    if [ "$1" = reboot ]; then reboot -f; else poweroff -f; fi
    sleep 60
}

# A command whose output belongs to the log rather than to the console.
logged() {
    "$@" >>/tmp/program.log 2>&1
}
