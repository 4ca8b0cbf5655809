import { account } from "../i18n/en/account";
import { makePart } from "../i18n/part";

export const { Provider: AccountWords, useWords } = makePart<keyof typeof account>(account, {
	es: () => import("../i18n/es/account").then((module) => module.account),
});
