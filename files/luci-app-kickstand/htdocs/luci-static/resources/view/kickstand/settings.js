'use strict';
'require view';
'require dom';
'require form';
'require uci';
'require kickstand.check as check';
'require kickstand.parts as parts';
'require kickstand.service as service';
'require kickstand.words as words';

// /etc/config/kickstand as a form. What it accepts is what the service accepts (kickstand.check); what the service found wrong in the
// file as it is now stands at the option it is about.

// Hosts that are shown at once: a table of a thousand forms takes a browser minutes.
const HOSTS_SHOWN = 50;
// Milliseconds without a key before hosts are searched.
const TYPING = 300;

// Whether a fault is about this section; the service calls a section without a name of its own by its hostname.
function concerns(fault, type, section_id) {
	return fault.type == type && (fault.section == section_id ||
		(uci.get('kickstand', section_id, '.anonymous') && fault.section == uci.get('kickstand', section_id, 'hostname')));
}

function faultLine(text) {
	return E('div', { 'class': 'kickstand-fault', 'role': 'alert' }, [ words.cut(text, 500) ]);
}

function filled(section, id, option) {
	const value = section.formvalue(id, option);
	return Array.isArray(value) ? value.length > 0 : value != null && value !== '';
}

// What must hold between the options of one section: true, or a sentence.
function needs(option, other, title) {
	return (section, id) => !filled(section, id, option) || filled(section, id, other) ? true : _('Needs “%s” too.').format(title);
}

function excludes(option, other, title) {
	return (section, id) => filled(section, id, option) && filled(section, id, other)
		? _('Leave this or “%s” empty: a bond is made of its ports.').format(title) : true;
}

function chosen(option, sentence) {
	return (section, id) => filled(section, id, option) ? true : sentence;
}

function canLogIn(section, id) {
	return filled(section, id, 'password_hash') || filled(section, id, 'ssh_key') ? true : _('Set a password hash or an SSH key: nobody could log in otherwise.');
}

function loginName(section, id) {
	return filled(section, id, 'name') || (!uci.get('kickstand', id, '.anonymous') && check.login(id) === true)
		? true : _('Needed here: the name of the section is no login name.');
}

function template(section, id) {
	return filled(section, id, 'answer') || (section.formvalue(id, 'kind') ?? 'kickstart') == 'kickstart' ? true : _('Needed for this kind of answer file.');
}

