'use strict';
'require baseclass';
'require dom';
'require poll';

// Keeps a page current without reloading it. What did not change is not touched: focus, selection and scroll stay where they are.
// Not its job: what is shown.

// Seconds between two looks while something moves, and looks that are left out when nothing does (then every 15 s).
const INTERVAL = 3, IDLE_LOOKS = 5;

const shown = new WeakMap(), children = new WeakMap();

return baseclass.extend({
	// Fills a node anew when `key`, what its content is made from, has changed.
	set(node, key, content) {
		const text = JSON.stringify(key ?? null);
		if (shown.get(node) === text)
			return;

		shown.set(node, text);
		dom.content(node, content());
	},

	// Sets an attribute, or removes it for null.
	attribute(node, name, value) {
		if (value == null)
			node.removeAttribute(name);
		else if (node.getAttribute(name) !== String(value))
			node.setAttribute(name, value);
	},

	// Makes the children of `parent` those of `items`, in order: one node for each key, made once and updated from then on.
	list(parent, items, keyOf, create, update) {
		const old = children.get(parent) ?? new Map(), now = new Map();
		const focused = parent.contains(document.activeElement) ? document.activeElement : null;

		for (const item of items)
			now.set(keyOf(item), old.get(keyOf(item)) ?? create(item));
		for (const [ key, node ] of old)
			if (!now.has(key))
				node.remove();

		let place = parent.firstElementChild;
		for (const item of items) {
			const node = now.get(keyOf(item));
			if (node === place)
				place = place.nextElementSibling;
			else
				parent.insertBefore(node, place);
			update(node, item);
		}
		children.set(parent, now);

		if (focused?.isConnected && document.activeElement !== focused)
			focused.focus({ preventScroll: true });
	},

	// Calls `look` every few seconds while its promise says that something moves, more seldom otherwise, and not while nobody sees
	// the page. Returns a function that looks at once. A look never fails: it shows its own errors.
	follow(look) {
		let left = 0;

		const now = () => Promise.resolve(look()).then((moves) => {
			left = moves ? 0 : IDLE_LOOKS - 1;
		});

		poll.add(() => {
			if (document.hidden || left-- > 0)
				return;

			return now();
		}, INTERVAL);

		return now;
	}
});
