import type { UseFormReturn } from "react-hook-form";
import { useSubjects } from "../api/hooks";
import { useI18n, type AnyKey } from "../i18n";
import { Field } from "../ui/field";
import { aids, footwears, orthoses, roles, sexes, type Facts } from "./facts";
import { cmFromFeet, feetFromCm, kgFromLb, lbFromKg, parseNumber, short } from "./units";

type Form = UseFormReturn<Facts>;

function useMessage(form: Form): (name: keyof Facts) => string | undefined {
	const { t } = useI18n();
	return (name) => {
		const message = form.formState.errors[name]?.message;
		if (!message)
			return undefined;
		return message.startsWith("=") ? t("invalid.server", { reason: message.slice(1) }) : t(message as AnyKey);
	};
}

function Choice({ form, name, label, values, prefix }: {
	form: Form; name: "sex" | "aid" | "orthosis" | "footwear" | "role"; label: AnyKey; values: readonly string[]; prefix: string;
}) {
	const { t } = useI18n();
	const message = useMessage(form);
	return (
		<Field label={t(label)} error={message(name)}>
			{(props) => (
				<select {...props} {...form.register(name)}>
					<option value="">{t("choice.please")}</option>
					{values.map((value) => <option key={value} value={value}>{t(`${prefix}.${value}` as AnyKey)}</option>)}
				</select>
			)}
		</Field>
	);
}

/* The height keeps its meaning when its unit changes. */
function Height({ form }: { form: Form }) {
	const { t } = useI18n();
	const message = useMessage(form);
	const unit = form.watch("heightUnit");
	const change = (next: "cm" | "ft") => {
		if (next === "ft" && !Number.isNaN(parseNumber(form.getValues("cm")))) {
			const { feet, inches } = feetFromCm(parseNumber(form.getValues("cm")));
			form.setValue("feet", String(feet));
			form.setValue("inches", String(inches));
		} else if (next === "cm" && !Number.isNaN(parseNumber(form.getValues("feet")))) {
			form.setValue("cm", short(cmFromFeet(parseNumber(form.getValues("feet")), parseNumber(form.getValues("inches")) || 0), 0));
		}
		form.setValue("heightUnit", next);
		form.clearErrors(["cm", "feet"]);
	};
	return (
		<Field label={t("submit.height")} error={message(unit === "cm" ? "cm" : "feet")}>
			{(props) => (
				<div className="with-unit">
					{unit === "cm" ? <input {...props} key="cm" inputMode="decimal" autoComplete="off" {...form.register("cm")} /> : (
						<>
							<input {...props} key="feet" inputMode="numeric" autoComplete="off" {...form.register("feet")} /> <span>{t("submit.feet")}</span>
							<input inputMode="numeric" autoComplete="off" aria-label={t("submit.inches")} {...form.register("inches")} />{" "}
							<span>{t("submit.inches")}</span>
						</>
					)}
					<select aria-label={t("submit.heightUnit")} value={unit} onChange={(e) => change(e.target.value as "cm" | "ft")}>
						<option value="cm">cm</option>
						<option value="ft">ft, in</option>
					</select>
				</div>
			)}
		</Field>
	);
}

function Weight({ form }: { form: Form }) {
	const { t } = useI18n();
	const message = useMessage(form);
	const unit = form.watch("weightUnit");
	const change = (next: "kg" | "lb") => {
		const typed = parseNumber(form.getValues("weight"));
		if (!Number.isNaN(typed))
			form.setValue("weight", short(next === "lb" ? lbFromKg(typed) : kgFromLb(typed)));
		form.setValue("weightUnit", next);
		form.clearErrors("weight");
	};
	return (
		<Field label={t("submit.weight")} error={message("weight")}>
			{(props) => (
				<div className="with-unit">
					<input {...props} inputMode="decimal" autoComplete="off" {...form.register("weight")} />
					<select aria-label={t("submit.weightUnit")} value={unit} onChange={(e) => change(e.target.value as "kg" | "lb")}>
						<option value="kg">kg</option>
						<option value="lb">lb</option>
					</select>
				</div>
			)}
		</Field>
	);
}

export function FactsFields({ form }: { form: Form }) {
	const { t } = useI18n();
	const message = useMessage(form);
	const subjects = useSubjects();
	return (
		<>
			<div className="grid">
				<Field label={t("submit.age")} error={message("age")}>
					{(props) => (
						<div className="with-unit">
							<input {...props} inputMode="numeric" autoComplete="off" {...form.register("age")} />
							<select aria-label={t("submit.ageUnit")} {...form.register("ageUnit")}>
								<option value="years">{t("submit.years")}</option>
								<option value="months">{t("submit.months")}</option>
							</select>
						</div>
					)}
				</Field>
				<Choice form={form} name="sex" label="submit.sex" values={sexes} prefix="submit.sex" />
				<Height form={form} />
				<Weight form={form} />
				<Choice form={form} name="aid" label="submit.aid" values={aids} prefix="aid" />
				<Choice form={form} name="orthosis" label="submit.orthosis" values={orthoses} prefix="orthosis" />
				<Choice form={form} name="footwear" label="submit.footwear" values={footwears} prefix="footwear" />
				<Choice form={form} name="role" label="submit.role" values={roles} prefix="role" />
			</div>
			<details>
				<summary>{t("submit.more")}</summary>
				<Field label={t("submit.subject")} hint={t("submit.subjectHint")} error={message("subject")}>
					{(props) => <input {...props} autoComplete="off" autoCapitalize="none" spellCheck={false} list="subjects" {...form.register("subject")} />}
				</Field>
				<datalist id="subjects">{subjects.data?.map((s) => <option key={s.id} value={s.code} />)}</datalist>
				<Field label={t("submit.notes")} error={message("notes")}>
					{(props) => <textarea {...props} rows={3} {...form.register("notes")} />}
				</Field>
			</details>
		</>
	);
}
