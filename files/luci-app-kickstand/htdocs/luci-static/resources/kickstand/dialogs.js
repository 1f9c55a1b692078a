'use strict';
'require baseclass';
'require dom';
'require rpc';
'require ui';
'require uci';
'require kickstand.check as check';
'require kickstand.service as service';
'require kickstand.words as words';

// What the user is asked before something changes: arm, disarm, adopt; and the actions themselves.
// Not its job: which action is offered where.

// What can be reached by Tab in a dialog.
const REACHABLE = 'a[href], button:not([disabled]), input:not([disabled]), select:not([disabled])';

// Tries, one a second, until the service has seen a configuration that was applied; it looks at the file before each answer.
const TRIES = 10;

// Seconds until rpcd takes back what was not confirmed. Milliseconds that LuCI waits before it confirms: a router that was made
// unreachable by a change is so by then.
const ROLLBACK = 10, HOLDOFF = 1000;

// LuCI's own uci.apply() does not say how the confirmation went.
const callApply = rpc.declare({ object: 'uci', method: 'apply', params: [ 'timeout', 'rollback' ], reject: true });
const callConfirm = rpc.declare({ object: 'uci', method: 'confirm', reject: true });

const pause = (milliseconds) => new Promise((resolve) => window.setTimeout(resolve, milliseconds));

// Keeps Tab inside the dialog: what lies behind it cannot be seen.
function stay(ev) {
	if (ev.key != 'Tab')
		return;

	const all = ev.currentTarget.querySelectorAll(REACHABLE), last = all.length - 1;
	if (ev.shiftKey && document.activeElement === all[0]) {
		ev.preventDefault();
		all[last].focus();
	}
	else if (!ev.shiftKey && document.activeElement === all[last]) {
		ev.preventDefault();
		all[0].focus();
	}
}

// A dialog with one thing to do. `act` may return a promise; when it fails, its sentence is shown and the dialog stays; what it
// gives is called after the dialog. `opener` is the button that was pressed.
function open(opener, title, content, label, style, act) {
	const trouble = E('div', { 'role': 'alert' }), home = opener.closest('tr, .cbi-section');
	const close = () => {
		ui.hideModal();
		// What was done may have put other buttons in its place.
		(opener.isConnected ? opener : home?.querySelector('button, a[href]'))?.focus({ preventScroll: true });
	};
	const button = E('button', { 'class': 'btn cbi-button %s important'.format(style), 'type': 'submit' }, [ label ]);
	const form = E('form', {
		'class': 'kickstand-dialog',
		'keydown': stay,
		'submit': (ev) => {
			ev.preventDefault();
			if (button.disabled)
				return;

			button.disabled = true;
			button.classList.add('spinning');
			dom.content(trouble, []);
			return Promise.resolve().then(act).then((next) => {
				close();
				next?.();
			}, (error) => {
				dom.content(trouble, [ E('div', { 'class': 'alert-message error' }, [ error.message ]) ]);
			}).finally(() => {
				button.disabled = false;
				button.classList.remove('spinning');
			});
		}
	}, [
		E('div', {}, content),
		trouble,
		// LuCI's Escape presses the first button.
		E('div', { 'class': 'right' }, [
			E('button', { 'class': 'btn cbi-button', 'type': 'button', 'click': close }, [ _('Cancel') ]), ' ', button
		])
	]);

	ui.showModal([ title ], [ form ]).setAttribute('aria-label', title);
	(form.querySelector('input, select') ?? button).focus();

	return button;
}

// Says how something went; what was said before that went well too has been read by then.
function notify(style, ...lines) {
	document.querySelectorAll('.alert-message.kickstand-note.info').forEach((note) => note.remove());
	ui.addNotification(null, lines.map((line) => E('p', {}, [ words.cut(line, 500) ])), style, 'kickstand-note');
}

// Does something that needs no question, and says how it went.
function simply(promise) {
	return promise.then(
		(reply) => notify('info', reply.done),
		(error) => notify('error', error.message));
}

function facts(pairs) {
	return E('dl', { 'class': 'kickstand-facts' }, pairs.filter((pair) => pair[1]).flatMap((pair) => [
		E('dt', {}, [ pair[0] ]), E('dd', {}, [ pair[1] ])
	]));
}

function field(label, input, hint) {
	return E('label', { 'class': 'kickstand-field' }, [ E('span', {}, [ label ]), input, hint ? E('small', {}, [ hint ]) : '' ]);
}

// Writes the sections that adopt answered with, through LuCI's own session: staged, applied with rollback, confirmed.
function write(sections, disk) {
	const host = sections[0].section;

	return uci.changes().then((changes) => {
		const others = Object.keys(changes ?? {});
		if (others.length)
			throw new Error(_('There are unsaved changes (%s), which would be applied too: apply or revert them first.').format(others.join(', ')));

		uci.unload('kickstand');
		return uci.load('kickstand');
	}).then(() => {
		for (const part of sections)
			if (part.option)
				uci.set('kickstand', part.section, part.option, part.values ?? part.value);
			else
				uci.add('kickstand', part.type, part.section);
		if (disk)
			uci.set('kickstand', host, 'disk', disk);

		return uci.save();
	}).then(() => callApply(ROLLBACK, true)
		.then(() => pause(HOLDOFF)).then(() => callConfirm())
		.catch((error) => {
			throw new Error(_('The change could not be applied. Somebody may be applying another one: try again in a minute. (%s)').format(error.message));
		}))
		.then(() => seen(host, TRIES))
		// What is still staged shows in LuCI's indicator, where it can be reverted.
		.finally(() => ui.changes.init());
}

