// The pictures of the documentation: hosts in every phase of an installation, each page once, on a phone, and in the dark.
'use strict';
const assert = require('node:assert');

// Kilobytes that a picture may have in the repository.
const LARGEST = 200;

module.exports = async ({ page, open, Machine, HOSTS, HOST, SETTINGS, row, reads, router, screenshot }) => {
	const machine = (n, facts) => new Machine(`127.0.0.${20 + n}`, `b8:ca:3a:00:00:0${n}`, { manufacturer: 'Dell Inc.', product: 'PowerEdge R220', serial: `CN7016${n}`, ...facts });
	const [ r220a, r220b, store1, web1, , unknown ] = [ 1, 2, 3, 4, 5, 6 ].map((n) => machine(n));
	let seconds = 1000;
	const later = (more) => router('uptime', String(seconds += more));
	const arm = (host) => page.evaluate((name) => L.require('kickstand.service').then((service) => service.arm(name, name)), host);

	await page.setViewportSize({ width: 1040, height: 700 });
	await open(HOSTS);
	await reads(row('web2'), 'idle');
	for (const host of [ 'r220a', 'r220b', 'store1', 'web1' ])
		await arm(host);
	for (const [ each, wait ] of [ [ store1, 60 ], [ r220b, 35 ], [ r220a, 20 ] ]) {
		await later(wait);
		await each.starts();
		await later(41);
		await each.reports({ event: 'claim', nonce: 'run-1', disk: '/dev/sda' });
		await later(18);
		await each.reports({ event: 'progress', percent: '10', text: 'partitions and file systems are made' });
	}
	await later(140);
	await store1.reports({ event: 'failed', log: 'unpacking of archive failed: No space left on device\nThe installer was stopped.\n' });
	await later(95);
	await r220b.reports({ event: 'completed' });
	await r220a.reports({ event: 'progress', percent: '62', text: 'packages are installed' });
	await unknown.asks();
	await later(12);

	await open(HOSTS);
	// What was reported, or more: r220b has just shown how long the same profile takes.
	await row('r220a').getByText(/\d+ %/).or(row('r220a').locator('[aria-valuenow]')).first().waitFor();
	await reads(row('r220b'), 'installed');
	await reads(row('store1'), 'failed');
	await reads(row('web1'), 'armed');
	const sizes = [ await screenshot('hosts') ];

	await row('web2').getByRole('button', { name: /Arm/ }).click();
	await reads(page.getByRole('dialog'), 'AlmaLinux 9');
	await page.keyboard.type('web');
	sizes.push(await screenshot('arm'));
	await page.keyboard.press('Escape');

	await page.locator('tr[data-mac="b8:ca:3a:00:00:06"]').getByRole('button', { name: /Adopt/ }).click();
	await reads(page.getByRole('dialog'), 'CN70166');
	await page.keyboard.type('db1');
	sizes.push(await screenshot('adopt'));
	await page.keyboard.press('Escape');

	await open(HOST('r220a'));
	await reads(page.locator('.kickstand-checks'), 'r220a');
	await page.locator('[data-what="args"]').click();
	await reads(page.locator('.kickstand-code'), 'inst.ks=');
	sizes.push(await screenshot('host'));

	await open(SETTINGS);
	await reads(page.locator('.cbi-map'), 'TCP port for machines');
	sizes.push(await screenshot('settings'));

	await page.emulateMedia({ colorScheme: 'dark' });
	await open(HOSTS);
	await reads(row('r220b'), 'installed');
	sizes.push(await screenshot('dark'));
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize({ width: 390, height: 844 });
	await open(HOSTS);
	await reads(row('r220b'), 'installed');
	sizes.push(await screenshot('phone'));

	assert.ok(sizes.every((picture) => picture.length < LARGEST * 1024), 'the pictures are small');
};
