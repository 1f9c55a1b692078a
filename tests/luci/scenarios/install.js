// A machine that nobody knows is adopted, armed, installed and followed, all from the page.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, Machine, HOSTS, HOST, row, reads, router, unsaved, screenshot }) => {
	const machine = new Machine('127.0.0.66', '52:54:00:00:00:66', { manufacturer: 'Dell Inc.', product: 'PowerEdge R220', serial: 'CN7016' });
	await open(HOSTS);
	await reads(row('r220a'), 'idle');

	// It appears without reloading, and is told to wait.
	assert.match(await machine.asks(), /adopt/);
	const unknown = page.locator('tr[data-mac="52:54:00:00:00:66"]');
	await reads(unknown, 'PowerEdge R220');
	await screenshot('install-hosts');

	// Adopt, with the keyboard alone.
	await unknown.getByRole('button', { name: /Adopt/ }).focus();
	await page.keyboard.press('Enter');
	const dialog = page.getByRole('dialog');
	await reads(dialog, '52:54:00:00:00:66');
	assert.equal(await page.evaluate(() => document.activeElement.placeholder), 'web1', 'the first field has the focus');
	for (const key of [ 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab' ]) {
		await page.keyboard.press(key);
		assert.ok(await page.evaluate(() => document.activeElement.closest('[role=dialog]')), 'Tab stays in the dialog');
	}
	await page.getByLabel('Name').focus();
	await page.keyboard.type('-wrong-');
	await page.keyboard.press('Enter');
	await reads(dialog.getByRole('alert'), 'the name must be of letters and digits');
	await page.getByLabel('Name').fill('db-1');
	await page.getByLabel('Disk').fill('/etc/passwd');
	await page.keyboard.press('Enter');
	await reads(dialog.getByRole('alert'), 'a disk below /dev');
	await page.getByLabel('Disk').fill('/dev/sdb');
	await page.getByLabel('Profile').selectOption('almalinux9');
	await screenshot('install-adopt');
	await page.keyboard.press('Enter');
	await reads(row('db_1'), 'idle');
	await unknown.waitFor({ state: 'detached' });
	await unsaved(false);
	assert.match(await machine.asks(), /db_1 is not armed: booting from the disk/, 'its boot goes on');

	// Arming is offered at once, and can wait.
	await reads(dialog, 'Wipe and install db_1?');
	await page.keyboard.press('Escape');
	assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /Arm… db_1/, 'the focus is on what comes next');

	// Arm: what is wiped is named, and the name must be typed.
	await page.keyboard.press('Enter');
	await reads(dialog, '/dev/sdb');
	await reads(dialog, 'AlmaLinux 9');
	const wipe = dialog.getByRole('button', { name: 'Wipe and install' });
	assert.ok(await wipe.isDisabled());
	await page.keyboard.type('db');
	assert.ok(await wipe.isDisabled());
	await page.keyboard.press('Enter');
	await page.keyboard.type('_1');
	assert.ok(await wipe.isEnabled());
	await screenshot('install-arm');
	await page.keyboard.press('Enter');
	await reads(row('db_1'), 'armed');

	// Taken back, given again, and woken.
	await row('db_1').getByRole('button', { name: /Disarm/ }).click();
	await reads(row('db_1'), 'idle');
	await row('db_1').getByRole('button', { name: /Arm/ }).click();
	await reads(dialog, '/dev/sdb');
	await page.keyboard.type('db-1');
	await page.keyboard.press('Enter');
	await reads(row('db_1'), 'armed');
	await row('db_1').getByRole('button', { name: /Wake/ }).click();
	await reads(page.locator('.kickstand-note'), '52:54:00:00:00:66');

	// Followed live.
	await machine.starts();
	await reads(row('db_1'), 'booting');
	await machine.reports({ event: 'claim', nonce: 'run-1' });
	await reads(row('db_1'), 'installing');
	await router('uptime', '1065');
	await machine.reports({ event: 'progress', percent: '40', text: 'packages' });
	await row('db_1').getByRole('progressbar').waitFor();
	await row('db_1').getByText('40 %, reported').waitFor();
	await page.waitForFunction(() => document.querySelector('[role=progressbar]').getAttribute('aria-valuenow') == '40');
	await reads(row('db_1'), 'for 1 min 5 s');
	await screenshot('install-progress');

	await row('db_1').getByRole('link', { name: 'db_1' }).click();
	const timeline = page.locator('.kickstand-timeline tr');
	await reads(timeline, 'packages');
	await reads(timeline, '+1 min 5 s');
	await machine.reports({ event: 'failed', log: 'Traceback\nNo space left' });
	await reads(page.locator('.kickstand-now'), 'failed');
	await reads(page.locator('.kickstand-log'), 'No space left');
	await reads(page.locator('.kickstand-checks'), 'it is not armed');
	for (const [ what, text ] of [ [ 'ipxe', '#!ipxe' ], [ 'answer', 'ignoredisk --only-use=/dev/sdb' ], [ 'args', 'inst.ks=' ] ]) {
		await page.locator(`[data-what="${what}"]`).click();
		await reads(page.locator('.kickstand-code'), text);
	}
	await screenshot('install-host');
	await page.locator('[data-what="difference"]').click();
	await reads(page.locator('#view'), 'It would get the same again.');

	// It was done after all, and is known by its key from now on.
	assert.equal(await page.locator('.kickstand-key').count(), 0);
	await machine.reports({ event: 'completed' });
	await reads(page.locator('.kickstand-now'), 'installed');
	await reads(page.locator('.kickstand-key'), 'ssh-ed25519 AAAA');

	await open(HOST('nosuch'));
	await reads(page.getByRole('alert'), "there is no host 'nosuch'");
};
