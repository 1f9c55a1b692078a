// What is wrong with what a host would be given stands at its line: of the template that cannot be rendered, and of the rendered text.
'use strict';
const assert = require('node:assert');

module.exports = async ({ page, open, HOST, reads }) => {
	await open(HOST('r220a'));
	await reads(page.locator('.kickstand-checks'), 'broken.ks');
	await page.locator('[data-what="answer"]').click();
	await reads(page.getByRole('alert'), 'broken.ks, line 2');
	await page.locator('[data-what="args"]').click();
	await reads(page.locator('.kickstand-code'), 'inst.ks=');
	assert.equal(await page.locator('.kickstand-problem').count(), 0);

	// The service's reply, with problems added to it.
	await page.route('**/ubus', async (route) => {
		const reply = await (await route.fetch()).json();
		if (route.request().postDataJSON().params[2] == 'render')
			reply.result[1].problems = [ { line: 2, severity: 'warning', text: '<b>late</b>' }, { line: 2, severity: 'error', text: 'second' } ];
		await route.fulfill({ json: reply });
	});
	await page.locator('[data-what="ipxe"]').click();
	const marked = page.locator('.kickstand-marked');
	await marked.waitFor();
	assert.match(await marked.textContent(), /^echo kickstand: installing/);
	assert.deepEqual(await page.locator('.kickstand-problem').allTextContents(), [ 'Warning: <b>late</b>\n', 'Error: second\n' ]);
	await reads(page.locator('#view'), '2 problems, marked below');
};
