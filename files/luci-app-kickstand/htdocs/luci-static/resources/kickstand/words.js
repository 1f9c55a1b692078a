'use strict';
'require baseclass';

// How phases, times and texts are worded and drawn, on all pages alike.
// Text that a host or a user supplied goes through text(): LuCI's E() takes a bare string for markup and an array for text.

// Characters of a text that a cell shows; the whole of it, up to a screenful, is its tooltip.
const SHOWN = 160, TOOLTIP = 1000;

const PHASES = {
	idle: _('idle'),
	armed: _('armed'),
	booting: _('booting'),
	installing: _('installing'),
	installed: _('installed'),
	failed: _('failed'),
	expired: _('expired'),
	disabled: _('disabled'),
	unknown: _('unknown')
};

const DECISIONS = {
	install: _('install'),
	local: _('boot from its own disk'),
	wait: _('wait and ask again'),
	refuse: _('refuse')
};

function cut(text, most) {
	const characters = Array.from(String(text));
	return characters.length > most ? characters.slice(0, most).join('') + '…' : characters.join('');
}

return baseclass.extend({
	PHASES: PHASES,
	DECISIONS: DECISIONS,

	cut: cut,

	// A text that somebody else supplied, kept apart from its surroundings: right-to-left letters do not reorder them.
	text(value, most) {
		const whole = String(value ?? ''), shown = cut(whole, most ?? SHOWN);
		return E('bdi', { 'class': 'kickstand-text', 'title': shown != whole ? cut(whole, TOOLTIP) : null }, [ shown ]);
	},

	badge(phase) {
		const known = Object.hasOwn(PHASES, phase);
		return E('span', { 'class': 'kickstand-badge kickstand-%s'.format(known ? phase : 'other') }, [ known ? PHASES[phase] : cut(phase, 20) ]);
	},

	// The two largest units of a number of seconds: "3 min 20 s".
	duration(seconds) {
		const s = Math.max(0, Math.floor(seconds));
		if (s < 60)
			return _('%d s').format(s);
		if (s < 3600)
			return s % 60 ? _('%d min %d s').format(s / 60, s % 60) : _('%d min').format(s / 60);
		if (s < 86400)
			return s % 3600 >= 60 ? _('%d h %d min').format(s / 3600, s % 3600 / 60) : _('%d h').format(s / 3600);

		return s % 86400 >= 3600 ? _('%d d %d h').format(s / 86400, s % 86400 / 3600) : _('%d d').format(s / 86400);
	},

	// A short step between two events, where tenths of a second matter.
	step(seconds) {
		return seconds < 10 ? _('%s s').format(Math.max(0, seconds).toFixed(1)) : this.duration(seconds);
	},

	ago(seconds) {
		return seconds < 5 ? _('just now') : _('%s ago').format(this.duration(seconds));
	},

	moment(seconds) {
		return new Date(seconds * 1000).toLocaleString();
	},

	progress(percent) {
		const share = Math.min(100, Math.max(0, Number(percent) || 0));
		return E('div', {
			'class': 'cbi-progressbar', 'title': _('%d %%').format(share),
			'role': 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': share, 'aria-label': _('Installation')
		}, [ E('div', { 'style': 'width:%d%%'.format(share) }) ]);
	},

	// Where per cent come from, and when it should be done. Numbers without a ground would be a promise.
	ground(host) {
		const grounds = { reported: _('reported'), packages: _('of its packages'), estimate: _('estimated from earlier installations') };
		const parts = [ _('%d %%').format(host.percent), grounds[host.percent_from] ];
		if (host.expected != null)
			parts.push(_('about %s left').format(this.duration(host.expected)));

		return E('div', { 'class': 'kickstand-time' }, [ parts.filter((part) => part).join(', ') ]);
	},

	// What a machine says it is, in one line.
	product(machine) {
		return [ machine.manufacturer, machine.product ].filter((part) => part).join(' ');
	}
});
