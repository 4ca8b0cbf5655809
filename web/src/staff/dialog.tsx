import { useEffect, useId, useRef, type ReactNode } from "react";

/* The browser's modal dialog around a form; mounted only while it is open, so that nothing typed or shown in it outlives it. */
export function Dialog({ title, children, onClose }: { title: string; children: ReactNode; onClose: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();

	useEffect(() => {
		const element = dialog.current;
		const before = document.activeElement;
		element?.showModal();
		return () => {
			element?.close();
			if (before instanceof HTMLElement)
				before.focus();
		};
	}, []);
	return (
		<dialog ref={dialog} className="form-dialog" aria-labelledby={id} onClose={onClose}>
			<h2 id={id}>{title}</h2>
			{children}
		</dialog>
	);
}
