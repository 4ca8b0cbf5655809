/* The way between browser and gaitd: as narrow as it is told, cut when it is told, and it writes down what went over it. */
import { connect, createServer } from "node:net";

const url = new URL(process.env.GAITD_URL);

export class Line {
	rate = Infinity; // bytes a second towards the server, of all connections
	down = false; // nobody is let through
	lose = null; // what an answer begins with that is swallowed once, with its connection
	lost = 0;
	log = []; // {method, path, at, length, bytes, status, offset}: one a request, in the order that they began
	#pairs = new Set();
	#budget = 0;

	async open() {
		this.server = createServer((near) => this.#carry(near));
		await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		process.env.GAITD_URL = this.url;
		setInterval(() => this.#refill(), 20).unref();
		return this;
	}

	cut() {
		for (const [near, far] of this.#pairs) {
			near.destroy();
			far.end();
		}
	}

	#refill() {
		this.#budget = Math.min(this.rate / 50, this.rate === Infinity ? Infinity : this.#budget + this.rate / 50);
		for (const [near] of this.#pairs)
			if (this.#budget > 0)
				near.resume();
	}

	#carry(near) {
		const far = connect(Number(url.port), url.hostname);
		const pair = [near, far];
		const up = new Requests(this.log), down = new Answers(up);

		if (this.down)
			return void near.destroy();
		this.#pairs.add(pair);
		near.on("data", (data) => {
			up.feed(data);
			far.write(data);
			this.#budget -= data.length;
			if (this.#budget <= 0 && this.rate !== Infinity)
				near.pause();
		});
		far.on("data", (data) => {
			if (this.lose && data.toString("latin1").startsWith(this.lose)) {
				this.lose = null;
				this.lost++;
				near.destroy();
				far.destroy();
				return;
			}
			down.feed(data);
			near.write(data);
		});
		near.on("close", () => far.end());
		far.on("close", () => near.destroy());
		for (const end of pair) {
			end.on("error", () => undefined);
			end.on("close", () => this.#pairs.delete(pair));
		}
	}

	/* Bytes of videos that went to the server, of all uploads or one. */
	sent(path) {
		return this.log.reduce((sum, r) => sum + (r.method === "PATCH" && (!path || r.path === path) ? r.bytes : 0), 0);
	}

	uploads() {
		return [...new Set(this.log.filter((r) => r.method === "PATCH").map((r) => r.path))];
	}

	async until(condition, what, within_ms = 30_000) {
		for (const end = Date.now() + within_ms; !condition(this); ) {
			if (Date.now() > end)
				throw new Error(`did not come in time: ${what}: ${JSON.stringify(this.log.slice(-8))}`);
			await new Promise((done) => setTimeout(done, 20));
		}
	}
}

/* HTTP/1.1 requests as they go by: each head, and how many bytes of its body. */
class Requests {
	waiting = []; // for their answers
	#head = Buffer.alloc(0);
	#left = 0;

	constructor(log) {
		this.log = log;
	}

	feed(data) {
		while (data.length > 0) {
			if (this.#left > 0) {
				const n = Math.min(this.#left, data.length);
				this.request.bytes += n;
				this.#left -= n;
				data = data.subarray(n);
				continue;
			}
			this.#head = Buffer.concat([this.#head, data]);
			const end = this.#head.indexOf("\r\n\r\n");
			if (end < 0)
				return;
			const text = this.#head.subarray(0, end).toString("latin1");
			const header = (name) => text.match(new RegExp(`^${name}: *(.*)$`, "im"))?.[1];
			const [method, path] = text.split(" ", 2);
			data = this.#head.subarray(end + 4);
			this.#head = Buffer.alloc(0);
			this.#left = Number(header("content-length") ?? 0);
			this.request = { method, path, at: Number(header("upload-offset") ?? 0), length: this.#left, bytes: 0, status: 0, offset: null, key: header("idempotency-key") };
			this.log.push(this.request);
			this.waiting.push(this.request);
		}
	}
}

/* Answers: the heads of those to requests about uploads, which have short bodies and come at once. */
class Answers {
	constructor(requests) {
		this.requests = requests;
	}

	feed(data) {
		const text = data.subarray(0, 4096).toString("latin1");
		const status = text.match(/^HTTP\/1\.1 (\d+)/)?.[1];
		if (!status || status === "100")
			return;
		const request = this.requests.waiting.shift();
		if (!request)
			return;
		request.status = Number(status);
		const offset = text.match(/^Upload-Offset: (\d+)/im)?.[1];
		if (offset !== undefined)
			request.offset = Number(offset);
	}
}
