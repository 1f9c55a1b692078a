// A virtual server with empty disks has just been powered on. Everything that a person does is done here.
'use strict';
const assert = require('node:assert');

// Milliseconds: the firmware's start, and an installation, on a busy machine without KVM.
const BOOT = 120000, INSTALLATION = 240000;
// The first disk of the virtual server, which has two.
const DISK = '/dev/disk/by-path/pci-0000:00:04.0';

module.exports = async ({ page, open, HOSTS, HOST, row, reads, screenshot }) => {
	await open(HOSTS);
	await reads(page.locator('.kickstand-first'), 'let it boot from the network');
	const unknown = page.locator('tr[data-mac="52:54:00:00:00:01"]');
	await unknown.waitFor({ timeout: BOOT });

	const dialog = page.getByRole('dialog');
	await unknown.getByRole('button', { name: /Adopt/ }).click();
	await page.getByLabel('Name').fill('vm');
	await page.getByLabel('Disk').fill(DISK);
	await page.keyboard.press('Enter');
	await reads(dialog, 'Wipe and install vm?');
	await reads(dialog, DISK);
	await page.keyboard.type('vm');
	await page.keyboard.press('Enter');
	await reads(row('vm'), 'armed');

	await row('vm').filter({ hasText: 'installing' }).waitFor({ timeout: INSTALLATION });
	await row('vm').filter({ hasText: 'installed' }).waitFor({ timeout: INSTALLATION });
	await open(HOST('vm'));
	for (const text of [ 'was armed by the user', 'told to install', 'claimed', 'reported that it is installed' ])
		await reads(page.locator('.kickstand-timeline tr'), text);
	assert.ok(await page.locator('.kickstand-log').count() == 0, 'no installer failed');
	await screenshot('vm');
};
