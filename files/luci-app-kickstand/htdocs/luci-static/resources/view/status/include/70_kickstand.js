'use strict';
'require baseclass';
'require kickstand.service as service';

// The part of LuCI's Overview: one cheap call. A rejected load would mark it failed for the page's life, so it never rejects.

return baseclass.extend({
	title: _('Server installation'),

	load() {
		return service.overview().catch((error) => ({ trouble: error }));
	},

	render(overview) {
		// Who may not look is not told that there is something to see.
		if (!overview || overview.trouble?.kind == service.DENIED)
			return null;
		if (overview.trouble)
			return E('p', {}, [ E('em', {}, [ overview.trouble.message ]) ]);

		const hosts = (label, count, phase) => [ label, count, '%s?phase=%s'.format(L.url('admin/services/kickstand/hosts'), phase) ];
		const names = overview.installing_names ?? [];
		const lines = [
			hosts(_('Installing'), names.length ? '%d: %s%s'.format(overview.installing, names.join(', '), overview.installing > names.length ? ' …' : '') : overview.installing, 'installing'),
			hosts(_('Armed'), overview.armed, 'armed'),
			hosts(_('Failed'), overview.failed, 'failed'),
			hosts(_('Unknown machines'), overview.unknown, 'unknown')
		];
		if (overview.faults)
			lines.push([ _('Settings that cannot be used'), overview.faults, L.url('admin/services/kickstand/settings') ]);
		if (overview.failing_webhooks)
			lines.push([ _('Webhooks that fail'), overview.failing_webhooks, L.url('admin/services/kickstand/hosts') ]);

		return E('table', { 'class': 'table' }, lines.map((line) => E('tr', { 'class': 'tr' }, [
			E('td', { 'class': 'td left', 'width': '33%' }, [ line[0] ]),
			E('td', { 'class': 'td left' }, [ E('a', { 'href': line[2] }, [ line[1] ]) ])
		])));
	}
});
