'use strict';
'require view';
'require dom';
'require ui';
'require kickstand.dialogs as dialogs';
'require kickstand.live as live';
'require kickstand.parts as parts';
'require kickstand.service as service';
'require kickstand.words as words';

// One host: where it is, what happened with the times between, why it is told what it is told, what it is given, and its installer's log.

const MOVING = [ 'armed', 'booting', 'installing' ];

const SOURCES = {
	reported: _('said the machine'),
	observed: _('seen by the router'),
	user: _('done by a user')
};

const TEXTS = [
	{ what: 'ipxe', title: _('iPXE script') },
	{ what: 'answer', title: _('Answer file') },
	{ what: 'args', title: _('Kernel line') },
	{ what: 'difference', title: _('Difference to what it last got') }
];

const SEVERITIES = { error: _('Error'), warning: _('Warning'), note: _('Note') };

function section(title, ...content) {
	return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]) ].concat(content));
}

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	render() {
		parts.loadStyle();
		this.name = new URLSearchParams(window.location.search).get('name') ?? '';
		this.what = null;
		this.card = null;
		const n = this.nodes = {
			trouble: E('div'), title: E('h2', {}, [ words.text(this.name, 64) ]), now: E('div'), actions: E('div', { 'class': 'kickstand-actions' }),
			hardware: E('div'), facts: E('div'), events: E('tbody'), noEvents: E('p'), cards: E('div'), why: E('div', { 'aria-live': 'polite' }),
			texts: E('div', { 'class': 'kickstand-actions', 'role': 'group' }), text: E('div', { 'aria-live': 'polite' }), log: E('div')
		};
		dom.content(n.texts, TEXTS.flatMap((text) => [ E('button', {
			'class': 'btn cbi-button', 'data-what': text.what, 'aria-pressed': 'false', 'click': ui.createHandlerFn(this, () => this.showText(text.what))
		}, [ text.title ]), ' ' ]));
		this.refresh = live.follow(() => this.look());

		return E('div', { 'class': 'kickstand' }, [
			E('p', {}, [ E('a', { 'href': L.url('admin/services/kickstand/hosts') }, [ '← ', _('All hosts') ]) ]),
			n.title, n.trouble, parts.readOnlyNote(),
			E('div', { 'class': 'cbi-section' }, [ n.now, n.actions, n.facts ]),
			section(_('Timeline'), E('table', { 'class': 'table kickstand-timeline' }, [ n.events ]), n.noEvents),
			section(_('Hardware'), n.hardware),
			section(_('Why this decision'), n.cards, n.why),
			section(_('What it is given'), n.texts, n.text),
			section(_('Log of its installer'), n.log)
		]);
	},

	look() {
		return service.host(this.name).then((host) => {
			this.host = host;
			this.show(host);
			return MOVING.includes(host.phase);
		}, (error) => {
			live.set(this.nodes.trouble, error.message, () => [ parts.trouble(error) ]);
			return error.kind != service.REFUSED;
		});
	},

	show(host) {
		const n = this.nodes, events = host.events ?? [];

		live.set(n.trouble, null, () => []);
		live.set(n.title, [ host.name, host.hostname ], () => [
			words.text(host.name, 64), host.hostname && host.hostname != host.name ? E('small', {}, [ ' (', words.text(host.hostname, 64), ')' ]) : ''
		]);
		live.set(n.now, [ host.phase, host.open, host.percent, host.percent_from, host.expected, host.step, host.elapsed, host.seconds_left, host.note, host.diagnosis, host.faults ], () => [
			E('div', { 'class': 'kickstand-now' }, parts.phase(host)),
			host.note ? E('p', {}, [ words.text(host.note, 500) ]) : '',
			host.diagnosis ? E('div', { 'class': 'alert-message warning' }, [
				E('p', {}, [ words.text(host.diagnosis.sentence, 500) ]),
				E('p', {}, [ E('strong', {}, [ _('What to do:'), ' ' ]), words.text(host.diagnosis.action, 500) ])
			]) : '',
			...(host.faults ?? []).map((fault) => E('div', { 'class': 'alert-message warning' }, [ words.cut(fault, 500) ]))
		]);
		live.set(n.actions, [ host.can, host.phase ], () => this.actions(host).flatMap((action) => [ parts.button(action, () => this.host, () => this.refresh()), ' ' ]));
		live.set(n.facts, this.factsKey(host), () => [ this.facts(host) ]);
		live.list(n.events, events, (event) => event.number, () => E('tr', { 'class': 'tr' }), (row, event) =>
			this.showEvent(row, event, events[events.indexOf(event) - 1]));
		live.set(n.noEvents, events.length == 0, () => events.length ? [] : [ _('Nothing has happened since the service started.') ]);
		live.set(n.log, host.log, () => [ host.log
			? E('pre', { 'class': 'kickstand-log', 'tabindex': 0, 'aria-label': _('Log of its installer') }, [ host.log ])
			: E('p', {}, [ _('None: an installer that fails sends the end of its log.') ]) ]);
		this.showHardware(host);
		this.showCards(host);
		this.explain(host);
	},

	// What may be armed may be looked at, but for a machine that is on its way already.
	actions(host) {
		const can = host.can ?? [];
		return can.includes('arm') && !MOVING.includes(host.phase) ? can.concat('discover') : can;
	},

	// Asked for again when the phase has changed: a report ends one.
	showHardware(host) {
		const key = JSON.stringify([ host.phase, host.note, host.since ]);
		if (key == this.discovered)
			return;
		this.discovered = key;

		return service.hardware(host.name).then(
			(reply) => live.set(this.nodes.hardware, reply, () => this.hardware(reply.hardware)),
			(error) => {
				if (error.kind != service.REFUSED)
					this.discovered = null;
				live.set(this.nodes.hardware, error.message, () => [ E('p', {}, [
					error.kind == service.REFUSED ? _('Not known: “Discover” lets the machine report it, without touching a disk.') : error.message
				]) ]);
			});
	},

	hardware(found) {
		const head = (titles) => E('tr', { 'class': 'tr table-titles' }, titles.map((title) => E('th', { 'class': 'th' }, [ title ])));
		const row = (titles, cells) => E('tr', { 'class': 'tr' }, cells.map((cell, index) =>
			E('td', { 'class': 'td', 'data-title': titles[index] }, [ words.text(cell, 200) ])));
		const table = (titles, rows) => E('table', { 'class': 'table' }, [ head(titles) ].concat(rows.map((cells) => row(titles, cells))));

		return [
			dialogs.facts([
				[ _('Product'), words.text(words.product(found)) ],
				[ _('Serial number'), words.text(found.serial) ],
				[ _('Firmware'), words.text([ found.firmware, found.firmware_vendor, found.firmware_version ].filter((word) => word).join(' ')) ],
				[ _('Processor'), words.text([ '%d × %s'.format(found.cpus, found.cpu), found.cpu_level ? 'x86-64-v%d'.format(found.cpu_level) : '' ].filter((word) => word).join(', ')) ],
				[ _('Memory'), '%d MiB'.format(found.memory_mib) ],
				[ _('Reported'), found.at ? words.moment(found.at) : '' ]
			]),
			table([ _('Option disk'), _('Size'), _('Kind'), _('Model'), _('Serial number') ], found.disks.map((disk) => [
				disk.path || '/dev/%s'.format(disk.name), '%d GB'.format(Math.floor(disk.bytes / 1e9)),
				disk.removable ? _('removable') : disk.rotational ? _('rotating') : _('solid state'), disk.model, disk.serial
			])),
			table([ _('Network port'), _('MAC'), _('Link'), _('Driver') ], found.ports.map((port) => [
				port.name, port.mac, port.link ? port.speed ? '%d Mbit/s'.format(port.speed) : _('up') : _('none'), port.driver
			])),
			found.cut ? E('p', {}, [ _('The machine has more than is kept.') ]) : ''
		];
	},

	factsKey: (host) => [ host.ssh_host_key, host.macs, host.profile, host.title, host.disk, host.address, host.arch, host.starts, host.since, host.machine ],

	facts(host) {
		const machine = host.machine ?? {};
		return dialogs.facts([
			[ _('Cards'), words.text(host.macs.join(', '), 400) ],
			[ _('Profile'), words.text(host.title && host.title != host.profile ? '%s (%s)'.format(host.title, host.profile) : host.profile) ],
			[ _('Disk that an installation wipes'), words.text(host.disk) ],
			[ _('Address when installed'), words.text(host.address ?? _('by DHCP')) ],
			[ _('In this phase since'), host.since ? words.moment(host.since) : '' ],
			[ _('Installers started'), host.starts ? String(host.starts) : '' ],
			[ _('Product'), machine.product || machine.manufacturer ? words.text(words.product(machine)) : '' ],
			[ _('Serial number'), machine.serial ? words.text(machine.serial) : '' ],
			[ _('SSH host key'), host.ssh_host_key ? E('code', { 'class': 'kickstand-key' }, [ words.text(host.ssh_host_key, 200) ]) : '' ],
			[ _('Architecture'), host.arch ? words.text([ host.arch, machine.platform ].filter((word) => word).join(', ')) : '' ]
		]);
	},

	showEvent(row, event, before) {
		live.attribute(row, 'data-kind', event.kind);
		live.set(row, [ event, before?.uptime ], () => [
			E('td', { 'class': 'td kickstand-when', 'data-title': _('When') }, [
				event.at ? words.moment(event.at) : _('%s after the router started').format(words.duration(event.uptime)),
				before ? E('div', { 'class': 'kickstand-time' }, [ '+', words.step(event.uptime - before.uptime) ]) : ''
			]),
			E('td', { 'class': 'td', 'data-title': _('What') }, [
				words.text(event.text, 400),
				event.times > 1 ? E('span', { 'class': 'kickstand-time' }, [ ' ', _('(%d times)').format(event.times) ]) : '',
				SOURCES[event.source] ? E('div', { 'class': 'kickstand-time' }, [ SOURCES[event.source] ]) : ''
			])
		]);
	},

	// A host with several cards may be told different things on them.
	showCards(host) {
		if (!host.macs.includes(this.card))
			this.card = host.macs[0] ?? null;

		live.set(this.nodes.cards, host.macs, () => host.macs.length < 2 ? [] : [ E('label', {}, [
			_('Card'), ' ', E('select', {
				'class': 'cbi-input-select', 'change': (ev) => {
					this.card = ev.currentTarget.value;
					this.explain(this.host);
				}
			}, host.macs.map((mac) => E('option', { 'value': mac, 'selected': mac == this.card ? true : null }, [ mac ])))
		]) ]);
	},

	// Explaining renders all that the host would be given: only after something has changed.
	explain(host) {
		const last = host.events?.[host.events.length - 1];
		const key = JSON.stringify([ this.card, host.phase, host.starts, host.faults, host.profile, host.disk, last?.number, last?.times ]);
		if (key == this.explained)
			return;
		this.explained = key;

		return service.explain(this.card ?? host.name).then((reply) => {
			live.set(this.nodes.why, reply, () => [
				E('p', {}, [ _('If it asked now:'), ' ', E('strong', {}, [ words.DECISIONS[reply.decision] ?? words.text(reply.decision, 40) ]), ' – ', words.text(reply.why, 400) ]),
				E('ul', { 'class': 'kickstand-checks' }, (reply.checks ?? []).map((check) => E('li', { 'class': check.ok ? 'kickstand-ok' : 'kickstand-not' }, [
					E('span', { 'aria-label': check.ok ? _('speaks for an installation') : _('speaks against an installation') }, [ check.ok ? '✔' : '✘' ]), ' ', words.text(check.text, 400)
				])))
			]);
		}, (error) => {
			this.explained = null;
			live.set(this.nodes.why, error.message, () => [ E('p', {}, [ error.message ]) ]);
		});
	},

	showText(what) {
		for (const button of this.nodes.texts.querySelectorAll('button'))
			button.setAttribute('aria-pressed', String(button.getAttribute('data-what') == what));

		const name = this.host?.name ?? this.name;
		const rendered = what == 'difference'
			? service.render(name, 'answer', true).then((reply) => this.difference(reply.text))
			: service.render(name, what).then((reply) => this.numbered(reply));
		return rendered.then(
			(node) => dom.content(this.nodes.text, [ node ]),
			(error) => dom.content(this.nodes.text, [ this.renderFault(error) ]));
	},

	renderFault(error) {
		const reply = error.reply ?? {};
		const where = reply.template ? _('%s, line %d').format(reply.template, reply.line ?? 0) : reply.line ? _('Line %d').format(reply.line) : '';
		return E('div', { 'class': 'alert-message error', 'role': 'alert' }, [ where ? E('strong', {}, [ words.cut(where, 200), ': ' ]) : '', words.cut(error.message, 1000) ]);
	},

	// What diff -u would write.
	difference(text) {
		const kinds = { '+': 'kickstand-added', '-': 'kickstand-removed' };
		return text ? E('pre', { 'class': 'kickstand-code', 'tabindex': 0, 'aria-label': _('Difference to what it last got') },
			text.replace(/\n$/, '').split('\n').map((line) => E('span', { 'class': kinds[line[0]] ?? '' }, [ line + '\n' ]))
		) : E('p', {}, [ _('It would get the same again.') ]);
	},

	// The text with its lines numbered, and below each line what is wrong with it.
	numbered(reply) {
		const problems = reply.problems ?? [], lines = reply.text.replace(/\n$/, '').split('\n');
		const content = lines.flatMap((line, index) => {
			const here = problems.filter((problem) => problem.line == index + 1);
			return [
				E('span', { 'class': here.length ? 'kickstand-line kickstand-marked' : 'kickstand-line' }, [ line + '\n' ]),
				...here.map((problem) => E('span', { 'class': 'kickstand-problem', 'data-severity': problem.severity }, [
					'%s: '.format(SEVERITIES[problem.severity] ?? SEVERITIES.error), words.cut(problem.text, 500), '\n'
				]))
			];
		});

		return E('div', {}, [
			problems.length ? E('p', {}, [ N_(problems.length, '%d problem, marked below', '%d problems, marked below').format(problems.length) ]) : '',
			E('pre', { 'class': 'kickstand-code', 'tabindex': 0, 'aria-label': TEXTS.find((text) => text.what == reply.what)?.title ?? reply.what }, content)
		]);
	}
});
