/* Addresses of the engine's code and models for browsers, put there by vite.config.ts; null where the app was built without them. */
declare module "virtual:pose-files" {
	const files: { module: string; detector: string; landmarks: string } | null;
	export default files;
}
