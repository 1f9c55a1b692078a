// The service stops and comes back; a router without hosts says what to do first.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, Machine, HOSTS, HOST, SETTINGS, row, reads, router, screenshot }) => {
	await open(HOSTS);
	await reads(page.locator('.kickstand-first'), 'There is a profile');
	await reads(page.locator('.kickstand-first'), 'Add an account');
	await reads(page.locator('.kickstand-first'), 'let it boot from the network');
	await screenshot('first');

	await router('stop');
	await reads(page.locator('.alert-message.error'), 'kickstand is not running. Start it with');
	await open('include/status.include.70_kickstand');
	await reads(page.locator('#view'), 'kickstand is not running');
	await router('start');
	await reads(page.locator('#view'), 'Unknown machines');
	await open(SETTINGS);
	await page.locator('.cbi-map').waitFor();
	await router('stop');
	await open(SETTINGS);
	await reads(page.locator('.alert-message.error'), 'kickstand is not running');
	await page.locator('.cbi-map').waitFor();
	await open(HOST('r220a'));
	await reads(page.locator('.alert-message.error'), 'kickstand is not running');
	await open(HOSTS);
	await reads(page.locator('.alert-message.error'), 'kickstand is not running');
	await router('start');
	await reads(page.locator('.kickstand-first'), 'There is a profile');
	await page.locator('.alert-message.error').waitFor({ state: 'detached' });

	await new Machine('127.0.0.66', '52:54:00:00:00:66').asks();
	await reads(page.locator('tr[data-mac="52:54:00:00:00:66"]'), 'unknown machine');
	assert.ok(await page.locator('.kickstand-first').isHidden().catch(() => true));
};
