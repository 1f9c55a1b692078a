// Stand-in for LuCI's form classes: maps, a table of sections with a dialog for each, and five widgets.
// What it cannot show: LuCI's own data types and widgets, tabs, dependencies between options, sorting, and how any of it looks.
'use strict';
'require baseclass';
'require rpc';
'require uci';
'require ui';

const access = rpc.declare({ object: 'session', method: 'access', params: [ 'scope', 'object', 'function' ], expect: { access: false } });

const isEmpty = (value) => value == null || value === '' || (Array.isArray(value) && value.length == 0);

const Map = baseclass.extend({
	__init__(config, title, description) {
		Object.assign(this, { config, title, description, children: [] });
	},

	section(Class, ...rest) {
		const section = new Class(this, ...rest);
		this.children.push(section);
		return section;
	},

	async load() {
		this.readonly = !await access('uci', this.config, 'write');
		await uci.load(this.config);
		await Promise.all(this.children.map((section) => section.load()));
	},

	async render() {
		await this.load();
		return this.reset();
	},

	async reset() {
		this.root ??= Object.assign(E('div', { 'class': 'cbi-map', 'id': 'cbi-' + this.config }), { standInMap: this });
		const nodes = await Promise.all(this.children.map((section) => section.render()));
		this.root.replaceChildren();
		if (this.title)
			this.root.append(E('h2', {}, this.title), E('div', {}, this.description));
		this.root.append(...nodes);
		return this.root;
	},

	async save() {
		await Promise.all(this.children.map((section) => section.parse()));
		await uci.save();
		await ui.changes.init();
		await this.load();
		return this.reset();
	},

	findElement(name, value) {
		return Array.from(this.root.querySelectorAll('[%s]'.format(name))).find((node) => node.getAttribute(name) == value);
	}
});

const Section = baseclass.extend({
	option(Class, name, title, description) {
		const option = new Class(this, name, title, description);
		this.children.push(option);
		return option;
	},

	async load() {
		for (const id of this.cfgsections())
			for (const option of this.children)
				option.load(id);
	},

	formvalue(id, name) {
		return this.children.find((option) => option.option == name)?.formvalue(id) ?? null;
	}
});

const NamedSection = Section.extend({
	__init__(map, name, type, title) {
		Object.assign(this, { map, name, sectiontype: type, title, children: [] });
	},

	cfgsections() {
		return uci.get(this.map.config, this.name) ? [ this.name ] : [];
	},

	async parse() {
		for (const id of this.cfgsections())
			for (const option of this.children)
				option.parse(id);
	},

	async render() {
		const rows = [];
		for (const id of this.cfgsections())
			for (const [ index, option ] of this.children.entries())
				rows.push(await option.render(index, id, false));
		return E('div', { 'class': 'cbi-section', 'id': 'cbi-%s-%s'.format(this.map.config, this.name) }, [ this.title ? E('h3', {}, this.title) : '', ...rows ]);
	}
});

const GridSection = Section.extend({
	__init__(map, type, title, description) {
		Object.assign(this, { map, sectiontype: type, title, description, children: [] });
	},

	cfgsections() {
		return uci.sections(this.map.config, this.sectiontype).map((section) => section['.name']);
	},

	// Rows are not edited in place.
	async parse() {},

	async render() {
		const columns = this.children.filter((option) => !option.modalonly), off = this.map.readonly ? true : null;
		const rows = this.cfgsections().map((id) => E('tr', { 'data-sid': id }, [
			E('td', {}, [ id ]),
			...columns.map((option) => E('td', { 'data-name': option.option }, option.textvalue(id))),
			E('td', {}, [
				E('button', { 'class': 'btn', 'disabled': off, 'click': ui.createHandlerFn(this, () => this.edit(id)) }, [ 'Edit' ]),
				E('button', { 'class': 'btn', 'disabled': off, 'click': ui.createHandlerFn(this, () => this.remove(id)) }, [ 'Delete' ])
			])
		]));
		const name = E('input', { 'class': 'cbi-section-create-name', 'aria-label': 'Name', 'disabled': off });

		return E('div', { 'class': 'cbi-section', 'id': 'cbi-%s-%s'.format(this.map.config, this.sectiontype) }, [
			E('h3', {}, this.title), this.description instanceof Node ? this.description : E('div', {}, this.description),
			E('table', { 'class': 'table' }, [ E('tr', {}, [ E('th', {}, [ 'Name' ]), ...columns.map((option) => E('th', {}, option.title)), E('th') ]), ...rows ]),
			E('div', {}, [ name, E('button', { 'class': 'btn cbi-button-add', 'disabled': off, 'click': ui.createHandlerFn(this, () => this.create(name.value)) }, [ 'Add' ]) ])
		]);
	},

	create(name) {
		if (/^[A-Za-z0-9_]+$/.test(name))
			return this.edit(uci.add(this.map.config, this.sectiontype, name));
	},

	remove(id) {
		uci.remove(this.map.config, id);
		return this.map.save();
	},

	// Options are copied into a map of their own, with their class and what was set on them, as LuCI does.
	async edit(id) {
		const map = new Map(this.map.config), section = map.section(NamedSection, id, this.sectiontype);
		for (const option of this.children.filter((each) => each.modalonly !== false)) {
			const copy = section.option(option.constructor, option.option, option.title, option.description);
			const { map: _map, section: _section, nodes: _nodes, ...own } = option;
			Object.assign(copy, own);
		}

		const root = await map.render(), save = () => map.save().then(async () => {
			ui.hideModal();
			await this.map.load();
			await this.map.reset();
		}, (error) => ui.addNotification(null, [ error.message ], 'error'));
		ui.showModal(this.modaltitle(id), [ root, E('div', { 'class': 'button-row' }, [
			E('button', { 'class': 'btn', 'click': ui.hideModal }, [ 'Dismiss' ]),
			E('button', { 'class': 'btn', 'click': ui.createHandlerFn(this, save) }, [ 'Save' ])
		]) ]);
	}
});

