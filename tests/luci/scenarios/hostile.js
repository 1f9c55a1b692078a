// What a machine or its installer says about itself is text: markup does not run, right-to-left letters and long values break nothing.
'use strict';
const assert = require('node:assert');

const MARKUP = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>\'"&amp;</td></tr></table>';

module.exports = async ({ page, open, Machine, HOSTS, HOST, row, reads }) => {
	const stranger = new Machine('127.0.0.66', '52:54:00:00:00:66', {
		manufacturer: 'שלום \u202Eevil\u2066', product: MARKUP, serial: 'x'.repeat(2000)
	});
	await stranger.asks();
	await open(HOSTS);
	const unknown = page.locator('tr[data-mac="52:54:00:00:00:66"]');
	await reads(unknown, '<img src=x');
	await reads(unknown, 'שלום');
	assert.equal(await page.locator('#view img, #view script').count(), 0);
	await fits(page, 1200);

	await unknown.getByRole('button', { name: /Adopt/ }).click();
	await reads(page.getByRole('dialog'), '<img src=x');
	await fits(page, 1200);
	await page.keyboard.press('Escape');
	assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /Adopt/, 'the focus is where it was');

	// The profile's title is markup, 10 KB long.
	await reads(row('odd'), '<b>bold</b>');
	await row('odd').getByRole('button', { name: /Arm/ }).click();
	await reads(page.getByRole('dialog'), '<b>bold</b>');
	await page.keyboard.type('odd');
	await page.keyboard.press('Enter');
	await reads(row('odd'), 'armed');
	await reads(page.locator('.alert-message'), '<b>bold</b>');

	const machine = new Machine('127.0.0.11', 'b8:ca:3a:00:00:01', { serial: MARKUP });
	await machine.starts();
	await machine.reports({ event: 'claim', nonce: '1', disk: MARKUP });
	await machine.reports({ event: 'progress', percent: '7', text: MARKUP });
	await machine.reports({ event: 'failed', text: MARKUP, log: (MARKUP + '\n').repeat(90) });
	await reads(row('odd'), 'failed');
	await open(HOST('odd'));
	await reads(page.locator('.kickstand-log'), '<script>');
	await reads(page.locator('.kickstand-timeline'), '<script>');
	await page.locator('[data-what="ipxe"]').click();
	await reads(page.locator('.kickstand-code'), '#!ipxe');
	assert.equal(await page.locator('#view img, #view script, #view b').count(), 0);
	await fits(page, 1200);
	await page.setViewportSize({ width: 390, height: 800 });
	await fits(page, 390);
	await open(HOSTS);
	await reads(row('odd'), 'failed');
	await fits(page, 390);
	await open('admin/services/kickstand/settings');
	await reads(page.locator('tr[data-sid="odd"]'), '✔');
	assert.equal(await page.locator('#view img, #view script, #view b').count(), 0);
};

async function fits(page, width) {
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, 'the page is not wider than the window');
}
