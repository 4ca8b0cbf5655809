import type { JobDetail } from "../api/types";
import { useI18n } from "../i18n";

const order = ["report.pdf", "parameters.csv", "markers.trc", "angles.mot", "result.json", "curves.svg", "events.svg", "table.svg",
	"overlay_front.mp4", "overlay_side.mp4"];

export function Downloads({ job }: { job: JobDetail }) {
	const { t, code, format } = useI18n();
	const place = (name: string) => (order.indexOf(name) + order.length + 1) % (order.length + 1);
	const files = [...job.files].sort((a, b) => place(a.name) - place(b.name));
	return (
		<section className="card" aria-labelledby="downloads-title">
			<h2 id="downloads-title">{t("result.downloads")}</h2>
			<ul className="downloads">
				{files.map((file) => (
					<li key={file.name}>
						<a href={`/api/v1/jobs/${job.id}/files/${file.name}`} download>{code("file", file.name, file.name)}</a>
						<span className="hint">{file.name.split(".").slice(1).join(".").toUpperCase()} · {format.bytes(file.bytes)}</span>
					</li>
				))}
			</ul>
		</section>
	);
}
