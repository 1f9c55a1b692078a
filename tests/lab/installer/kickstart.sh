# The grammar of kickstarts as far as it is needed: sections, words, %include, and running the scripts.
# What a command means is in commands.sh.
# shellcheck shell=dash disable=SC2154,SC2034 # the files share their variables

# Cuts a kickstart into /tmp/ks/body and, for each section, NUMBER-NAME.options and NUMBER-NAME.text.
split_kickstart() {
    rm -rf /tmp/ks
    mkdir -p /tmp/ks
    : >/tmp/ks/body
    section=
    number=100
    while IFS= read -r line || [ -n "$line" ]; do
        case $section:$line in
        "$section":%end | "$section":%end[[:space:]]*) section= ;;
        :%include[[:space:]]*) printf '%s\n' "$line" >>/tmp/ks/body ;;
        :%*)
            number=$((number + 1))
            section=${line%%[[:space:]]*}
            section=$number-${section#%}
            printf '%s\n' "${line#*[[:space:]]}" >"/tmp/ks/$section.options"
            [ "$line" = "%${section#*-}" ] && : >"/tmp/ks/$section.options"
            : >"/tmp/ks/$section.text"
            ;;
        :*) printf '%s\n' "$line" >>/tmp/ks/body ;;
        *) printf '%s\n' "$line" >>"/tmp/ks/$section.text" ;;
        esac
    done <"$1"
    [ -z "$section" ] || fail "section %${section#*-} has no %end"
}

# One word a line, by the rules of a shell's quotes but with no expansion: a password hash is full of dollar signs.
words() {
    awk '{
        word = ""; inside = 0; quote = ""; size = length($0)
        for (at = 1; at <= size; at++) {
            letter = substr($0, at, 1)
            if (quote != "") {
                if (letter == quote) quote = ""
                else if (letter == "\\" && quote == "\"") word = word substr($0, ++at, 1)
                else word = word letter
            } else if (letter == "\"" || letter == "\047") { quote = letter; inside = 1 }
            else if (letter == "\\") { word = word substr($0, ++at, 1); inside = 1 }
            else if (letter == "#" && !inside) break
            else if (letter == " " || letter == "\t") { if (inside) print word; word = ""; inside = 0 }
            else { word = word letter; inside = 1 }
        }
        if (quote != "") exit 1
        if (inside) print word
    }'
}

# The value of an option: `option NAME WORDS…` finds --NAME=value and --NAME value.
option() {
    wanted=$1
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        "--$wanted="*) printf '%s\n' "${1#*=}" && return 0 ;;
        "--$wanted") printf '%s\n' "$2" && return 0 ;;
        esac
        shift
    done
    return 1
}

has() {
    wanted=$1
    shift
    for candidate; do
        [ "$candidate" = "--$wanted" ] && return 0
    done
    return 1
}

# The body with its %include lines replaced by what they name. After %pre, because %pre makes such files.
include_files() {
    : >/tmp/ks/commands
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        %include[[:space:]]*)
            name=$(printf '%s\n' "${line#%include}" | words)
            case $name in
            http:* | https:*)
                curl --location --retry 3 --fail --silent --show-error --output /tmp/ks/included "$name" ||
                    fail "cannot fetch %include $name"
                name=/tmp/ks/included
                ;;
            esac
            [ -f "$name" ] || fail "%include $name: no such file"
            cat "$name" >>/tmp/ks/commands
            ;;
        *) printf '%s\n' "$line" >>/tmp/ks/commands ;;
        esac
    done </tmp/ks/body
}

# Runs all scripts of one kind in their order: pre, pre-install, post, onerror, traceback.
run_scripts() {
    for text in /tmp/ks/*-"$1".text; do
        [ -f "$text" ] || continue
        run_script "$1" "$text"
    done
}

run_script() {
    kind=$1
    text=$2
    old_separators=$IFS
    IFS='
'
    set -f
    # shellcheck disable=SC2046 # one word a line is the purpose of `words`
    set -- $(words <"${text%.text}.options")
    set +f
    IFS=$old_separators
    interpreter=$(option interpreter "$@") || interpreter=/bin/sh
    log=$(option log "$@") || log=/dev/null
    root=
    [ "$kind" = post ] && ! has nochroot "$@" && root=/mnt/sysroot
    if [ ! -x "$root$interpreter" ]; then
        warn "%$kind asks for $interpreter, which is not here; run by /bin/sh"
        interpreter=/bin/sh
    fi
    say "runs %$kind"
    script=/tmp/ks-script
    cp "$text" "$root$script"
    chmod 700 "$root$script"
    if [ -n "$root" ]; then
        chroot "$root" "$interpreter" "$script" >/tmp/script.log 2>&1
    else
        (cd / && "$interpreter" "$script") >/tmp/script.log 2>&1
    fi
    status=$?
    # Anaconda opens --log inside the chroot when the script runs there.
    [ "$log" = /dev/null ] || cp /tmp/script.log "$root$log"
    rm -f "$root$script"
    [ $status -eq 0 ] && return
    while IFS= read -r line; do warn "%$kind: $line"; done </tmp/script.log
    warn "%$kind ended with status $status"
    case $kind in onerror | traceback) return ;; esac
    if has erroronfail "$@"; then fail "%$kind failed and has --erroronfail"; fi
}
