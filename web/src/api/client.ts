import type { I18n } from "../i18n";

/* Requests to gaitd. Whatever goes wrong is a Problem: the server's own (RFC 9457) or one that we make of a broken connection. */

export interface FieldError {
	field: string;
	reason: string;
}

export class Problem extends Error {
	constructor(
		readonly status: number, // 0: no answer came
		readonly detail: string,
		readonly fields: FieldError[] = [],
		readonly requestId = "",
		readonly retryAfterS: number | null = null,
	) {
		super(detail || `status ${status}`);
	}

	get network(): boolean {
		return this.status === 0;
	}
}

export function problemOf(status: number, body: string, retryAfter: string | null): Problem {
	const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
	try {
		const p = JSON.parse(body) as { detail?: string; title?: string; errors?: FieldError[]; request_id?: string };
		return new Problem(status, p.detail ?? p.title ?? "", p.errors ?? [], p.request_id ?? "", seconds);
	} catch {
		return new Problem(status, "", [], "", seconds); // a proxy's own page
	}
}

async function ask(method: string, path: string, json?: unknown, signal?: AbortSignal, headers?: Record<string, string>): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(path, {
			method,
			credentials: "same-origin",
			headers: { ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
			...(json === undefined ? {} : { body: JSON.stringify(json) }),
			...(signal ? { signal } : {}),
		});
	} catch (cause) {
		if (signal?.aborted)
			throw cause;
		throw new Problem(0, "");
	}
	if (!response.ok)
		throw problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
	return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
	return (await (await ask("GET", path, undefined, signal)).json()) as T;
}

export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, json?: unknown, headers?: Record<string, string>): Promise<T> {
	const response = await ask(method, path, json, undefined, headers);
	return (response.status === 204 ? undefined : await response.json()) as T;
}

/* What a person is told about a failure. */
export function explain(i18n: I18n, error: unknown): string {
	const { t } = i18n;
	if (!(error instanceof Problem))
		return t("error.other", { detail: error instanceof Error ? error.message : String(error) });
	switch (error.status) {
	case 0: return t("error.network");
	case 401: return t("error.session");
	case 403: return t("error.forbidden");
	case 404: return t("error.notFound");
	case 408: return t("error.slow");
	case 413: return t("error.tooLarge");
	case 415: return t("error.notVideo");
	case 422: return error.fields.length > 0 ? t("error.fields") : t("error.other", { detail: error.detail });
	case 429:
	case 503: return t("error.busy", { seconds: error.retryAfterS ?? 30 });
	default:
		return error.status >= 500 ? t("error.server", { id: error.requestId || "–" }) : t("error.other", { detail: error.detail });
	}
}
