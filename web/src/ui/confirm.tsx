import { useEffect, useId, useRef, type ReactNode } from "react";

/* A question before something that cannot be taken back. The browser's own modal dialog keeps the focus inside, closes with Escape, and
 * gives the focus back. */
export function Confirm({ open, title, text, keep, act, danger, busy, error, children, onClose, onAct }: {
	open: boolean; title: string; text: string; keep: string; act: string; danger?: boolean; busy: boolean; error: string | null; children?: ReactNode;
	onClose: () => void; onAct: () => void;
}) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();

	useEffect(() => {
		const element = dialog.current;
		if (open && element && !element.open)
			element.showModal();
		if (!open && element?.open)
			element.close();
	}, [open]);
	return (
		<dialog ref={dialog} aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`} onClose={onClose}>
			<h2 id={`${id}-title`}>{title}</h2>
			<p id={`${id}-text`}>{text}</p>
			{children}
			{error && <p className="field-error" role="alert">{error}</p>}
			<div className="actions">
				<button type="button" onClick={onClose}>{keep}</button>
				<button type="button" className={danger ? "danger" : "primary"} disabled={busy} onClick={onAct}>{act}</button>
			</div>
		</dialog>
	);
}
