'use strict';
'require baseclass';

// What a value in /etc/config/kickstand may be: as strict as the service, which reads it after this page has written it.
// Each check gets a text that is not empty and returns true, or a sentence that says what is allowed.
// A table of cases holds this file and the service together: tests/luci/cases.json.

// Longest name of a network interface in the kernel (IFNAMSIZ less its closing zero), of a host name and its labels (RFC 1123), and of
// a login name; in characters, which are bytes here.
const INTERFACE_LENGTH = 15, HOSTNAME_LENGTH = 253, LABEL_LENGTH = 63, LOGIN_LENGTH = 32;
// Longest serial number of a disk that is compared, in characters.
const SERIAL_LENGTH = 64;
// Longest path of a webhook's URL, and longest value of its header `Authorization`, in characters.
const PATH_LENGTH = 1024, AUTHORIZATION_LENGTH = 2048;
// What a webhook can be told.
const HAPPENINGS = [ 'idle', 'armed', 'booting', 'installing', 'installed', 'failed', 'expired', 'discovered', 'unknown' ];
// Shortest and longest window of an arm, in seconds.
const SHORTEST_WINDOW = 60, LONGEST_WINDOW = 604800;

const expect = (fits, sentence) => fits ? true : sentence;

function number(value, least, most) {
	return expect(/^[0-9]+$/.test(value) && Number(value) >= least && Number(value) <= most, _('a number, %d to %d').format(least, most));
}

// The four bytes of an IPv4 address as a number, or null. As inet_pton(3): decimal, no leading zeros.
function ipv4(value) {
	const parts = value.split('.');
	if (parts.length != 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255))
		return null;

	return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

// RFC 4291 2.2, without a zone.
function ipv6(value) {
	let text = value;
	const tail = text.lastIndexOf(':') + 1;
	if (text.substring(tail).includes('.')) {
		if (ipv4(text.substring(tail)) == null)
			return false;
		text = text.substring(0, tail) + '0:0';
	}

	const halves = text.split('::');
	if (halves.length > 2)
		return false;

	const groups = halves.flatMap((half) => half === '' ? [] : half.split(':'));
	return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) && (halves.length == 2 ? groups.length < 8 : groups.length == 8);
}

// The two sides of the only slash, the prefix as a number; or null. A service in Rust reads "+8" as a number too: so does this.
function prefixed(value, most) {
	const match = /^([^/]*)\/\+?([0-9]+)$/.exec(value);
	return match && Number(match[2]) <= most ? [ match[1], Number(match[2]) ] : null;
}

function path(value, names) {
	return value.split('/').every((name) => names.test(name) && name != '.' && name != '..');
}

// A name that DNS can have, or a container's with `_`. One that ends in a number is an address with a slip.
function server(value) {
	const labels = value.split('.');
	return value.length <= HOSTNAME_LENGTH && !/^[0-9]+$/.test(labels[labels.length - 1]) && labels.every((label) =>
		label.length <= LABEL_LENGTH && /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label));
}

