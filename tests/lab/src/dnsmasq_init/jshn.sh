# A stand-in for libubox's jshn.sh: objects of texts, which is all that the hotplug scripts make. Control characters are not handled.

json_init() { JSON=''; }
json_add_string() {
	local value
	value="$(printf %s "$2" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"
	JSON="$JSON${JSON:+,}\"$1\":\"$value\""
}
json_dump() { printf "%s\n" "{$JSON}"; }
