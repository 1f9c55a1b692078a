// Writes files/luci-app-kickstand/po/templates/kickstand.pot from the strings of the pages and the menu; --check only compares.
// Strings are marked as _('…') or N_(count, '…', '…') with plain literals, which is all that the pages use.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const APPLICATION = path.join(__dirname, '../../files/luci-app-kickstand');
const TEMPLATE = path.join(APPLICATION, 'po/templates/kickstand.pot');
const LITERAL = String.raw`'((?:[^'\\\n]|\\.)*)'`;

function files(folder, ending) {
	return fs.readdirSync(path.join(APPLICATION, folder), { recursive: true }).sort()
		.filter((name) => name.endsWith(ending)).map((name) => path.join(folder, name));
}

// What a literal in JavaScript means, as a literal of gettext.
const quoted = (literal) => JSON.stringify(literal.replace(/\\(.)/g, '$1'));

function strings() {
	const found = new Map();
	// Without line numbers, which change with every edit.
	const add = (key, file) => found.set(key, (found.get(key) ?? new Set()).add(file));

	for (const file of files('htdocs', '.js')) {
		const source = fs.readFileSync(path.join(APPLICATION, file), 'utf8');
		const marks = [ ...source.matchAll(/(?<![\w.])N?_\(/g) ].length;
		const one = [ ...source.matchAll(new RegExp(String.raw`(?<![\w.])_\(${LITERAL}\)`, 'g')) ];
		const many = [ ...source.matchAll(new RegExp(String.raw`(?<![\w.])N_\([^'()]+, ${LITERAL}, ${LITERAL}\)`, 'g')) ];
		if (one.length + many.length != marks)
			throw new Error(`${file}: a string is marked in a way that this tool does not read`);
		for (const match of one)
			add(`msgid ${quoted(match[1])}\nmsgstr ""`, file);
		for (const match of many)
			add(`msgid ${quoted(match[1])}\nmsgid_plural ${quoted(match[2])}\nmsgstr[0] ""\nmsgstr[1] ""`, file);
	}
	for (const [ folder, pattern ] of [ [ 'root/usr/share/luci/menu.d', /"title": "(.*)"/g ], [ 'root/usr/share/rpcd/acl.d', /"description": "(.*)"/g ] ])
		for (const file of files(folder, '.json')) {
			const source = fs.readFileSync(path.join(APPLICATION, file), 'utf8');
			for (const match of source.matchAll(pattern))
				add(`msgid "${match[1]}"\nmsgstr ""`, file);
		}

	return found;
}

const entries = Array.from(strings()).sort((a, b) => a[0] < b[0] ? -1 : 1)
	.map(([ key, places ]) => `${Array.from(places, (place) => `#: ${place}\n`).join('')}${key}\n`);
const template = `msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n\n${entries.join('\n')}`;

if (!process.argv.includes('--check'))
	fs.writeFileSync(TEMPLATE, template);
else if (!fs.existsSync(TEMPLATE) || fs.readFileSync(TEMPLATE, 'utf8') != template) {
	console.error('kickstand.pot is not what the pages say: run node tests/luci/translations.js');
	process.exitCode = 1;
}
