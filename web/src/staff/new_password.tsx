import { useId, useState } from "react";
import { Field } from "../ui/field";
import { makePassword } from "./password";
import { useWords } from "./words";

/* A password for somebody else: made here, or typed. The server sees only what is sent to it. */

export type Choice = { kind: "made" } | { kind: "typed"; text: string };

export const passwordOf = (choice: Choice): string => (choice.kind === "made" ? makePassword() : choice.text);
export const isLongEnough = (choice: Choice): boolean => choice.kind === "made" || choice.text.length >= 12;

export function PasswordChoice({ onChange, wrong }: { onChange: (choice: Choice) => void; wrong: boolean }) {
	const { t } = useWords();
	const name = useId();
	const [choice, setChoice] = useState<Choice>({ kind: "made" });
	const choose = (next: Choice) => {
		setChoice(next);
		onChange(next);
	};
	return (
		<fieldset className="plain">
			<legend className="hidden">{t("users.password.own")}</legend>
			<label className="check">
				<input type="radio" name={name} checked={choice.kind === "made"} onChange={() => choose({ kind: "made" })} /> {t("users.password.generate")}
			</label>
			<label className="check">
				<input type="radio" name={name} checked={choice.kind === "typed"} onChange={() => choose({ kind: "typed", text: "" })} /> {t("users.password.choose")}
			</label>
			{choice.kind === "typed" && (
				<Field label={t("users.password.own")} hint={t("users.password.hint")} error={wrong ? t("users.password.short") : undefined}>
					{(props) => (
						<input {...props} type="text" autoComplete="off" spellCheck={false} autoCapitalize="none" value={choice.text}
							onChange={(e) => choose({ kind: "typed", text: e.target.value })} />
					)}
				</Field>
			)}
		</fieldset>
	);
}