const Value = baseclass.extend({
	__init__(section, option, title, description) {
		Object.assign(this, { section, map: section.map, option, title, description, data: {}, nodes: {} });
	},

	load(id) {
		this.data[id] = uci.get(this.map.config, id, this.option);
	},

	cfgvalue(id) {
		return this.data[id];
	},

	value(key, label) {
		(this.choices ??= []).push([ key, label ]);
	},

	textvalue(id) {
		const value = this.cfgvalue(id) ?? this.default;
		return [ isEmpty(value) ? 'none' : [].concat(value).join(' ') ];
	},

	formvalue(id) {
		return this.nodes[id] ? this.read(this.nodes[id]) : null;
	},

	validate: () => true,

	// The sentence that is wrong with the value in the field, or null.
	fault(id) {
		// Of a list LuCI asks about the field for the next value, which is empty.
		const value = this.formvalue(id), valid = this.validate(id, Array.isArray(value) ? '' : value ?? '');
		if (valid !== true)
			return valid;

		return isEmpty(value) && this.rmempty === false ? 'must not be empty' : null;
	},

	async render(index, id) {
		const value = this.cfgvalue(id) ?? this.default, name = 'widget.cbid.%s.%s.%s'.format(this.map.config, id, this.option);
		this.nodes[id] = this.widget(value, { 'id': name, 'placeholder': this.placeholder, 'disabled': this.map.readonly ? true : null });
		const trouble = E('div', { 'class': 'stand-in-invalid', 'role': 'alert' });
		const check = () => { trouble.textContent = this.fault(id) ?? ''; };
		this.nodes[id].addEventListener('input', check);

		return E('div', { 'class': 'cbi-value', 'data-name': this.option }, [
			E('label', { 'for': name }, this.title),
			E('div', { 'class': 'cbi-value-field' }, [ this.nodes[id], trouble, this.description ? E('small', {}, this.description) : '' ])
		]);
	},

	parse(id) {
		const fault = this.fault(id), value = this.formvalue(id);
		if (fault)
			throw new Error('%s: %s'.format(this.title, fault));
		if (isEmpty(value) || (this.rmempty !== false && value === this.default))
			uci.unset(this.map.config, id, this.option);
		else if (JSON.stringify(value) != JSON.stringify(this.cfgvalue(id)))
			uci.set(this.map.config, id, this.option, value);
	},

	widget: (value, attributes) => E('input', Object.assign({ 'type': 'text', 'value': value ?? '' }, attributes)),

	read: (node) => node.value
});

return baseclass.extend({
	Map,
	NamedSection,
	GridSection,
	Value,

	Flag: Value.extend({
		widget: (value, attributes) => E('input', Object.assign({ 'type': 'checkbox', 'checked': value == '1' ? true : null }, attributes)),
		read: (node) => node.checked ? '1' : '0'
	}),

	ListValue: Value.extend({
		widget(value, attributes) {
			return E('select', attributes, this.choices.map(([ key, label ]) => E('option', { 'value': key, 'selected': key == (value ?? '') ? true : null }, [ label ])));
		},

		textvalue(id) {
			const value = this.cfgvalue(id) ?? this.default;
			return [ this.choices.find((choice) => choice[0] == value)?.[1] ?? value ?? 'none' ];
		}
	}),

	// One value in each line.
	DynamicList: Value.extend({
		widget: (value, attributes) => E('textarea', attributes, [ [].concat(value ?? []).join('\n') ]),
		read: (node) => node.value.split('\n').filter((line) => line !== '')
	}),

	DummyValue: Value.extend({
		parse() {}
	})
});
