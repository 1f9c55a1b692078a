// Plays one scenario: opens the pages in Chromium, as a user would, before a router that tests/luci.rs has started.
// PAGE is the pages' address, SERVICE that of kickstand's HTTP, SCREENSHOTS a folder.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

// Milliseconds: more than anything that is waited for takes, even on a busy machine.
const LIMIT = 20000;

const FLAGS = [
	'--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'
];

// A request of a machine, from its own address on the loopback.
function request(method, target, address, body) {
	return new Promise((resolve, reject) => {
		const sent = http.request(new URL(target, process.env.SERVICE), { method: method, localAddress: address }, (reply) => {
			let text = '';
			reply.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve(text));
		});
		sent.on('error', reject).end(body);
	});
}

// A machine on the LAN: what its iPXE and its installer do.
class Machine {
	constructor(address, card, facts) {
		Object.assign(this, { address, card, facts: facts ?? {} });
	}

	asks() {
		const query = new URLSearchParams({ mac: this.card, platform: 'efi', buildarch: 'x86_64', try: '1', ...this.facts });
		return request('GET', `/v1/boot?${query}`, this.address);
	}

	async starts() {
		this.token = /\?token=(\S+)/.exec(await this.asks())[1];
	}

	reports(what) {
		return request('POST', '/v1/report', this.address, String(new URLSearchParams({ mac: this.card, token: this.token, ...what })));
	}
}

// Fails the scenario with a sentence when a page script breaks, or text that somebody supplied runs.
async function play(name) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ks-luci-'));
	const browser = await chromium.launchPersistentContext(folder, { executablePath: '/usr/bin/chromium', args: FLAGS, viewport: { width: 1200, height: 800 } });
	const broken = [], page = browser.pages()[0] ?? await browser.newPage();
	browser.setDefaultTimeout(LIMIT);
	page.on('pageerror', (error) => broken.push(error.stack));
	page.on('dialog', (dialog) => {
		broken.push(`a dialog of the browser opened: ${dialog.message()}`);
		dialog.dismiss();
	});

	const tools = {
		page, Machine,
		// Opens a page as a user: root or viewer.
		open: async (where, user) => {
			await browser.clearCookies();
			await browser.addCookies([ { name: 'user', value: user ?? 'root', url: process.env.PAGE } ]);
			return page.goto(`${process.env.PAGE}/${where}`);
		},
		HOSTS: 'admin/services/kickstand/hosts',
		HOST: (host) => `admin/services/kickstand/host?name=${host}`,
		SETTINGS: 'admin/services/kickstand/settings',
		row: (host) => page.locator(`tr[data-host="${host}"]`),
		// Waits until an element has that text.
		reads: (locator, text) => locator.filter({ hasText: text }).first().waitFor(),
		router: (what, body) => fetch(`${process.env.PAGE}/router/${what}`, { method: 'POST', body: body ?? '' }),
		screenshot: (file) => {
			fs.mkdirSync(process.env.SCREENSHOTS, { recursive: true });
			return page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${file}.png`), fullPage: true });
		}
	};

	try {
		await require(`./scenarios/${name}.js`)(tools);
		if (await page.evaluate(() => window.pwned))
			broken.push('text that somebody supplied was run as a script');
		if (broken.length)
			throw new Error(broken.join('\n'));
	}
	catch (error) {
		await tools.screenshot(`failed-${name}`).catch(() => {});
		throw error;
	}
	finally {
		await browser.close();
		fs.rmSync(folder, { recursive: true, force: true });
	}
}

play(process.argv[2]).catch((error) => {
	console.error(error.stack);
	process.exitCode = 1;
});
