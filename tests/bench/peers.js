// Peers for scripts/bench: the same upload through busboy, dropped, and the same status text from fastify.
// Usage: peers.js STATUS_FILE; prints "port UPLOAD STATUS". It is run from the folder that holds node_modules.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const from = (name) => require(require.resolve(name, { paths: [path.join(process.cwd(), 'node_modules')] }));
const busboy = from('busboy');
const fastify = from('fastify');

const uploads = http.createServer((request, response) => {
	let bytes = 0;
	const parser = busboy({ headers: request.headers });
	parser.on('file', (name, file) => file.on('data', (data) => (bytes += data.length)));
	parser.on('close', () => response.writeHead(201, { Connection: 'close' }).end(JSON.stringify({ bytes })));
	request.pipe(parser);
});
const status = fastify({ logger: false });
const text = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
status.get('/status', async () => text);
uploads.listen(0, '127.0.0.1', async () => {
	await status.listen({ port: 0, host: '127.0.0.1' });
	console.log(`port ${uploads.address().port} ${status.server.address().port}`);
});
