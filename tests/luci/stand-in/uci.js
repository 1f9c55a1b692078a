// Stand-in for LuCI's uci class: configuration in the browser, changes in the session, apply with rollback.
// What it cannot show: renaming and moving sections, and several configurations being applied at once.
'use strict';
'require baseclass';
'require rpc';

const calls = {
	get: rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true }),
	add: rpc.declare({ object: 'uci', method: 'add', params: [ 'config', 'type', 'name' ], expect: {}, reject: true }),
	set: rpc.declare({ object: 'uci', method: 'set', params: [ 'config', 'section', 'values' ], expect: {}, reject: true }),
	delete: rpc.declare({ object: 'uci', method: 'delete', params: [ 'config', 'section', 'options' ], expect: {}, reject: true }),
	changes: rpc.declare({ object: 'uci', method: 'changes', expect: { changes: {} } }),
	apply: rpc.declare({ object: 'uci', method: 'apply', params: [ 'timeout', 'rollback' ], expect: {} }),
	confirm: rpc.declare({ object: 'uci', method: 'confirm', expect: {} })
};

return baseclass.extend({
	values: {},
	edits: [],

	load(config) {
		if (this.values[config])
			return Promise.resolve();

		return calls.get(config).then((values) => { this.values[config] = values; });
	},

	unload(config) {
		delete this.values[config];
	},

	sections(config, type) {
		return Object.values(this.values[config] ?? {}).filter((section) => section['.type'] == type)
			.sort((a, b) => a['.index'] - b['.index']);
	},

	get(config, section, option) {
		const found = this.values[config]?.[section] ?? null;
		return option == null ? found : found?.[option];
	},

	set(config, section, option, value) {
		this.values[config][section][option] = value;
		this.edits.push(() => calls.set(config, section, { [option]: value }));
	},

	unset(config, section, option) {
		if (this.get(config, section, option) == null)
			return;

		delete this.values[config][section][option];
		this.edits.push(() => calls.delete(config, section, [ option ]));
	},

	add(config, type, name) {
		this.values[config][name] = { '.name': name, '.type': type, '.anonymous': false, '.create': name, '.index': 1e6 + this.edits.length };
		this.edits.push(() => calls.add(config, type, name));
		return name;
	},

	remove(config, section) {
		delete this.values[config][section];
		this.edits.push(() => calls.delete(config, section));
	},

	async save() {
		for (const edit of this.edits.splice(0))
			await edit();
		for (const config of Object.keys(this.values)) {
			this.unload(config);
			await this.load(config);
		}
	},

	changes: () => calls.changes(),

	// Resolves before the confirmation, as LuCI's does.
	apply: () => calls.apply(10, true).then((code) => {
		if (code !== 0)
			return Promise.reject(code);

		window.setTimeout(() => calls.confirm(), 100);
	})
});
