import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";
import { useQueryClient } from "@tanstack/react-query";
import { explain, Problem, send } from "../api/client";
import type { Self } from "../api/types";
import { useI18n } from "../i18n";
import { useTitle } from "../ui/title";

/* Seconds until @until_ms, counted down. */
function useCountdown(until_ms: number): number {
	const [now, setNow] = useState(() => Date.now());

	useEffect(() => {
		if (until_ms <= Date.now())
			return;
		const timer = setInterval(() => setNow(Date.now()), 500);
		return () => clearInterval(timer);
	}, [until_ms]);
	return Math.max(0, Math.ceil((until_ms - now) / 1000));
}

export function SignInPage() {
	const i18n = useI18n();
	const { t, format } = i18n;
	const client = useQueryClient();
	const [failure, setFailure] = useState("");
	const [blockedUntil, setBlockedUntil] = useState(0);
	const blocked = useCountdown(blockedUntil);
	const { register, handleSubmit, resetField, setFocus, formState } = useForm({ defaultValues: { email: "", password: "" } });
	const { errors, isSubmitting } = formState;

	useTitle(t("signIn.title"));
	const onSubmit = handleSubmit(async (values) => {
		setFailure("");
		try {
			client.setQueryData(["self"], await send<Self>("POST", "/api/v1/session", values));
		} catch (error) {
			resetField("password");
			if (error instanceof Problem && error.status === 429)
				setBlockedUntil(Date.now() + (error.retryAfterS ?? 30) * 1000);
			else
				setFailure(error instanceof Problem && (error.status === 401 || error.status === 422) ? t("signIn.wrong") : explain(i18n, error));
			setFocus("password");
		}
	});
	const message = blocked > 0 ? t("signIn.limited", { wait: format.duration(blocked) }) : failure;
	return (
		<div className="card narrow">
			<h1>{t("signIn.title")}</h1>
			<p>{t("signIn.intro")}</p>
			<form onSubmit={(e) => void onSubmit(e)} noValidate>
				<div className="field">
					<label htmlFor="email">{t("signIn.email")}</label>
					<input id="email" type="email" autoComplete="username" inputMode="email" autoCapitalize="none" spellCheck={false}
						aria-invalid={errors.email !== undefined} aria-describedby={errors.email ? "email-error" : undefined}
						{...register("email", { required: true })} />
					{errors.email && <p id="email-error" className="field-error">{t("signIn.emailMissing")}</p>}
				</div>
				<div className="field">
					<label htmlFor="password">{t("signIn.password")}</label>
					<input id="password" type="password" autoComplete="current-password" aria-invalid={errors.password !== undefined}
						aria-describedby={errors.password ? "password-error" : undefined} {...register("password", { required: true })} />
					{errors.password && <p id="password-error" className="field-error">{t("signIn.passwordMissing")}</p>}
				</div>
				<div aria-live="assertive">{message && <p className="notice bad">{message}</p>}</div>
				<button type="submit" className="primary wide" disabled={isSubmitting || blocked > 0}>{t("signIn.button")}</button>
			</form>
			<p className="hint">{t("signIn.help")}</p>
		</div>
	);
}
