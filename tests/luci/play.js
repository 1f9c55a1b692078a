// Plays one scenario: opens the pages in Chromium, as a user would, before a router that tests/luci.rs has started.
// PAGE is the pages' address, SERVICE that of kickstand's HTTP, SCREENSHOTS a folder. With LUCI_PASSWORD it is a real LuCI that is
// opened, with that password for root and viewer, and ROUTER is the folder with its files (docs/luci.md).
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

// Milliseconds: more than anything that is waited for takes, even on a busy machine.
const LIMIT = 60000;

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

// Logs in, by the stand-in's cookie or through LuCI's own page.
async function login(browser, page, user) {
	await browser.clearCookies();
	if (!process.env.LUCI_PASSWORD)
		return browser.addCookies([ { name: 'user', value: user, url: process.env.PAGE } ]);

	await page.goto(process.env.PAGE);
	await page.fill('input[name=luci_username]', user);
	await page.fill('input[name=luci_password]', process.env.LUCI_PASSWORD);
	await page.press('input[name=luci_password]', 'Enter');
	await page.locator('input[name=luci_password]').waitFor({ state: 'detached' });
}

// Changes something about the router: by the stand-in's server, or in the files of the router that LuCI runs on.
function change(what, body) {
	if (!process.env.LUCI_PASSWORD)
		return fetch(`${process.env.PAGE}/router/${what}`, { method: 'POST', body: body ?? '' });
	if (what == 'uptime')
		return fs.writeFileSync(path.join(process.env.ROUTER, 'proc/uptime'), `${body}.00 1.00\n`);
	throw new Error(`"${what}" is not for a real LuCI`);
}

// Fails the scenario with a sentence when a page script breaks, or text that somebody supplied runs.
async function play(name) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ks-luci-'));
	const browser = await chromium.launchPersistentContext(folder, { executablePath: '/usr/bin/chromium', args: FLAGS, viewport: { width: 1200, height: 800 } });
	const broken = [], page = browser.pages()[0] ?? await browser.newPage();
	let logged = null;
	browser.setDefaultTimeout(LIMIT);
	// LuCI's own login page asks for what nobody may read yet.
	page.on('pageerror', (error) => /uci\/get failed with error -32002/.test(error.message) || broken.push(error.stack));
	page.on('dialog', (dialog) => {
		broken.push(`a dialog of the browser opened: ${dialog.message()}`);
		dialog.dismiss();
	});

	const tools = {
		page, Machine,
		// Opens a page as a user: root or viewer.
		open: async (where, user) => {
			if (logged != (user ?? 'root'))
				await login(browser, page, logged = user ?? 'root');
			return page.goto(`${process.env.PAGE}/${where}`);
		},
		// Waits until there are, or are no, changes that are saved and not applied.
		unsaved: (some) => page.locator('#changes:not(:empty), [data-indicator="uci-changes"]').waitFor({ state: some ? 'attached' : 'detached' }),
		HOSTS: 'admin/services/kickstand/hosts',
		HOST: (host) => `admin/services/kickstand/host?name=${host}`,
		SETTINGS: 'admin/services/kickstand/settings',
		row: (host) => page.locator(`tr[data-host="${host}"]`),
		// Waits until an element has that text.
		reads: (locator, text) => locator.filter({ hasText: text }).first().waitFor(),
		router: change,
		// Gives the picture's bytes.
		screenshot: async (file) => {
			fs.mkdirSync(process.env.SCREENSHOTS, { recursive: true });
			await page.evaluate(() => window.scrollTo(0, 0));
			return page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${file}.png`), fullPage: true, animations: 'disabled' });
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
