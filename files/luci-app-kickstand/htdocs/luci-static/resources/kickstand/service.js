'use strict';
'require baseclass';
'require rpc';

// The calls of the ubus object `kickstand`, and what went wrong as an Error with a sentence and a kind.
// Not its job: showing anything.

// Kinds of failure: the service refused with a sentence of its own; it is not on the bus; this user may not ask; no answer.
const REFUSED = 'refused', STOPPED = 'stopped', DENIED = 'denied', SILENT = 'silent';

function failure(kind, sentence) {
	const error = new Error(sentence);
	error.kind = kind;
	return error;
}

// LuCI's rpc gives a text only. uhttpd says -32000 for a missing object and -32002 for a call that the ACL does not list; ubus's own
// codes are 4 and 6.
function explained(error) {
	const text = String(error?.message ?? error);

	if (/error -32000\b|ubus code [45]\b/.test(text))
		return failure(STOPPED, _('kickstand is not running. Start it with “service kickstand start” on the router; “logread -e kickstand” says why it stopped.'));
	if (/error -32002\b|ubus code 6\b/.test(text))
		return failure(DENIED, _('Your account may not do this: it needs the access right “luci-app-kickstand”.'));

	return failure(SILENT, _('kickstand does not answer. Is the router reachable? “logread -e kickstand” says what it is doing.'));
}

function method(name, params) {
	const invoke = rpc.declare({ object: 'kickstand', method: name, params: params, expect: { '': {} }, reject: true });

	return (...values) => invoke(...values).then(
		(reply) => {
			if (reply.error)
				throw Object.assign(failure(REFUSED, String(reply.error)), { reply: reply });

			return reply;
		},
		(error) => { throw explained(error); });
}

return baseclass.extend({
	REFUSED: REFUSED,
	STOPPED: STOPPED,
	DENIED: DENIED,

	status: method('status', [ 'offset', 'limit', 'filter', 'sort', 'phase' ]),
	overview: method('overview'),
	host: method('host', [ 'name' ]),
	explain: method('explain', [ 'mac' ]),
	render: method('render', [ 'host', 'what', 'diff' ]),
	profiles: method('profiles'),
	hardware: method('hardware', [ 'host' ]),
	arm: method('arm', [ 'host', 'confirm' ]),
	discover: method('arm', [ 'host', 'discover' ]),
	disarm: method('disarm', [ 'host' ]),
	adopt: method('adopt', [ 'mac', 'name', 'profile' ]),
	forget: method('forget', [ 'mac' ]),
	wake: method('wake', [ 'host' ])
});
