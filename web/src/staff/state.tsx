import type { ReactNode } from "react";

export function Badge({ tone = "", children }: { tone?: "good" | "bad" | "dim" | ""; children: ReactNode }) {
	return <span className={`badge ${tone}`}>{children}</span>;
}
