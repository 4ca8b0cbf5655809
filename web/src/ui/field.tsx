import { useId, type ReactNode } from "react";

/* A label, one or more inputs, a hint and what is wrong with it, tied together for screen readers. */
export function Field({ label, hint, error, children }: {
	label: string; hint?: string; error?: string | undefined;
	children: (props: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}) {
	const id = useId();
	const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
	return (
		<div className="field">
			<label htmlFor={id}>{label}</label>
			{children({ id, "aria-describedby": described || undefined, "aria-invalid": Boolean(error) })}
			{hint && <p id={`${id}-hint`} className="hint">{hint}</p>}
			{error && <p id={`${id}-error`} className="field-error">{error}</p>}
		</div>
	);
}
