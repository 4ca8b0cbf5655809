import type { UseFormReturn } from "react-hook-form";
import type { Consent } from "../api/types";
import { useI18n, type AnyKey } from "../i18n";
import { Field } from "../ui/field";
import { authorities, type Facts } from "./facts";

export function ConsentFields({ form, consent }: { form: UseFormReturn<Facts>; consent: Consent }) {
	const { t } = useI18n();
	const { errors } = form.formState;
	return (
		<section className="card" aria-labelledby="consent-title">
			<h2 id="consent-title">{t("submit.consent")}</h2>
			{/* A text that is longer than its box is scrolled: by keyboard, too. */}
			{ }
			<div className="consent-text" tabIndex={0} role="region" aria-labelledby="consent-title">{consent.text}</div>
			<p className="hint">{t("submit.consentVersion", { version: consent.version ?? "" })}</p>
			<Field label={t("submit.authority")} error={errors.authority?.message && t(errors.authority.message as AnyKey)}>
				{(props) => (
					<select {...props} {...form.register("authority")}>
						<option value="">{t("choice.please")}</option>
						{authorities.map((a) => <option key={a} value={a}>{t(`authority.${a}`)}</option>)}
					</select>
				)}
			</Field>
			<label className="check">
				<input type="checkbox" aria-invalid={errors.agreed !== undefined} {...form.register("agreed")} /> {t("submit.consentAgree")}
			</label>
			{errors.agreed?.message && <p className="field-error">{t(errors.agreed.message as AnyKey)}</p>}
		</section>
	);
}
