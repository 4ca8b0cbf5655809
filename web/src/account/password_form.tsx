import { useState } from "react";
import { useForm } from "react-hook-form";
import { useQueryClient } from "@tanstack/react-query";
import { explain, Problem, send } from "../api/client";
import type { Self } from "../api/types";
import { useI18n } from "../i18n";
import { Field } from "../ui/field";
import { Notice } from "../ui/notice";
import { useWords } from "./words";

const names = ["present", "password", "again"] as const;
const labels = { present: "password.present", password: "password.new", again: "password.again" } as const;

export function PasswordForm({ self }: { self: Self }) {
	const i18n = useI18n();
	const { t } = useWords();
	const client = useQueryClient();
	const [failure, setFailure] = useState("");
	const [done, setDone] = useState(false);
	const [shown, setShown] = useState(false);
	const { register, handleSubmit, reset, resetField, setError, setFocus, getValues, formState } = useForm({ defaultValues: { present: "", password: "", again: "" } });
	const { errors, isSubmitting } = formState;
	const rules = {
		present: { required: t("password.missing") },
		password: {
			required: t("password.missing"),
			validate: (v: string) => (v.length < 12 ? t("password.short") : v === getValues("present") ? t("password.same") : true),
		},
		again: { required: t("password.missing"), validate: (v: string) => v === getValues("password") || t("password.differ") },
	};
	const refused = (error: unknown) => {
		const status = error instanceof Problem ? error.status : 0;
		if (status === 403) {
			resetField("present");
			setError("present", { message: t("password.wrong") });
			setFocus("present");
		} else if (status === 409) {
			setFailure(t("password.none"));
		} else if (status === 429 && error instanceof Problem) {
			setFailure(t("password.limited", { wait: i18n.format.duration(error.retryAfterS ?? 60) }));
		} else {
			setFailure(error instanceof Problem && status === 422 ? i18n.t("error.other", { detail: error.detail }) : explain(i18n, error));
		}
	};
	const onSubmit = handleSubmit(async ({ present, password }) => {
		setFailure("");
		setDone(false);
		try {
			await send("POST", "/api/v1/session/password", { present, password });
			reset();
			setDone(true);
			await client.invalidateQueries({ queryKey: ["self"] });
			await client.invalidateQueries({ queryKey: ["sessions"] });
		} catch (error) {
			refused(error);
		}
	});
	return (
		<section className="card">
			<h2>{t("password")}</h2>
			{self.password_given && !done && <Notice tone="warn"><p>{t("password.given")}</p></Notice>}
			<form className="password-form" onSubmit={(e) => void onSubmit(e)} noValidate>
				<input type="email" name="username" autoComplete="username" value={self.email} readOnly hidden />
				{names.map((name) => (
					<Field key={name} label={t(labels[name])} {...(name === "password" ? { hint: t("password.hint") } : {})} error={errors[name]?.message}>
						{(props) => (
							<input {...props} type={shown ? "text" : "password"} autoComplete={name === "present" ? "current-password" : "new-password"}
								autoCapitalize="none" spellCheck={false} {...register(name, rules[name])} />
						)}
					</Field>
				))}
				<label className="check"><input type="checkbox" checked={shown} onChange={(e) => setShown(e.target.checked)} /> {t("password.show")}</label>
				<div aria-live="polite">
					{failure && <Notice tone="bad"><p>{failure}</p></Notice>}
					{done && <Notice tone="good"><p>{t("password.changed")}</p></Notice>}
				</div>
				<button type="submit" className="primary" disabled={isSubmitting}>{t("password.change")}</button>
			</form>
		</section>
	);
}
