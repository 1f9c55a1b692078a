// The form writes UCI; it refuses what the service would refuse, and shows what the service found wrong.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, Machine, HOSTS, SETTINGS, reads, unsaved, screenshot }) => {
	const field = (section, option) => page.locator(`[id="widget.cbid.kickstand.${section}.${option}"]`);
	const dialog = page.getByRole('dialog');

	await open(SETTINGS);
	await reads(page.locator('#kickstand-faults'), "host 'broken', option mac 'zz'");
	await reads(page.locator('[data-name="window"]'), 'must be a number of seconds, 60 to 604800');
	await reads(page.locator('tr[data-sid="broken"]'), 'mac: must be a MAC address');
	await screenshot('settings-faults');

	// A bad value is not saved.
	await field('main', 'window').fill('30');
	await reads(page.locator('[data-name="window"]'), 'Expecting: a number, 60 to 604800');
	await page.getByRole('button', { name: 'Save', exact: true }).click();
	await reads(page.locator('.alert-message.error'), 'Expecting: a number, 60 to 604800');
	await unsaved(false);

	// The host's faults stand at its options; opening it does not give it another profile.
	await page.locator('tr[data-sid="broken"]').getByRole('button', { name: 'Edit' }).click();
	await reads(dialog.locator('[data-name="mac"]'), 'must be a MAC address such as');
	await reads(dialog.locator('[data-name="profile"]'), 'is no profile');
	assert.equal(await field('broken', 'profile').inputValue(), 'nosuch');
	await field('broken', 'mac').fill('52:54:00:00:00:77');
	await field('broken', 'profile').selectOption('almalinux9');
	await field('broken', 'gateway').fill('192.0.2.1');
	await reads(dialog.locator('[data-name="gateway"]'), 'Needs “IPv4 address” too.');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await reads(page.locator('.alert-message.error'), 'Needs “IPv4 address” too.');
	await field('broken', 'address').fill('192.0.2.7/24');
	await field('broken', 'bond_port').fill('enp1s0f0\nenp1s0f1');
	await reads(dialog.locator('[data-name="bond_port"]'), 'Needs “Bond” too.');
	await field('broken', 'bond_port').fill('enp1s0f0\na name that is too long');
	await reads(dialog.locator('[data-name="bond_port"]'), 'a network interface such as');
	await field('broken', 'bond_port').fill('enp1s0f0');
	await field('broken', 'device').fill('enp1s0f1');
	await field('broken', 'bond').fill('wan0');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await reads(page.locator('.alert-message.error'), 'a bond is made of its ports');
	await field('broken', 'device').fill('');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await unsaved(true);

	// Applied, seen by the service, and confirmed.
	// The form is drawn anew after the dialog: what is typed into the old one is lost, and so is a press on its button. Do it again, as
	// people do.
	const applied = page.locator('tr[data-sid="broken"]').filter({ hasText: '✔' }).first();
	for (let presses = 0; presses < 3 && !await applied.isVisible(); presses++) {
		await field('main', 'window').fill('3600');
		await page.getByRole('button', { name: 'Save & Apply' }).click();
		await applied.waitFor({ timeout: 15000 }).catch(() => {});
	}
	await reads(page.locator('tr[data-sid="broken"]'), '✔');
	assert.equal(await page.locator('#kickstand-faults').count(), 0);
	assert.equal(await field('main', 'window').inputValue(), '3600');
	await unsaved(false);

	// A host is added by hand.
	await page.locator('#cbi-kickstand-host .cbi-section-create-name').fill('web1');
	await page.locator('#cbi-kickstand-host .cbi-button-add').click();
	await reads(dialog, 'web1');
	await field('web1', 'mac').fill('52:54:00:00:00:78\n52:54:00:00:00:79');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await reads(page.locator('.alert-message.error'), 'Choose what is installed.');
	await field('web1', 'profile').selectOption('almalinux9');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await reads(page.locator('tr[data-sid="web1"]'), 'after Save & Apply');
	await page.getByRole('button', { name: 'Save & Apply' }).click();
	await reads(page.locator('tr[data-sid="web1"]'), '✔');

	// A webhook; its URL stands in the table, as whoever may read the settings can read it there.
	await page.locator('#cbi-kickstand-webhook .cbi-section-create-name').fill('chat');
	await page.locator('#cbi-kickstand-webhook .cbi-button-add').click();
	await reads(dialog, 'chat');
	await field('chat', 'url').fill('ftp://hooks.example.org/x');
	await reads(dialog.locator('[data-name="url"]'), 'the URL of a server such as');
	await field('chat', 'url').fill('http://127.0.0.1:1/x');
	await field('chat', 'event').fill('failed\ninstaled');
	await reads(dialog.locator('[data-name="event"]'), 'one of idle, armed');
	await field('chat', 'event').fill('failed\ninstalled');
	await dialog.getByRole('button', { name: 'Save' }).click();
	await reads(page.locator('tr[data-sid="chat"]'), 'after Save & Apply');
	await page.getByRole('button', { name: 'Save & Apply' }).click();
	await reads(page.locator('tr[data-sid="chat"]'), '✔');

	// Adopting would apply what the user has not saved: it is refused.
	await field('main', 'window').fill('7200');
	await page.getByRole('button', { name: 'Save', exact: true }).click();
	await unsaved(true);
	await new Machine('127.0.0.66', '52:54:00:00:00:66').asks();
	await open(HOSTS);
	await page.getByRole('button', { name: /Adopt/ }).click();
	await page.getByLabel('Name').fill('db1');
	await page.keyboard.press('Enter');
	await reads(dialog.getByRole('alert'), 'There are unsaved changes (kickstand)');
	await page.keyboard.press('Escape');
	await dialog.waitFor({ state: 'hidden' });
};
