// The hardware of a host is discovered from its page: asked for, reported by the machine, shown, and no permission to wipe.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, Machine, HOST, reads, screenshot }) => {
	const machine = new Machine('127.0.0.11', 'b8:ca:3a:00:00:01');
	await open(HOST('r220a'));
	const hardware = page.locator('.cbi-section', { has: page.getByRole('heading', { name: 'Hardware' }) });
	await reads(hardware, 'without touching a disk');

	await page.getByRole('button', { name: /Discover/ }).click();
	const dialog = page.getByRole('dialog');
	await reads(dialog, 'No disk is written.');
	await dialog.getByRole('button', { name: 'Discover' }).click();
	await reads(page.locator('.kickstand-now'), 'armed');

	await machine.starts();
	assert.match(await machine.reports({ event: 'claim', nonce: 'run-1', disk: '/dev/sda' }), /hardware only/);
	await machine.reports({ event: 'hardware', hardware: JSON.stringify({
		firmware: 'uefi', product: '<b>R220</b>', cpus: 8, memory_mib: 7900, flags: 'lm',
		disks: [ { name: 'sda', path: '/dev/disk/by-path/pci-0000:00:1f.2-ata-1', model: 'WDC', serial: 'WD-<i>1</i>', bytes: 500e9, rotational: true } ],
		ports: [ { name: 'eno1', mac: 'b8:ca:3a:00:00:01', link: true, speed: 1000, driver: 'tg3' } ]
	}) });
	await reads(hardware, '<b>R220</b>');
	for (const text of [ '/dev/disk/by-path/pci-0000:00:1f.2-ata-1', '500 GB', 'rotating', 'WD-<i>1</i>', 'eno1', '1000 Mbit/s', '7900 MiB' ])
		await reads(hardware, text);
	await reads(page.locator('.kickstand-now'), 'idle');
	await screenshot('discover-host');
};