return view.extend({
	load() {
		return Promise.all([
			service.status(0, 1).catch((error) => ({ trouble: error })),
			uci.load('kickstand')
		]);
	},

	render([ status ]) {
		parts.loadStyle();
		this.faults = status.fault_list ?? [];
		// Of a section without a fault in the list: usable, or nobody knows.
		const isWhole = (status.fault_count ?? 0) <= this.faults.length;
		this.faultless = status.trouble ? '–' : isWhole ? '✔' : '?';
		this.search = '';
		const map = this.map = new form.Map('kickstand', 'kickstand', _('Servers that install themselves over the network.'));
		map.tabbed = true;
		this.watchChanges(map);

		this.addMain(map);
		this.addProfiles(map);
		this.addHosts(map);
		this.addAccounts(map);
		this.addWebhooks(map);

		return map.render().then((node) => E('div', { 'class': 'kickstand' }, [
			parts.trouble(status.trouble), parts.readOnlyNote(), this.faultSummary(status), node
		]));
	},

	// Keeps the names of sections with changes that are not applied: the service has not seen those.
	watchChanges(map) {
		const load = map.load.bind(map);
		map.load = () => L.resolveDefault(uci.changes(), {}).then((changes) => {
			this.staged = new Set((changes?.kickstand ?? []).map((change) => change[1]));
			return load();
		});
	},

	faultSummary(status) {
		const faults = status.faults ?? [], count = status.fault_count ?? faults.length;
		return count ? E('div', { 'class': 'alert-message warning', 'id': 'kickstand-faults' }, [
			E('h4', {}, [ N_(count, 'The service cannot use %d setting:', 'The service cannot use %d settings:').format(count) ]),
			E('ul', {}, faults.map((fault) => E('li', {}, [ words.text(fault, 500) ])))
		]) : '';
	},

	// Adds an option. `rules` are checks of one value from kickstand.check, then sentences about several options.
	option(section, type, name, title, description, rules, more) {
		const option = section.option(type, name, title, description);
		const { values, relations, ...properties } = Object.assign({ rmempty: true }, more);
		for (const [ value, label ] of values ?? [])
			option.value(value, label);

		option.validate = function(section_id, value) {
			// LuCI asks about what is being typed; what is in a list already counts too.
			const items = [ value ].concat(this.formvalue(section_id));
			for (const item of items.filter((each) => each))
				for (const rule of [ check.line ].concat(rules ?? [])) {
					const allowed = rule(item);
					if (allowed !== true)
						return _('Expecting: %s').format(allowed);
				}
			for (const relation of relations ?? []) {
				const holds = relation(this.section, section_id);
				if (holds !== true)
					return holds;
			}
			return true;
		};

		// What the service says about this option goes below its field, in the page and in a dialog alike.
		const faults = this.faults, render = option.render;
		option.render = function(index, section_id, in_table) {
			return Promise.resolve(render.call(this, index, section_id, in_table)).then((node) => {
				const place = node.querySelector('.cbi-value-field') ?? node;
				for (const fault of faults)
					if (fault.option == name && concerns(fault, this.section.sectiontype, section_id))
						place.appendChild(faultLine(fault.text));
				return node;
			});
		};

		return Object.assign(option, properties);
	},

	// A column that says what is wrong with a row's section.
	faultColumn(section, type) {
		const column = section.option(form.DummyValue, '_faults', _('Usable'));
		column.modalonly = false;
		column.textvalue = (section_id) => {
			if (this.staged.has(section_id))
				return E('div', {}, [ _('after Save & Apply') ]);

			const mine = this.faults.filter((fault) => concerns(fault, type, section_id));
			return E('div', {}, mine.length ? mine.map((fault) => faultLine((fault.option ? fault.option + ': ' : '') + fault.text)) : [ this.faultless ]);
		};
	},

	grid(map, type, title, description) {
		const section = map.section(form.GridSection, type, title, description);
		section.addremove = true;
		section.anonymous = false;
		section.nodescriptions = true;
		section.modaltitle = (section_id) => section_id;
		return section;
	},

	addMain(map) {
		const s = map.section(form.NamedSection, 'main', 'kickstand', _('Service'));
		s.addremove = uci.get('kickstand', 'main') == null;
		const add = (...rest) => this.option(s, ...rest);

		add(form.Flag, 'enabled', _('Enabled'), _('Whether machines are answered at all.'), [], { default: '1', rmempty: false });
		add(form.Value, 'interface', _('Network'), _('The network of the router on which machines are installed.'), [ check.section_name ], { placeholder: 'lan' });
		add(form.Value, 'port', _('Port'), _('TCP port for machines and installers.'), [ check.port ], { placeholder: '8067' });
		add(form.ListValue, 'unknown', _('Unknown machines'), _('What a machine that is no host is told when it boots from the network.'), [], {
			values: [ [ 'wait', _('wait until somebody adopts it') ], [ 'local', _('boot from its own disk') ], [ 'refuse', _('stop') ] ], default: 'wait'
		});
		add(form.Value, 'window', _('Time to begin'), _('Seconds that a permission to wipe lasts.'), [ check.window ], { placeholder: '7200' });
		add(form.Value, 'attempts', _('Attempts'), _('Starts of the installer that one permission allows.'), [ check.attempts ], { placeholder: '2' });
		add(form.Value, 'tftp_root', _('TFTP folder'), _('Where the boot files are.'), [ check.path ], { placeholder: '/srv/tftp' });
		add(form.Value, 'www', _('Folder of answer files'), _('Holds your own templates (answers) and media (files).'), [ check.path ], { placeholder: '/www/kickstand' });
		add(form.Flag, 'ssh_host_keys', _('SSH host keys'), _('Give each installed system a host key that is known before the first login.'), [], { default: '1', rmempty: false });
		add(form.Value, 'syslog_port', _('Log port'), _('UDP and TCP port for the logs of installers.'), [ check.port ], { placeholder: '5140' });
		add(form.DynamicList, 'allow', _('May read the status'), _('Networks, besides the router itself, that may ask for status and metrics over HTTP.'), [ check.network ], { placeholder: '192.0.2.0/24' });
		for (const [ name, title ] of [ [ 'boot_file_bios', 'BIOS' ], [ 'boot_file_x86_64', 'x86-64 UEFI' ], [ 'boot_file_arm64', 'ARM64 UEFI' ] ])
			add(form.Value, name, _('Boot file for %s').format(title), _('Below the TFTP folder; empty: the one that is found there.'), [ check.relative_path ], {});
		add(form.Value, 'boot_files_url', _('Release of boot files'), _('Where “kickstand boot-files fetch” gets them; empty: iPXE’s own.'), [ check.download_url ], {});
		add(form.Value, 'boot_files_sha256', _('Its SHA-256'), _('Nothing is fetched from another place without it.'), [ check.sha256 ], {});
	},

	addProfiles(map) {
		const s = this.grid(map, 'profile', _('Profiles'), _('Operating systems that can be installed.'));
		const add = (...rest) => this.option(s, ...rest), inside = { modalonly: true };

		add(form.Value, 'title', _('Title'), null, [], {});
		add(form.ListValue, 'kind', _('Answer file'), null, [], {
			values: [ [ 'kickstart', _('kickstart (Anaconda)') ], [ 'preseed', _('preseed (Debian)') ], [ 'autoinstall', _('autoinstall (Ubuntu)') ], [ 'script', _('script') ] ],
			default: 'kickstart'
		});
		add(form.ListValue, 'release', _('Checked as'), _('The release whose rules its kickstart must keep.'), [], {
			values: [ [ '', _('what title and mirror suggest') ] ].concat([ 'RHEL8', 'RHEL9', 'RHEL10', 'F43', 'F44', 'F45', 'F46' ].map((name) => [ name, name ])),
			optional: true, modalonly: true
		});
		add(form.Value, 'mirror', _('Mirror'), _('URL that the next fields can use as {{ mirror }}.'), [ check.url ], inside);
		add(form.Value, 'kernel', _('Kernel'), _('URL of the kernel of the installer.'), [ check.url ], { rmempty: false, modalonly: true });
		add(form.DynamicList, 'initrd', _('Initrd'), _('URLs of its initial RAM disks.'), [ check.url ], inside);
		add(form.DynamicList, 'arg', _('Kernel arguments'), null, [], inside);
		add(form.Value, 'answer', _('Template'), _('File in the folder “answers”, or a built-in one.'), [ check.template_name ], {
			modalonly: true, placeholder: 'almalinux.ks', relations: [ template ]
		});
		add(form.DynamicList, 'package', _('Packages'), _('Installed besides the minimal environment, or in its place (@^…).'), [ check.software ], inside);
		add(form.DynamicList, 'var', _('Variables'), _('name=value, for the template.'), [ check.variable ], inside);
		this.faultColumn(s, 'profile');
	},

	addHosts(map) {
		const s = this.grid(map, 'host', _('Hosts'));
		s.description = this.hostSearch(s);
		const add = (...rest) => this.option(s, ...rest), inside = { modalonly: true };
		const related = (...relations) => ({ modalonly: true, relations: relations });
		const all = s.cfgsections.bind(s);
		s.cfgsections = () => this.hostsShown(all());

		add(form.DynamicList, 'mac', _('MAC'), _('Each network card that may boot.'), [ check.mac ], { rmempty: false });
		add(form.ListValue, 'profile', _('Profile'), _('What is installed.'), [ check.section_name ], {
			values: this.profileChoices(), rmempty: false, relations: [ chosen('profile', _('Choose what is installed.')) ]
		});
		add(form.Value, 'hostname', _('Hostname'), _('Name of the installed system; empty: the name of the host.'), [ check.hostname ], {});
		add(form.Value, 'disk', _('Disk'), _('The only disk that may be written; empty: the only fixed one, and none when there are several.'), [ check.disk ], { modalonly: true, placeholder: '/dev/disk/by-path/…' });
		add(form.Value, 'disk_serial', _('Serial number of the disk'), _('A disk with another one is not written; empty: the one that was discovered, if any.'), [ check.disk_serial ], { modalonly: true });
		add(form.Value, 'address', _('IPv4 address'), _('Of the installed system; empty: by DHCP.'), [ check.address ], { modalonly: true, placeholder: '192.0.2.2/24' });
		add(form.Value, 'gateway', _('IPv4 gateway'), null, [ check.address4 ], related(needs('gateway', 'address', _('IPv4 address'))));
		add(form.Value, 'address6', _('IPv6 address'), null, [ check.address6_with_prefix ], { modalonly: true, placeholder: '2001:db8::2/64' });
		add(form.Value, 'gateway6', _('IPv6 gateway'), null, [ check.address6 ], related(needs('gateway6', 'address6', _('IPv6 address'))));
		add(form.DynamicList, 'dns', _('Name servers'), null, [ check.any_address ], inside);
		add(form.Value, 'device', _('Network card'), _('By its name in the kernel; empty: the one that booted.'), [ check.network_interface ], related(excludes('device', 'bond', _('Bond'))));
		add(form.Value, 'bond', _('Bond'), _('Name of a bond of several cards.'), [ check.network_interface ], related(needs('bond', 'bond_port', _('Ports of the bond'))));
		add(form.DynamicList, 'bond_port', _('Ports of the bond'), null, [ check.network_interface ], related(needs('bond_port', 'bond', _('Bond'))));
		add(form.Value, 'bond_opts', _('Options of the bond'), null, [ check.bond_options ], related(needs('bond_opts', 'bond', _('Bond'))));
		add(form.ListValue, 'install', _('Armed'), null, [], {
			values: [ [ 'manual', _('only by a user') ], [ 'once', _('by itself the first time it is seen, for a blank disk') ] ], default: 'manual', modalonly: true
		});
		add(form.ListValue, 'leave', _('Way to its own disk'), _('How it leaves iPXE; some firmware needs another way.'), [], {
			values: [ [ '', _('what suits its firmware') ], [ 'exit', 'exit' ], [ 'exit1', 'exit 1' ], [ 'sanboot', 'sanboot' ], [ 'chain', _('chain a small loader') ] ],
			optional: true, modalonly: true
		});
		add(form.ListValue, 'verify', _('Who is taken for it'), _('What must know the address that asks in its name.'), [], {
			values: [
				[ '', _('the strictest that the network allows') ], [ 'neighbour', _('neighbour: the router sees its card there') ],
				[ 'lease', _('lease: dnsmasq gave its card this address') ], [ 'token', _('token: anybody who asks in its name while it is armed') ],
				[ 'none', _('none: anybody, even without a token, while it is armed') ]
			],
			optional: true, modalonly: true
		});
		add(form.DynamicList, 'allow', _('May ask from'), _('Networks; empty: any.'), [ check.network ], { modalonly: true, placeholder: '192.0.2.0/24' });
		add(form.Flag, 'publish', _('Publish its answer file'), _('For an iPXE that asks port 80 and knows no token: while the host is armed, anybody on the LAN can read the file, with its secrets.'), [], inside);
		add(form.DynamicList, 'group', _('Groups'), _('Of the Ansible inventory.'), [ check.group ], inside);
		add(form.DynamicList, 'package', _('Packages'), _('Installed besides those of the profile.'), [ check.software ], inside);
		add(form.DynamicList, 'var', _('Variables'), _('name=value, for the template; over those of the profile.'), [ check.variable ], inside);
		this.faultColumn(s, 'host');
	},

	// Every profile; and what hosts name that is none, so that opening such a host does not silently give it another.
	profileChoices() {
		const known = uci.sections('kickstand', 'profile').map((profile) => [ profile['.name'], words.cut(profile.title ?? profile['.name'], 80) ]);
		const names = new Set(known.map((choice) => choice[0]).concat('', undefined));
		const lost = new Set(uci.sections('kickstand', 'host').map((host) => host.profile).filter((name) => !names.has(name)));

		return [ [ '', _('choose …') ] ].concat(known, [ ...lost ].map((name) => [ name, _('%s (there is none)').format(words.cut(name, 80)) ]));
	},

	// Draws one section anew and leaves the others, with what was typed there and not yet saved, as they are.
	redraw(section) {
		return section.load().then(() => section.render()).then((node) => {
			const old = this.map.findElement('id', node.id);
			for (const attribute of old.attributes)
				node.setAttribute(attribute.name, attribute.value);
			old.replaceWith(node);
		});
	},

	hostSearch(section) {
		let timer = null;
		const input = E('input', {
			'type': 'search', 'class': 'cbi-input-text', 'value': this.search, 'placeholder': _('Filter by name, MAC, profile …'), 'aria-label': _('Filter'),
			'input': () => {
				window.clearTimeout(timer);
				timer = window.setTimeout(() => {
					this.search = input.value.trim();
					this.redraw(section).then(() => input.focus({ preventScroll: true }));
				}, TYPING);
			}
		});
		this.shown = E('span', { 'role': 'status' });
		return E('div', { 'class': 'kickstand-toolbar' }, [ input, this.shown ]);
	},

	// Those that fit the search, the first of them; those that were just changed are always among them.
	hostsShown(all) {
		const search = this.search.toLowerCase();
		const fit = all.filter((id) => {
			const host = uci.get('kickstand', id);
			return [ id, host.hostname, host.profile ].concat(host.mac).join(' ').toLowerCase().includes(search);
		});
		const first = new Set(fit.slice(0, HOSTS_SHOWN));
		const shown = all.filter((id) => first.has(id) || this.staged.has(id));

		dom.content(this.shown, [ shown.length < all.length ? _('%d of %d hosts are shown').format(shown.length, all.length) : '' ]);
		return shown;
	},

	addAccounts(map) {
		const s = this.grid(map, 'account', _('Accounts'), _('Who can log in to the installed machines. Without one nothing is installed.'));
		const add = (...rest) => this.option(s, ...rest);

		add(form.Value, 'name', _('Login name'), _('Empty: the name of the section.'), [ check.login ], { modalonly: true, relations: [ loginName ] });
		add(form.Value, 'gecos', _('Full name'), null, [ check.gecos ], {});
		add(form.Value, 'password_hash', _('Password hash'), _('Made by “openssl passwd -6”, never the password itself.'), [ check.password_hash ], { modalonly: true, relations: [ canLogIn ] });
		add(form.DynamicList, 'ssh_key', _('SSH keys'), _('Public keys, one each.'), [ check.ssh_key ], { modalonly: true });
		add(form.ListValue, 'sudo', _('May become root'), null, [], {
			values: [ [ '', _('with its password, or without when it has none') ], [ 'nopasswd', _('without a password') ], [ 'password', _('with its password') ], [ 'no', _('no') ] ],
			optional: true
		});
		this.faultColumn(s, 'account');
	},

	addWebhooks(map) {
		const s = this.grid(map, 'webhook', _('Webhooks'), _('Servers that are told what happens to hosts.'));
		const add = (...rest) => this.option(s, ...rest);

		add(form.Value, 'url', _('URL'), _('Where it is told. By https, the router’s own uclient-fetch tells it: that needs the package ca-bundle.'), [ check.webhook_url ], { rmempty: false, placeholder: 'http://192.168.1.5:8065/hooks/abc' });
		add(form.DynamicList, 'event', _('Events'), _('What it is told; empty: installed, failed and expired.'), [ check.webhook_event ], { values: check.HAPPENINGS.map((word) => [ word, word ]) });
		add(form.Value, 'authorization', _('Authorization'), _('Value of the header of that name; a secret.'), [ check.authorization ], { modalonly: true, password: true });
		this.faultColumn(s, 'webhook');
	}
});
