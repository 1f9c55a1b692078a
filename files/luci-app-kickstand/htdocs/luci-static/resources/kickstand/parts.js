'use strict';
'require baseclass';
'require kickstand.dialogs as dialogs';
'require kickstand.words as words';
'require ui';

// What several pages show alike: the style sheet, action buttons, and what to do when the service cannot be asked.

const ACTIONS = {
	arm: { label: _('Arm…'), style: 'cbi-button-negative', act: (host, ...rest) => dialogs.arm(host.name, ...rest) },
	discover: { label: _('Discover…'), style: 'cbi-button-action', act: (...all) => dialogs.discover(...all) },
	disarm: { label: _('Disarm'), style: 'cbi-button-neutral', act: (...all) => dialogs.disarm(...all) },
	wake: { label: _('Wake'), style: 'cbi-button-action', act: (...all) => dialogs.wake(...all) },
	adopt: { label: _('Adopt…'), style: 'cbi-button-positive', act: (...all) => dialogs.adopt(...all) },
	forget: { label: _('Forget'), style: 'cbi-button-neutral', act: (machine, done) => dialogs.forget(machine.mac, done) }
};

return baseclass.extend({
	// Whether this user may change something; LuCI knows it from the menu entry's access right.
	mayChange: () => L.hasViewPermission() !== false,

	readOnlyReason: () => _('You are logged in with read access only: the access right “luci-app-kickstand” lets you look, not change.'),

	loadStyle() {
		const href = L.resource('kickstand/kickstand.css');
		if (!document.querySelector('link[href^="%s"]'.format(href)))
			document.head.appendChild(E('link', { 'rel': 'stylesheet', 'href': href }));
	},

	// A button for one action on a host or a machine; `subject` gives what it is about when it is pressed.
	button(action, subject, done) {
		const known = ACTIONS[action], name = subject().name ?? subject().mac;
		return E('button', {
			'class': 'btn cbi-button %s'.format(known.style),
			'data-action': action,
			'aria-label': '%s %s'.format(known.label, words.cut(name, 80)),
			'disabled': this.mayChange() ? null : true,
			'title': this.mayChange() ? null : this.readOnlyReason(),
			'click': ui.createHandlerFn(this, (ev) => known.act(subject(), done, ev.currentTarget))
		}, [ known.label ]);
	},

	// What to show in place of an answer; null when there was one.
	trouble(error) {
		return error ? E('div', { 'class': 'alert-message error', 'role': 'alert' }, [ error.message ]) : '';
	},

	readOnlyNote() {
		return this.mayChange() ? '' : E('div', { 'class': 'alert-message notice' }, [ this.readOnlyReason() ]);
	},

	// The phase with what belongs to it: progress and time while installing, the time that is left while armed.
	phase(host) {
		const lines = [ words.badge(host.phase) ];
		if (host.open)
			lines.push(' ', E('span', {
				'class': 'kickstand-badge kickstand-open', 'title': _('Its answer file is open to anybody on the LAN now (option publish).')
			}, [ _('open') ]));
		if (host.phase == 'installing') {
			if (host.percent != null)
				lines.push(words.progress(host.percent), words.ground(host));
			if (host.step)
				lines.push(E('div', { 'class': 'kickstand-time' }, [ words.text(host.step, 120) ]));
			if (host.elapsed != null)
				lines.push(E('div', { 'class': 'kickstand-time' }, [ _('for %s').format(words.duration(host.elapsed)) ]));
		}
		else if (host.seconds_left != null) {
			lines.push(E('div', { 'class': 'kickstand-time' }, [ _('%s left').format(words.duration(host.seconds_left)) ]));
		}

		return lines;
	}
});
