import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Problem } from "./api/client";
import { App } from "./app";
import { I18nProvider } from "./i18n";
import { Boundary } from "./ui/boundary";
import "./styles.css";

const client = new QueryClient({
	defaultOptions: {
		queries: {
			// Only what can pass: a broken connection, a server that is starting.
			retry: (failures, error) => failures < 3 && error instanceof Problem && (error.network || error.status >= 502),
			refetchOnWindowFocus: true,
		},
	},
});
const root = document.getElementById("root");

if (root)
	createRoot(root).render(
		<StrictMode>
			<QueryClientProvider client={client}>
				<I18nProvider>
					<Boundary>
						<App />
					</Boundary>
				</I18nProvider>
			</QueryClientProvider>
		</StrictMode>,
	);
