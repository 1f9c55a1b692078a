// Stand-in for LuCI's loader and the classes that kickstand's pages use; LuCI itself is in no package registry.
// What it cannot show: LuCI's theme, menu, login and translations, its other widgets, batched calls, session expiry, and any behaviour
// of LuCI that is not written here. A second of its polling lasts a fifth of a second. The pages run in it unmodified; what they look
// like and do in LuCI is tried by hand (docs/verification.md).
'use strict';

(() => {
	const env = window.STAND_IN;
	const TICK = 200;

	String.prototype.format = function(...values) {
		return this.replace(/%(%|s|d|h)/g, (mark, kind) => {
			if (kind == '%')
				return '%';

			const value = values.shift();
			return kind == 'd' ? String(Math.trunc(Number(value))) : String(value);
		});
	};
	window._ = (text) => text;
	window.N_ = (count, one, many) => count == 1 ? one : many;

	class Base {
		constructor(...values) {
			this.__init__?.(...values);
		}

		static extend(members) {
			const Class = class extends this {};
			Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(members));
			return Class;
		}
	}

	// As in LuCI: a bare string is markup, an array holds text and nodes.
	const dom = {
		append(node, children) {
			if (Array.isArray(children))
				for (const child of children)
					node.append(child instanceof Node ? child : document.createTextNode(String(child ?? '')));
			else if (children instanceof Node)
				node.append(children);
			else if (children != null)
				node.innerHTML = String(children);
			return node.lastChild;
		},

		content(node, children) {
			node.replaceChildren();
			return dom.append(node, children);
		},

		create(name, attributes, children) {
			if (Array.isArray(attributes) || !(attributes instanceof Object))
				[ attributes, children ] = [ {}, attributes ?? children ];

			const node = Array.isArray(name) ? document.createDocumentFragment() : document.createElement(name);
			for (const [ key, value ] of Object.entries(attributes))
				if (typeof value == 'function')
					node.addEventListener(key, value);
				else if (value != null)
					node.setAttribute(key, typeof value == 'object' ? JSON.stringify(value) : value);
			dom.append(node, children);
			return node;
		}
	};
	window.E = (...all) => dom.create(...all);

	const View = Base.extend({
		__init__() {
			const place = document.getElementById('view');
			Promise.resolve(this.load?.()).then((loaded) => this.render(loaded)).then((nodes) => {
				dom.content(place, nodes);
				place.append(this.footer());
			}).catch((error) => {
				dom.content(place, [ E('pre', { 'class': 'alert-message error' }, [ error.stack ]) ]);
				throw error;
			});
		},

		maps: () => Array.from(document.querySelectorAll('#maincontent .cbi-map'), (node) => node.standInMap),

		handleSave() {
			return Promise.all(this.maps().map((map) => map.save()));
		},

		handleSaveApply() {
			return this.handleSave().then(() => classes.ui.changes.apply());
		},

		handleReset() {
			return Promise.all(this.maps().map((map) => map.reset()));
		},

		footer() {
			const refused = (error) => classes.ui.addNotification(null, [ error.message ], 'error');
			const buttons = { handleSaveApply: 'Save & Apply', handleSave: 'Save', handleReset: 'Reset' };
			const maps = this.maps(), disabled = maps.length > 0 && maps.every((map) => map.readonly) ? true : null;
			return E('div', { 'class': 'cbi-page-actions' }, Object.keys(buttons).filter((name) => this[name]).map((name) =>
				E('button', { 'class': 'btn', 'disabled': disabled, 'click': classes.ui.createHandlerFn(this, () => this[name]().catch(refused)) }, [ buttons[name] ])));
		}
	});

	const poll = {
		queue: [],
		tick: 0,

		add(look, seconds) {
			poll.queue.push({ look, seconds, free: true });
			poll.timer ??= window.setInterval(poll.step, TICK);
			if (poll.queue.length == 1)
				window.setTimeout(poll.step);
		},

		step() {
			for (const entry of poll.queue)
				if (entry.free && poll.tick % entry.seconds == 0) {
					entry.free = false;
					Promise.resolve(entry.look()).finally(() => { entry.free = true; });
				}
			poll.tick += 1;
		}
	};

	const rpc = {
		declare({ object, method, params, expect, reject }) {
			return async (...values) => {
				const named = {};
				(params ?? []).forEach((name, index) => { named[name] = values[index]; });

				const call = { jsonrpc: '2.0', id: 1, method: 'call', params: [ env.session, object, method, named ] };
				const reply = await (await fetch('/ubus', { method: 'POST', body: JSON.stringify(call) })).json();
				const name = 'RPC call to %s/%s'.format(object, method);
				if (reply.error)
					throw new Error('%s failed with error %d: %s'.format(name, reply.error.code, reply.error.message));
				if (reject && reply.result[0] != 0)
					throw new Error('%s failed with ubus code %d: ?'.format(name, reply.result[0]));

				const value = reply.result.length > 1 ? reply.result[1] : reply.result[0];
				const key = Object.keys(expect ?? {})[0];
				return key == null ? value : key == '' ? value : value?.[key] ?? expect[key];
			};
		}
	};

	const overlay = E('div', { 'id': 'modal_overlay', 'tabindex': -1 }, [ E('div', { 'class': 'modal', 'role': 'dialog', 'aria-modal': 'true' }) ]);
	overlay.addEventListener('keydown', (ev) => {
		if (ev.key == 'Escape')
			overlay.querySelector('.right > button, .button-row > .btn')?.click();
	});

	const ui = {
		showModal(title, children) {
			const dialog = overlay.firstElementChild;
			dom.content(dialog, [ E('h4', {}, title) ]);
			dom.append(dialog, children);
			document.body.classList.add('modal-overlay-active');
			overlay.focus();
			return dialog;
		},

		hideModal() {
			document.body.classList.remove('modal-overlay-active');
		},

		addNotification(title, children, ...styles) {
			const note = E('div', { 'class': 'alert-message' }, [ E('div'), E('button', { 'class': 'btn', 'click': () => note.remove() }, [ 'Dismiss' ]) ]);
			if (title != null)
				dom.append(note.firstElementChild, E('h4', {}, title));
			dom.append(note.firstElementChild, children);
			note.classList.add(...styles);
			document.getElementById('maincontent').prepend(note);
			return note;
		},

		createHandlerFn(self, handler, ...values) {
			return (ev) => {
				const button = ev.currentTarget;
				button.disabled = true;
				button.blur();
				Promise.resolve((typeof handler == 'string' ? self[handler] : handler).call(self, ...values, ev))
					.finally(() => { button.disabled = false; });
			};
		},

		changes: {
			init: () => L.require('uci').then((uci) => uci.changes()).then((changes) => {
				document.getElementById('changes').textContent = Object.keys(changes).join(' ');
			}),

			// LuCI counts down, confirms, and loads the page anew.
			apply: () => L.require('uci').then((uci) => uci.apply()).then(() => window.location.reload())
		}
	};

	const classes = { baseclass: Base, dom, view: View, poll, rpc, ui };

	// The dependencies that a class file names in the strings at its beginning.
	function dependencies(source) {
		const code = source.replace(/^\s*(\/\/.*\n\s*)*/, '');
		const heads = /^(?:\s*(?:'[^'\n]*'|"[^"\n]*")\s*;|\s*\/\/.*\n)*/.exec(code)[0];
		return Array.from(heads.matchAll(/['"]require +(\S+?)(?: +as +(\w+))?['"]/g),
			(match) => ({ name: match[1], as: match[2] ?? match[1].replace(/\W/g, '_') }));
	}

	window.L = {
		env,
		bind: (call, self, ...values) => call.bind(self, ...values),
		resolveDefault: (value, otherwise) => Promise.resolve(value).catch(() => otherwise),
		hasViewPermission: () => !env.readonly,
		url: (...parts) => '/' + parts.join('/'),
		resource: (path) => '/luci-static/resources/' + path,

		async require(name) {
			classes[name] ??= (async () => {
				const own = [ 'uci', 'form' ].includes(name);
				const url = (own ? '/stand-in/' : '/luci-static/resources/') + name.replace(/\./g, '/') + '.js';
				const source = await (await fetch(url)).text(), needed = dependencies(source);
				const values = await Promise.all(needed.map((each) => L.require(each.name)));
				const Class = new Function('L', ...needed.map((each) => each.as), `${source}\n//# sourceURL=${url}`)(L, ...values);
				return new Class();
			})();
			return classes[name];
		}
	};

	document.body.append(overlay);
	ui.changes.init();
	L.require('view.' + env.view.replace(/\//g, '.')).then((loaded) => {
		// LuCI's Overview page does this with each of its parts, again and again.
		if (!(loaded instanceof View))
			poll.add(() => loaded.load().then((result) => {
				const content = loaded.render(result);
				if (content != null)
					dom.content(document.getElementById('view'), content);
			}), 5);
	});
})();