return baseclass.extend({
	HAPPENINGS: HAPPENINGS,

	port: (value) => number(value, 1024, 65535),
	window: (value) => number(value, SHORTEST_WINDOW, LONGEST_WINDOW),
	attempts: (value) => number(value, 1, 10),

	mac(value) {
		const form = /^(?:[0-9a-fA-F]{12}|[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}|[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5})$/.test(value);
		if (!form)
			return _('a MAC address such as b8:ca:3a:00:00:01');

		const digits = value.replace(/[:-]/g, '');
		// The lowest bit of the first byte marks a group address (IEEE 802).
		return expect(!/^0{12}$/.test(digits) && parseInt(digits.substring(0, 2), 16) % 2 == 0,
			_('the address of one network card (not zero, broadcast or multicast)'));
	},

	section_name: (value) => expect(/^[A-Za-z0-9_]+$/.test(value), _('letters, digits and _')),

	path: (value) => expect(/^\//.test(value) && path(value.substring(1).replace(/\/+$/, ''), /^[A-Za-z0-9._+@-]+$/),
		_('an absolute path such as /srv/tftp, without spaces or “..”')),

	relative_path: (value) => expect(path(value, /^[A-Za-z0-9._+-]+$/), _('a path below the TFTP folder such as x86_64/snponly.efi')),

	template_name: (value) => expect(path(value, /^[A-Za-z0-9._+-]+$/), _('a file name such as almalinux.ks')),

	disk: (value) => expect(/^\/dev\//.test(value) && path(value.substring(5), /^[A-Za-z0-9._+:@=,-]+$/),
		_('a disk below /dev, best by path: /dev/disk/by-path/pci-0000:00:1f.2-ata-1')),

	disk_serial: (value) => expect(value.length <= SERIAL_LENGTH && /^[!-~]([ -~]*[!-~])?$/.test(value),
		_('a disk’s serial number such as WD-WCC4E1234567, %d characters at most').format(SERIAL_LENGTH)),

	hostname: (value) => expect(value.length <= HOSTNAME_LENGTH && value.split('.').every((label) =>
		label.length <= LABEL_LENGTH && /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label)),
		_('a host name: letters, digits and -, labels parted by dots')),

	network_interface: (value) => expect(value.length <= INTERFACE_LENGTH && /^[A-Za-z0-9._-]+$/.test(value) && value != '.' && value != '..',
		_('a network interface such as enp1s0f0, %d characters at most').format(INTERFACE_LENGTH)),

	bond_options: (value) => expect(value.split(',').every((pair) => /^[A-Za-z0-9_]+=[A-Za-z0-9_+.:-]+$/.test(pair)),
		_('options such as mode=802.3ad,miimon=100')),

	address(value) {
		const sentence = _('an IPv4 address of one machine with its prefix length, such as 192.0.2.2/24');
		const parts = prefixed(value, 32), address = parts && ipv4(parts[0]);
		if (address == null || parts[1] < 1)
			return sentence;

		const size = Math.pow(2, 32 - parts[1]), place = address % size;
		const network = parts[1] < 31 && (place == 0 || place == size - 1);
		const first = Math.floor(address / 16777216);
		const machine = address != 0 && first != 127 && !(first >= 224 && first <= 239);

		return expect(!network && machine, sentence);
	},

	address4: (value) => expect(ipv4(value) != null, _('an IPv4 address such as 192.0.2.1')),

	address6_with_prefix(value) {
		const parts = prefixed(value, 128);
		return expect(parts && parts[1] >= 1 && ipv6(parts[0]), _('an IPv6 address with its prefix length, such as 2001:db8::103/64'));
	},

	address6: (value) => expect(ipv6(value), _('an IPv6 address such as 2001:db8::1')),

	any_address: (value) => expect(ipv4(value) != null || ipv6(value), _('an IP address such as 8.8.8.8')),

	network(value) {
		const parts = prefixed(value.includes('/') ? value : value + '/32', 32);
		return expect(parts && ipv4(parts[0]) != null, _('an IPv4 network such as 192.0.2.0/24'));
	},

	url: (value) => expect(/^(https?:\/\/|ftp:\/\/|nfs:|tftp:\/\/|\{\{)/.test(value), _('a URL such as http://repo.example.org/9')),

	download_url: (value) => expect(/^https?:\/\/[!-.0-~]+\/[!-~]*$/.test(value), _('the URL of a file such as https://example.org/ipxeboot.tar.gz')),

	webhook_url(value) {
		const sentence = _('the URL of a server such as http://192.168.1.5:8065/hooks/abc, without name and password');
		const parts = /^https?:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\/?:[\]]+))(?::([0-9]{1,5}))?([\/?].*)?$/.exec(value);
		if (!parts)
			return sentence;

		const [ , address6, host, port, path ] = parts;
		const place = address6 ? ipv6(address6) : ipv4(host) != null || server(host);
		const number = Number(port ?? 80);
		return expect(place && number >= 1 && number <= 65535 && (path ?? '').length <= PATH_LENGTH &&
			/^[A-Za-z0-9._~!$&'()*+,;=:@\/?%-]*$/.test(path ?? ''), sentence);
	},

	webhook_event: (value) => expect(HAPPENINGS.includes(value), _('one of %s').format(HAPPENINGS.join(', '))),

	authorization: (value) => expect(value.length <= AUTHORIZATION_LENGTH && /^[!-~]([ -~]*[!-~])?$/.test(value),
		_('the value of a header such as “Bearer abc”, of plain characters')),

	sha256: (value) => expect(/^[0-9a-fA-F]{64}$/.test(value), _('64 hexadecimal digits, as sha256sum prints them')),

	variable: (value) => expect(/^[A-Za-z_][A-Za-z0-9_]*=/.test(value), _('name=value, the name of letters, digits and _')),

	group: (value) => expect(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(value) && value != 'all' && value != 'ungrouped', _('a name of letters, digits and _')),
	software: (value) => expect(/^[A-Za-z0-9._+:*@/-]+$/.test(value.replace(/^-*@*\^*/, '')), _('the name of a package or @group')),

	login: (value) => expect(/^[a-z_][a-z0-9_-]*$/.test(value) && value.length <= LOGIN_LENGTH && value != 'root',
		_('a login name: lower-case letters, digits, _ and -, %d at most, not root').format(LOGIN_LENGTH)),

	password_hash: (value) => expect(/^\$[A-Za-z0-9$./=,-]+$/.test(value) && value.split('$').length >= 4,
		_('a hash, never a password: make one with “openssl passwd -6”')),

	ssh_key: (value) => expect(/^(ssh-|ecdsa-|sk-)[^ "]* AAAA[A-Za-z0-9+/=]*( |$)/.test(value) && !value.includes('"'),
		_('a public key such as “ssh-ed25519 AAAA… name” (the line of the .pub file)')),

	gecos: (value) => expect(!/[:"\\]/.test(value), _('a name without “:”, quotation marks and “\\”')),

	// One line of text, as every value must be.
	line: (value) => expect(!/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(value), _('one line of text'))
});
