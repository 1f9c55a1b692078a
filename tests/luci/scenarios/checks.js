// The form's checks against the table of cases that the service's own are tested with.
'use strict';
const assert = require('node:assert');
const cases = require('../cases.json');

module.exports = async ({ page, open, HOSTS, reads, row }) => {
	await open(HOSTS);
	await reads(row('r220a'), 'idle');
	const wrong = await page.evaluate((cases) => L.require('kickstand.check').then((check) => Object.entries(cases).flatMap(([ name, { accepted, refused } ]) => [
		...accepted.filter((value) => check.line(value) !== true || check[name](value) !== true).map((value) => `${name} refuses ${value}`),
		...refused.filter((value) => check.line(value) === true && check[name](value) === true).map((value) => `${name} accepts ${value}`)
	])), cases);
	assert.deepEqual(wrong, []);
};
