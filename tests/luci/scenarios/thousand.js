// A thousand hosts: pages, filter and order are the service's; what is looked at stays where it is while the page is kept current.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, HOSTS, SETTINGS, row, reads, Machine, screenshot }) => {
	const count = () => page.locator('tr[data-host]').count();
	await open(HOSTS);
	await row('n0000').waitFor();
	assert.equal(await count(), 100);
	await reads(page.locator('.kickstand-pages'), '1 to 100 of 1000');
	await page.getByRole('button', { name: 'Next page' }).click();
	await row('n0199').waitFor();
	await reads(page.locator('.kickstand-pages'), '101 to 200 of 1000');
	await page.reload();
	await row('n0199').waitFor();
	await page.getByRole('button', { name: 'Previous' }).click();
	await row('n0000').waitFor();

	await page.locator('[data-sort="name"]').click();
	await row('n0999').waitFor();
	assert.equal(await page.evaluate(() => document.activeElement.dataset.sort), 'name', 'the title keeps the focus');
	await page.getByRole('searchbox').fill('52:54:01:00:01:F');
	await row('n0511').waitFor();
	await page.waitForFunction(() => document.querySelectorAll('tr[data-host]').length == 16);

	// Rows are kept: focus, scroll and selection outlive many looks.
	await page.getByRole('searchbox').fill('n00');
	await page.waitForFunction(() => document.querySelectorAll('tr[data-host]').length == 100);
	await row('n0050').getByRole('link').focus();
	await page.evaluate(() => {
		window.kept = document.querySelector('tr[data-host=n0050]');
		window.looks = 0;
		const fetch = window.fetch;
		window.fetch = (...all) => fetch(...all).finally(() => { window.looks += 1; });
		window.scrolled = window.scrollY;
	});
	assert.ok(await page.evaluate(() => window.scrolled > 0));
	await new Machine('127.0.0.66', '52:54:00:00:00:66').asks();
	await page.waitForFunction(() => window.looks > 2);
	assert.ok(await page.evaluate(() => window.kept === document.querySelector('tr[data-host=n0050]') && window.kept.contains(document.activeElement)));
	assert.equal(await page.evaluate(() => window.scrollY - window.scrolled), 0);
	await page.getByRole('searchbox').fill('nothing like this');
	await reads(page.locator('.kickstand-nothing'), 'No host fits.');

	await open(HOSTS + '?phase=armed');
	await reads(page.locator('.kickstand-nothing'), 'No host fits.');
	await page.locator('[data-phase=""]').click();
	await row('n0000').waitFor();

	await open(SETTINGS);
	await reads(page.locator('#cbi-kickstand-host'), '50 of 1000 hosts are shown');
	await page.locator('[id="widget.cbid.kickstand.main.port"]').fill('8068');
	await page.locator('#cbi-kickstand-host').getByRole('searchbox').fill('n0777');
	await reads(page.locator('tr[data-sid="n0777"]'), '52:54:01:00:03:09');
	assert.equal(await page.locator('[id="widget.cbid.kickstand.main.port"]').inputValue(), '8068', 'what was typed elsewhere stays');

	await page.setViewportSize({ width: 390, height: 800 });
	await open(HOSTS + '?filter=n001');
	await row('n0010').waitFor();
	await screenshot('thousand-phone');
	await page.emulateMedia({ colorScheme: 'dark' });
	await page.setViewportSize({ width: 1200, height: 800 });
	await screenshot('thousand-dark');
};
