import { lazy, Suspense, useState } from "react";
import type { View } from "../api/result";
import { useI18n } from "../i18n";
import { cameraSupport } from "./camera";

const RecordDialog = lazy(() => import("./record_dialog"));

/* "Record with the camera", or why not here. */
export function RecordButton({ view, onRecorded }: { view: View; onRecorded: (file: File) => void }) {
	const { t } = useI18n();
	const [open, setOpen] = useState(false);
	const support = cameraSupport();

	if (support !== "yes")
		return <p className="hint">{t(`record.${support}`)}</p>;
	return (
		<>
			<button type="button" data-record={view} onClick={() => setOpen(true)}>{t("record.button")}</button>
			{open && (
				<Suspense>
					<RecordDialog view={view} onUse={onRecorded} onClose={() => setOpen(false)} />
				</Suspense>
			)}
		</>
	);
}
