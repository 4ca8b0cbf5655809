// Uploads files with tus-js-client, as the web app does. A JSON line on standard input says what:
//   {"module", "endpoint", "token", "chunk", "files": [{"path", "view"}]}
// A JSON line on standard output for each request and what became of it; "done" with the uploads' addresses at the end.
// The token stands in no argument list.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");

function say(what) {
	process.stdout.write(JSON.stringify(what) + "\n");
}

function send(tus, order, file) {
	return new Promise((resolve, reject) => {
		const upload = new tus.Upload(fs.readFileSync(file.path), {
			endpoint: order.endpoint,
			chunkSize: order.chunk,
			retryDelays: Array(40).fill(250),
			metadata: { filename: path.basename(file.path), view: file.view },
			headers: { Authorization: `Bearer ${order.token}` },
			onBeforeRequest: (req) =>
				say({ view: file.view, sent: req.getMethod(), at: Number(req.getHeader("Upload-Offset")) }),
			onAfterResponse: (req, res) =>
				say({
					view: file.view,
					answered: req.getMethod(),
					status: res.getStatus(),
					offset: Number(res.getHeader("Upload-Offset")),
				}),
			onShouldRetry: (error) => {
				const res = error.originalResponse;
				say({ view: file.view, broken: res ? res.getStatus() : 0 });
				return true;
			},
			onError: reject,
			onSuccess: () => resolve(upload.url),
		});
		upload.start();
	});
}

readline.createInterface({ input: process.stdin }).once("line", async (line) => {
	const order = JSON.parse(line);
	const urls = {};
	try {
		for (const file of order.files) urls[file.view] = await send(require(order.module), order, file);
		say({ done: urls });
		process.exit(0);
	} catch (error) {
		say({ failed: String(error) });
		process.exit(1);
	}
});
