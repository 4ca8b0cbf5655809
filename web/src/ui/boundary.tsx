import { Component, type ReactNode } from "react";
import { useI18n } from "../i18n";

function Crashed() {
	const { t } = useI18n();
	return (
		<main id="main">
			<div className="notice bad" role="alert">
				<p>{t("app.crashed")}</p>
				<button type="button" onClick={() => window.location.reload()}>{t("app.reload")}</button>
			</div>
		</main>
	);
}

/* A fault in the app, or a part of it that is gone from the server since it was updated. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
	override state = { failed: false };

	static getDerivedStateFromError() {
		return { failed: true };
	}

	override render() {
		return this.state.failed ? <Crashed /> : this.props.children;
	}
}
