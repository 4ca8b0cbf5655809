import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/* gaitd sends NAME.br or NAME.gz in place of NAME where they lie beside it and the browser takes them: compressed once, here,
 * at the highest level, instead of with each request. */
function compress(): Plugin {
	let dir = "";

	return {
		name: "compress",
		apply: "build",
		configResolved(config) {
			dir = config.build.outDir;
		},
		closeBundle() {
			for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
				if (!entry.isFile() || !/\.(html|js|css|svg|json|wasm)$/.test(entry.name))
					continue;
				const path = join(entry.parentPath, entry.name);
				const bytes = readFileSync(path);

				writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
				writeFileSync(
					`${path}.br`,
					brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
				);
			}
		},
	};
}

// Hexadecimal and long enough to hold a digit: src/http/static.c tells hashed names by that.
const names = {
	hashCharacters: "hex",
	entryFileNames: "assets/[name]-[hash:16].js",
	chunkFileNames: "assets/[name]-[hash:16].js",
	assetFileNames: "assets/[name]-[hash:16][extname]",
};

/* The engine's code for browsers and its models (scripts/web names their places): under hashed names in assets/, and their addresses
 * as "virtual:pose-files". Models are not compressed: half precision hardly gets smaller. */
function poseFiles(): Plugin {
	const id = "\0virtual:pose-files";
	const weights = process.env["GAITD_WEIGHTS"] ?? "";
	const files = {
		module: process.env["GAITD_POSE_WASM"] ?? "",
		detector: join(weights, "pose_detection.tflite"),
		landmarks: join(weights, "pose_landmark_full.tflite"),
	};
	const whole = weights !== "" && Object.values(files).every((path) => existsSync(path));
	const assetName = (path: string) => {
		const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);
		return `assets/${basename(path).replace(/\.(\w+)$/, `-${hash}.$1`)}`;
	};
	let building = false;

	return {
		name: "pose-files",
		configResolved(config) {
			building = config.command === "build";
		},
		resolveId: (source) => (source === "virtual:pose-files" ? id : null),
		load(wanted) {
			if (wanted !== id)
				return null;
			const address = (path: string) => (building ? `/${assetName(path)}` : `/@fs${path}`);
			return `export default ${whole ? JSON.stringify(Object.fromEntries(Object.entries(files).map(([k, path]) => [k, address(path)]))) : "null"}`;
		},
		generateBundle() {
			for (const path of whole ? Object.values(files) : [])
				this.emitFile({ type: "asset", fileName: assetName(path), source: readFileSync(path) });
		},
	};
}

/* `npm run dev` with a gaitd elsewhere: GAITD_URL=http://127.0.0.1:8437 */
const server = process.env["GAITD_URL"] ?? "http://127.0.0.1:8437";

export default defineConfig({
	plugins: [react(), poseFiles(), compress()],
	build: {
		outDir: process.env["GAITD_WEB_OUT"] ?? "dist",
		emptyOutDir: true,
		target: "es2022",
		sourcemap: false,
		manifest: true,
		modulePreload: { polyfill: false },
		assetsInlineLimit: 0, // the Content-Security-Policy allows scripts and styles from files only
		rolldownOptions: {
			output: names,
		},
	},
	worker: { format: "es", rolldownOptions: { output: names } },
	server: { fs: { allow: [".."] }, proxy: { "/api": { target: server, changeOrigin: true } } },
	test: { environment: "jsdom", include: ["test/**/*.test.ts", "test/**/*.test.tsx"] },
} as Parameters<typeof defineConfig>[0]);
