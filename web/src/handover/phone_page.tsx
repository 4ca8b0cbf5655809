import { useEffect, useState, useSyncExternalStore } from "react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { explain, Problem } from "../api/client";
import { prepareToSend } from "../api/upload";
import { useI18n } from "../i18n";
import { dropAllKept } from "../send/kept";
import { Busy, Failure, Notice } from "../ui/notice";
import { useTitle } from "../ui/title";
import { claimHandover, codeIn, ownHandover, type Handover } from "./api";
import { bringer, finish } from "./bringer";
import { Bringing } from "./bringing";
import { CodeForm, useClaimText } from "./code_form";

const key = ["handover", "own"];

/* One claim a code, however often the page is drawn. */
const claims = new Map<string, Promise<Handover>>();

function claimOnce(code: string): Promise<Handover> {
	const made = claims.get(code) ?? claimHandover(code);
	claims.set(code, made);
	made.catch((error: unknown) => {
		if (error instanceof Problem && error.network)
			claims.delete(code);
	});
	return made;
}

async function forgetAll(): Promise<void> {
	await bringer.forget();
	await dropAllKept();
}

/* What a device sees that brings somebody's videos: without an account, and without any of the account's pages. */
export default function PhonePage() {
	const i18n = useI18n();
	const { t } = i18n;
	const client = useQueryClient();
	const claimText = useClaimText();
	const [code] = useState(() => codeIn(window.location.hash));
	const [failure, setFailure] = useState("");
	const [ended, setEnded] = useState<"finished" | "over" | null>(null);
	const [error, setError] = useState("");
	const sending = useSyncExternalStore(bringer.subscribe, bringer.get);
	const own = useQuery({
		queryKey: key,
		queryFn: async ({ signal }) => {
			if (code && !failure && window.location.hash)
				try {
					const claimed = await claimOnce(code);
					window.history.replaceState(null, "", window.location.pathname); // used, and nobody's to see
					return claimed;
				} catch (problem) {
					if (!(problem instanceof Problem) || problem.network)
						throw problem;
					setFailure(claimText(problem));
					window.history.replaceState(null, "", window.location.pathname);
				}
			try {
				return await ownHandover(signal);
			} catch (problem) {
				if (problem instanceof Problem && problem.status === 401)
					return null;
				throw problem;
			}
		},
		enabled: ended === null,
		refetchInterval: (q) => (q.state.data ? 5_000 : false), // the laptop may end it
	});
	const handover = own.data ?? null;
	const id = handover?.id;

	useTitle(t("handover.phone.title"));
	useEffect(prepareToSend, []);
	useEffect(() => {
		if (id !== undefined)
			bringer.continueStored(id);
	}, [id]);
	// It was there, and is not any more.
	const [had, setHad] = useState(false);
	useEffect(() => {
		if (id !== undefined)
			setHad(true);
		else if (had && own.data === null && ended === null) {
			setEnded("over");
			void forgetAll();
		}
	}, [id, had, own.data, ended]);
	useEffect(() => {
		if (sending.state === "failed" && sending.error instanceof Problem && sending.error.status === 401)
			void client.invalidateQueries({ queryKey: key });
		if (sending.state === "done") {
			void client.invalidateQueries({ queryKey: key });
			bringer.settle();
		}
	}, [sending, client]);

	const onFinish = async () => {
		setError("");
		try {
			await finish();
			setEnded("finished");
			await forgetAll();
		} catch (problem) {
			setError(explain(i18n, problem));
		}
	};
	return (
		<>
			<h1>{t("handover.phone.title")}</h1>
			{ended ? <Notice tone={ended === "finished" ? "good" : "info"}><p role="status">{t(`handover.phone.${ended}`)}</p></Notice>
			: own.isPending ? <Busy text={t("handover.phone.connecting")} />
			: own.isError && !handover ? <Failure text={explain(i18n, own.error)} retry={() => void own.refetch()} />
			: handover ? <Bringing handover={handover} sending={sending} error={error} onFinish={() => void onFinish()} />
			: <CodeForm failure={failure} onClaimed={(claimed) => { setFailure(""); client.setQueryData(key, claimed); }} />}
		</>
	);
}
