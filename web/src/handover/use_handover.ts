import { useEffect, useState } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Problem } from "../api/client";
import { removeUpload } from "../api/upload";
import type { View } from "../api/result";
import { byView, lookAtHandover, openHandover, type Handover, type HandedUpload } from "./api";
import { forgetHandover, rememberedHandover, rememberHandover } from "./remembered";

const poll_ms = 2000;

export interface Handing {
	handover: Handover | null;
	code: { code: string; link: string } | null; // known to the page that opened it
	handed: Partial<Record<View, HandedUpload>>;
	opening: boolean;
	error: unknown;
	open: () => void;
	cancel: () => void;
	remove: (view: View) => void;
}

export function uploadPath(upload: HandedUpload): string {
	return `/api/v1/uploads/${upload.id}`;
}

/* The laptop's side: a code to show, and what the other device has brought so far. */
export function useHandover(owner: string): Handing {
	const client = useQueryClient();
	const [id, setId] = useState(() => rememberedHandover(owner));
	const [code, setCode] = useState<Handing["code"]>(null);
	const query = useQuery({
		queryKey: ["handover", id],
		queryFn: ({ signal }) => lookAtHandover(id ?? "", signal),
		enabled: id !== null,
		refetchInterval: (q) => (q.state.data?.state === "waiting" || q.state.data?.state === "claimed" ? poll_ms : 30_000),
		refetchIntervalInBackground: true, // the eyes are on the other device
	});
	const opening = useMutation({
		mutationFn: openHandover,
		onSuccess: (made) => {
			rememberHandover(made.id, owner);
			client.setQueryData(["handover", made.id], made);
			setCode(made.code && made.link ? { code: made.code, link: made.link } : null);
			setId(made.id);
		},
	});
	const handover = id === null ? null : query.data ?? null;
	const handed = byView(handover?.uploads ?? []);
	const forget = () => {
		setId(null);
		setCode(null);
		return forgetHandover();
	};

	useEffect(() => {
		if (query.error instanceof Problem && query.error.status === 404)
			void forget();
	});
	return {
		handover, code, handed, opening: opening.isPending, error: opening.error ?? (query.error instanceof Problem && query.error.network ? query.error : null),
		open: () => {
			void forget().then(() => opening.mutate());
		},
		cancel: () => {
			const left = handover?.uploads ?? [];
			void forget().then(() => Promise.all(left.map((upload) => removeUpload(uploadPath(upload)))));
		},
		remove: (view) => {
			const upload = handed[view];
			if (upload)
				void removeUpload(uploadPath(upload)).then(() => client.invalidateQueries({ queryKey: ["handover", id] }));
		},
	};
}