function seen(host, tries) {
	return service.host(host).catch((error) => {
		if (tries <= 0 || error.kind != service.REFUSED)
			throw error;

		return pause(1000).then(() => seen(host, tries - 1));
	});
}

return baseclass.extend({
	facts: facts,

	// Asks for the permission to wipe: the user types the host's name. `done` is called after a change.
	arm(name, done, opener) {
		return service.host(name).then((host) => {
			const names = [ host.name, host.hostname ];
			const typed = E('input', {
				'type': 'text', 'class': 'cbi-input-text', 'autocomplete': 'off', 'autocapitalize': 'none', 'spellcheck': 'false',
				'input': () => { button.disabled = !names.includes(typed.value.trim()); }
			});
			const button = open(opener, _('Wipe and install %s?').format(words.cut(host.name, 40)), [
				E('div', { 'class': 'alert-message warning' }, [
					_('All data on this disk is lost when the machine next boots from the network:'),
					' ', E('strong', {}, [ words.text(host.disk) ])
				]),
				facts([
					[ _('Host'), words.text(host.name) ],
					[ _('Hostname'), words.text(host.hostname) ],
					[ _('Cards'), words.text(host.macs.join(', ')) ],
					[ _('Disk to be wiped'), words.text(host.disk) ],
					[ _('To be installed'), words.text(host.title || host.profile) ]
				]),
				field(_('Type “%s” to confirm').format(words.cut(host.name, 80)), typed)
			], _('Wipe and install'), 'cbi-button-negative', () => service.arm(host.name, typed.value.trim()).then((reply) => {
				notify('info',
					_('%s is armed for %s: power it on. %s will be installed on %s.').format(
						reply.host, words.duration(reply.seconds_left), reply.title, reply.disk),
					...(reply.warnings ?? []));
				return done();
			}));
			button.disabled = true;
		}).catch((error) => notify('error', error.message));
	},

	// Asks for a look at the hardware, which wipes nothing.
	discover(host, done, opener) {
		open(opener, _('Discover the hardware of %s?').format(words.cut(host.name, 40)), [
			E('p', {}, [ _('At its next network boot the installer starts, reports disks, network ports, processor and memory, and switches the machine off. No disk is written.') ]),
			E('p', {}, [ _('Boot it when nothing that it runs is needed: it does not start its system.') ])
		], _('Discover'), 'cbi-button-action', () => service.discover(host.name, true).then((reply) => {
			notify('info', _('%s reports its hardware at its next network boot: power it on within %s.').format(reply.host, words.duration(reply.seconds_left)));
			return done();
		}));
	},

	disarm(host, done, opener) {
		if (host.phase != 'installing')
			return simply(service.disarm(host.name)).then(done);

		open(opener, _('Give up the installation of %s?').format(words.cut(host.name, 40)), [
			E('p', {}, [ _('It is being installed. The router will not wait for it any more and call it failed; its disk is wiped already.') ])
		], _('Give up'), 'cbi-button-negative', () => service.disarm(host.name).then((reply) => {
			notify('info', reply.done);
			return done();
		}));
	},

	wake(host, done) {
		return simply(service.wake(host.name)).then(done);
	},

	forget(mac, done) {
		return simply(service.forget(mac)).then(done);
	},

	// Makes an unknown machine a host: a name, a profile, and a disk for those who want to say which.
	adopt(machine, done, opener) {
		return service.profiles().then((reply) => {
			const profiles = reply.profiles ?? [], ready = profiles.filter((profile) => profile.ready);
			if (!ready.length)
				throw new Error(profiles.length
					? _('Every profile has faults: mend one under Settings first.')
					: _('There is no profile: add one under Settings first. It says which operating system is installed.'));

			const plain = { 'type': 'text', 'class': 'cbi-input-text', 'autocomplete': 'off', 'autocapitalize': 'none', 'spellcheck': 'false' };
			const name = E('input', Object.assign({ 'required': true, 'placeholder': 'web1' }, plain));
			const disk = E('input', Object.assign({ 'placeholder': _('the only fixed disk in it') }, plain));
			const profile = E('select', { 'class': 'cbi-input-select' }, profiles.map((each) => E('option', {
				'value': each.name, 'disabled': each.ready ? null : true, 'selected': each === ready[0] ? true : null
			}, [ each.ready ? words.cut(each.title, 80) : _('%s (has faults)').format(words.cut(each.title, 80)) ])));

			open(opener, _('Make this machine a host'), [
				facts([
					[ _('MAC'), words.text(machine.mac) ],
					[ _('Product'), words.text(words.product(machine)) ],
					[ _('Serial number'), words.text(machine.serial) ]
				]),
				field(_('Name'), name, _('Letters, digits, - and _. The installed system gets it as its host name.')),
				field(_('Profile'), profile),
				field(_('Disk'), disk, _('Only this disk may be written. Best by path: /dev/disk/by-path/…'))
			], _('Adopt'), 'cbi-button-positive', () => {
				const device = disk.value.trim(), allowed = device ? check.disk(device) : true;
				if (allowed !== true)
					throw new Error(_('Disk: %s').format(allowed));

				return service.adopt(machine.mac, name.value.trim(), profile.value)
					.then((reply) => write(reply.set, device).then(() => reply.host))
					.then((host) => {
						notify('info', _('%s is a host now. It waits for your permission: arm it to install it.').format(host));
						// Its boot goes on within seconds: armed by then, it is installed without another power on.
						return done().then(() => () => this.arm(host, done, document.querySelector('tr[data-host="%s"] button'.format(host)) ?? opener));
					});
			});
		}).catch((error) => notify('error', error.message));
	}
});
