'use strict';
'require view';
'require uci';
'require kickstand.live as live';
'require kickstand.parts as parts';
'require kickstand.service as service';
'require kickstand.words as words';

// One row per host and per unknown machine, the next thing to do as a button. Filter, order and pages are the service's work: a page of a
// thousand hosts costs as much as one of a hundred.

// Hosts on one page.
const LIMIT = 100;
// Milliseconds without a key before the filter is asked for.
const TYPING = 300;
// Phases that change by themselves: while a host is in one of them the page looks often.
const MOVING = [ 'armed', 'booting', 'installing' ];
// The columns, and what the service can sort by.
const COLUMNS = [
	{ name: 'host', title: _('Host'), sort: 'name' },
	{ name: 'cards', title: _('MAC') },
	{ name: 'profile', title: _('Profile'), sort: 'profile' },
	{ name: 'phase', title: _('Phase'), sort: 'phase' },
	{ name: 'last', title: _('Last event'), sort: 'last' },
	{ name: 'actions', title: _('Next') }
];

function hostUrl(name) {
	return '%s?name=%s'.format(L.url('admin/services/kickstand/host'), encodeURIComponent(name));
}

function cell(row, name) {
	return row.querySelector('[data-name="%s"]'.format(name));
}

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	// What is asked for; kept in the address, so that "back" and a bookmark come to the same rows.
	query: { offset: 0, filter: '', sort: 'name', phase: '' },

	load() {
		const asked = new URLSearchParams(window.location.search);
		for (const name of [ 'filter', 'sort', 'phase' ])
			this.query[name] = asked.get(name) ?? this.query[name];
		this.query.offset = Math.max(0, parseInt(asked.get('offset'), 10) || 0);
	},

	render() {
		parts.loadStyle();
		this.rows = new Map();
		this.nodes = {
			trouble: E('div'), faults: E('div'), filter: this.filterField(), phases: E('div', { 'class': 'kickstand-phases', 'role': 'group', 'aria-label': _('Show only') }),
			titles: E('tr', { 'class': 'tr table-titles' }), unknown: E('tbody'), hosts: E('tbody'), empty: E('div'), pages: E('div', { 'class': 'kickstand-pages' })
		};
		const n = this.nodes;
		n.table = E('table', { 'class': 'table kickstand-hosts' }, [ E('thead', {}, [ n.titles ]), n.unknown, n.hosts ]);
		this.showTitles();
		this.refresh = live.follow(() => this.look());

		return E('div', { 'class': 'kickstand' }, [
			E('h2', {}, [ _('Hosts') ]),
			n.trouble, parts.readOnlyNote(), n.faults,
			E('div', { 'class': 'kickstand-toolbar' }, [ n.filter, n.phases ]),
			n.table, n.empty, n.pages
		]);
	},

	filterField() {
		let timer = null;
		const input = E('input', {
			'type': 'search', 'class': 'cbi-input-text', 'value': this.query.filter, 'maxlength': 64,
			'placeholder': _('Filter by name, MAC, profile, phase …'), 'aria-label': _('Filter'),
			'input': () => {
				window.clearTimeout(timer);
				timer = window.setTimeout(() => this.ask({ filter: input.value.trim() }), TYPING);
			}
		});
		return input;
	},

	// Asks for other rows; from the first page on, unless a page was asked for.
	ask(change) {
		Object.assign(this.query, { offset: 0 }, change);
		const address = new URLSearchParams(Object.entries(this.query).filter((pair) => pair[1]));
		window.history.replaceState(null, '', '%s?%s'.format(window.location.pathname, address));
		this.showTitles();
		return this.refresh();
	},

	look() {
		const q = this.query, asked = JSON.stringify(q);
		const phase = q.phase && q.phase != 'unknown' ? q.phase : undefined;

		return service.status(q.offset, LIMIT, q.filter || undefined, q.sort, phase).then((reply) => {
			// The user has asked for something else meanwhile: that answer is on its way.
			if (asked != JSON.stringify(this.query))
				return true;
			if (reply.hosts.length == 0 && reply.total > 0 && q.offset > 0)
				return this.ask({}).then(() => true);

			this.show(reply);
			return MOVING.some((phase) => reply.counts[phase] > 0);
		}, (error) => {
			this.nodes.table.classList.add('kickstand-stale');
			live.set(this.nodes.trouble, error.message, () => [ parts.trouble(error) ]);
			return true;
		});
	},

	show(reply) {
		const n = this.nodes, q = this.query;
		const unknown = this.unknownShown(reply.unknown), hosts = q.phase == 'unknown' ? [] : reply.hosts;

		live.set(n.trouble, null, () => []);
		n.table.classList.remove('kickstand-stale');
		live.set(n.faults, [ reply.fault_count, reply.warnings ], () => this.faults(reply));
		this.showPhases(reply.counts);
		live.list(n.unknown, unknown, (machine) => machine.mac, () => this.row(), (row, machine) => this.showMachine(row, machine));
		live.list(n.hosts, hosts, (host) => host.name, () => this.row(), (row, host) => this.showHost(row, host));
		this.showEmpty(reply, unknown.length + hosts.length);
		this.showPages(reply, hosts.length);
	},

	// Unknown machines go first, on the first page: somebody stands before one and waits.
	unknownShown(machines) {
		const q = this.query, filter = q.filter.toLowerCase();
		if ((q.phase && q.phase != 'unknown') || q.offset > 0)
			return [];

		return machines.filter((machine) => Object.values(machine).join(' ').toLowerCase().includes(filter));
	},

	faults(reply) {
		const lines = reply.warnings.map((warning) => E('div', { 'class': 'alert-message warning' }, [ words.cut(warning, 500) ]));
		if (reply.fault_count)
			lines.push(E('div', { 'class': 'alert-message warning' }, [
				N_(reply.fault_count, '%d setting cannot be used.', '%d settings cannot be used.').format(reply.fault_count), ' ',
				E('a', { 'href': L.url('admin/services/kickstand/settings') }, [ _('See which') ])
			]));
		return lines;
	},

	showTitles() {
		live.set(this.nodes.titles, this.query.sort, () => COLUMNS.map((column) => {
			const order = this.query.sort.replace(/^-/, '') == column.sort ? (this.query.sort.startsWith('-') ? 'descending' : 'ascending') : null;
			const next = order == 'ascending' ? '-' + column.sort : column.sort;
			const title = column.sort ? E('button', {
				'class': 'kickstand-sort', 'data-sort': column.sort, 'click': () => this.ask({ sort: next }).then(() => this.focusSort(column.sort))
			}, [ column.title, order ? (order == 'ascending' ? ' ▲' : ' ▼') : '' ]) : column.title;

			return E('th', { 'class': 'th kickstand-column-%s'.format(column.name), 'aria-sort': order }, [ title ]);
		}));
	},

	// The titles were made anew.
	focusSort(sort) {
		this.nodes.titles.querySelector('[data-sort="%s"]'.format(sort)).focus({ preventScroll: true });
	},

	showPhases(counts) {
		const all = Object.keys(words.PHASES).reduce((sum, phase) => sum + (counts[phase] ?? 0), 0);
		const items = [ { phase: '', count: all } ].concat(Object.keys(words.PHASES)
			.map((phase) => ({ phase: phase, count: counts[phase] ?? 0 }))
			.filter((item) => item.count > 0 || item.phase == this.query.phase));

		live.list(this.nodes.phases, items, (item) => item.phase,
			(item) => E('button', { 'class': 'btn kickstand-phase', 'data-phase': item.phase, 'click': () => this.ask({ phase: item.phase }) }),
			(button, item) => {
				live.set(button, item.count, () => [ item.phase ? words.PHASES[item.phase] : _('all'), ' ', E('b', {}, [ item.count ]) ]);
				live.attribute(button, 'aria-pressed', String(this.query.phase == item.phase));
			});
	},

	row() {
		return E('tr', { 'class': 'tr' }, COLUMNS.map((column) =>
			E('td', { 'class': 'td kickstand-column-%s'.format(column.name), 'data-name': column.name, 'data-title': column.title })));
	},

	showHost(row, host) {
		// Buttons ask for it when they are pressed: they outlive many looks.
		this.rows.set(row, host);
		live.attribute(row, 'data-host', host.name);
		live.set(cell(row, 'host'), [ host.name, host.hostname ], () => [
			E('a', { 'href': hostUrl(host.name) }, [ words.text(host.name, 64) ]),
			host.hostname && host.hostname != host.name ? E('div', { 'class': 'kickstand-time' }, [ words.text(host.hostname, 64) ]) : ''
		]);
		live.set(cell(row, 'cards'), host.macs, () => host.macs.slice(0, 2).map((mac) => E('div', {}, [ words.text(mac) ]))
			.concat(host.macs.length > 2 ? [ E('div', { 'title': host.macs.join('\n') }, [ _('and %d more').format(host.macs.length - 2) ]) ] : []));
		live.set(cell(row, 'profile'), [ host.title, host.profile ], () => [ words.text(host.title || host.profile, 60) ]);
		live.set(cell(row, 'phase'), [ host.phase, host.open, host.percent, host.percent_from, host.expected, host.step, host.elapsed, host.seconds_left, host.note, host.diagnosis, host.faults ], () =>
			parts.phase(host).concat(this.reason(host)));
		this.showLast(row, host.last, host.last_ago);
		this.showActions(row, this.nextActions(host));
	},

	// Why it is in its phase: the first of its faults, or what the service noted.
	reason(host) {
		const faults = host.faults ?? [], line = faults[0] ?? host.diagnosis?.sentence ?? host.note;
		return [
			line ? E('div', { 'class': 'kickstand-time' }, [ words.text(line) ]) : '',
			faults.length > 1 ? E('div', { 'class': 'kickstand-time' }, [ _('and %d more').format(faults.length - 1) ]) : ''
		];
	},

	// The next thing to do; and while a permission to wipe is given, a way to take it back.
	nextActions(host) {
		const can = host.can ?? [], next = host.next && host.next != 'none' ? [ host.next ] : [];
		return can.includes('disarm') && !next.includes('disarm') ? next.concat('disarm') : next;
	},

	showMachine(row, machine) {
		this.rows.set(row, machine);
		live.attribute(row, 'data-mac', machine.mac);
		live.set(cell(row, 'host'), [ machine.serial, machine.product, machine.manufacturer, machine.architecture ], () => [
			words.text(words.product(machine) || _('unknown machine'), 60),
			...[ machine.serial, machine.architecture ].filter((fact) => fact).map((fact) => E('div', { 'class': 'kickstand-time' }, [ words.text(fact, 40) ]))
		]);
		live.set(cell(row, 'cards'), machine.mac, () => [ words.text(machine.mac) ]);
		live.set(cell(row, 'phase'), 'unknown', () => [ words.badge('unknown') ]);
		this.showLast(row, N_(machine.asked, 'asked what to boot', 'asked %d times what to boot').format(machine.asked), machine.seconds_ago);
		this.showActions(row, [ 'adopt', 'forget' ]);
	},

	showLast(row, text, ago) {
		live.set(cell(row, 'last'), [ text, ago != null ? words.ago(ago) : null ], () => [
			...(text ? [ words.text(text) ] : []), ago != null ? E('div', { 'class': 'kickstand-time' }, [ words.ago(ago) ]) : ''
		].filter((part) => part));
	},

	showActions(row, actions) {
		live.set(cell(row, 'actions'), actions, () => actions.flatMap((action) => [
			parts.button(action, () => this.rows.get(row), () => this.refresh()), ' '
		]));
	},

	showPages(reply, count) {
		const q = this.query, last = reply.offset + count, go = (label, offset, enabled) =>
			E('button', { 'class': 'btn cbi-button', 'disabled': enabled ? null : true, 'click': () => this.ask({ offset: offset }) }, [ label ]);

		live.set(this.nodes.pages, [ reply.total, reply.offset, count ], () => q.phase != 'unknown' && (q.offset > 0 || last < reply.total) ? [
			go(_('Previous'), Math.max(0, q.offset - LIMIT), q.offset > 0), ' ',
			E('span', { 'role': 'status' }, [ _('%d to %d of %d').format(reply.offset + 1, last, reply.total) ]), ' ',
			go(_('Next page'), last, last < reply.total)
		] : []);
	},

	showEmpty(reply, rows) {
		const hosts = Object.keys(reply.counts).reduce((sum, phase) => sum + reply.counts[phase], 0);
		const state = rows ? 'rows' : hosts ? 'filtered' : 'empty';

		this.nodes.table.style.display = rows ? '' : 'none';
		if (state != 'empty')
			return live.set(this.nodes.empty, state, () => rows ? [] : [ E('p', { 'class': 'kickstand-nothing' }, [ _('No host fits.') ]) ]);

		return Promise.all([ service.profiles(), L.resolveDefault(uci.load('kickstand')) ]).then(([ known ]) => {
			const ready = (known.profiles ?? []).some((profile) => profile.ready), accounts = uci.sections('kickstand', 'account').length > 0;
			live.set(this.nodes.empty, [ state, ready, accounts, reply.url ], () => [ this.firstSteps(ready, accounts, reply.url) ]);
		}, () => {});
	},

	// What to do first, with what is done already marked.
	firstSteps(ready, accounts, url) {
		const settings = (label) => E('a', { 'href': L.url('admin/services/kickstand/settings') }, [ label ]);
		const step = (done, content) => E('li', { 'class': done ? 'kickstand-done' : '' }, [ done ? '✔ ' : '' ].concat(content));

		return E('div', { 'class': 'kickstand-first' }, [
			E('h3', {}, [ _('No host yet. What to do first:') ]),
			E('ol', {}, [
				step(url, [ url ? _('The router answers machines at %s.').format(url) : _('Give the network that is served an address: machines cannot reach the router yet.') ]),
				step(ready, [ ready ? _('There is a profile: an operating system to install.') : _('Add a profile, the operating system to install:'), ' ', ready ? '' : settings(_('Settings')) ]),
				step(accounts, [ accounts ? _('There is an account to log in with.') : _('Add an account to log in with on the installed machines:'), ' ', accounts ? '' : settings(_('Settings')) ]),
				step(false, [ _('Connect a server to the router, let it boot from the network and wait: it appears here by itself. Then adopt it.') ])
			])
		]);
	}
});
