// Who has read access only sees everything and can press nothing; ubus refuses too. Without the right there is no page.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, HOSTS, HOST, SETTINGS, row, reads }) => {
	await open(HOSTS, 'viewer');
	await reads(row('r220a'), 'idle');
	await reads(page.locator('.alert-message'), 'You are logged in with read access only');
	const buttons = page.locator('[data-action]');
	assert.ok(await buttons.count() > 0);
	for (const button of await buttons.all()) {
		assert.ok(await button.isDisabled());
		assert.match(await button.getAttribute('title'), /read access only/);
	}

	const attempt = (method, ...values) => page.evaluate(([ method, values ]) => L.require('kickstand.service')
		.then((service) => service[method](...values)).then(() => 'done', (error) => error.kind), [ method, values ]);
	assert.equal(await attempt('arm', 'r220a', 'r220a'), 'denied');
	assert.equal(await attempt('disarm', 'r220a'), 'denied');
	assert.equal(await attempt('adopt', '52:54:00:00:00:66', 'x', 'almalinux9'), 'denied');
	assert.equal(await attempt('wake', 'r220a'), 'denied');
	assert.equal(await attempt('host', 'r220a'), 'done');

	await open(HOST('r220a'), 'viewer');
	await reads(page.locator('.kickstand-checks'), 'it is not armed');
	assert.equal(await page.locator('[data-action]:enabled').count(), 0);
	await open(SETTINGS, 'viewer');
	await reads(page.locator('#view'), 'Save & Apply');
	assert.equal(await page.locator('#view input:enabled:not([type=search]), #view .btn:enabled').count(), 0);

	for (const where of [ HOSTS, HOST('r220a'), SETTINGS ])
		assert.equal((await open(where, 'outsider')).status(), 403);
	await open('include/view.status.include.70_kickstand'.replace('view.', ''), 'outsider');
	await page.waitForFunction(() => document.getElementById('view').textContent == '');
};
