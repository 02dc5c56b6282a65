import "@digital-go-jp/design-tokens/dist/tokens.css";
import "./style/base.css";
import "./style/form.css";
import "./style/screen.css";
import "./style/print.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/client";
import { App } from "./app";
import { SessionGate } from "./session/session";
import { Announcer } from "./ui/announce";
import { Guarded } from "./ui/guarded";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // A reading is an event in the audit trail: only what the person did asks for one.
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // The client itself tries again while the service is away.
      networkMode: "always",
      retry: (count, error) => !(error instanceof Problem) && count < 1,
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("page");
if (root) {
  createRoot(root).render(
    <Guarded>
      <QueryClientProvider client={client}>
        <SessionGate>
          <Announcer>
            <App />
          </Announcer>
        </SessionGate>
      </QueryClientProvider>
    </Guarded>,
  );
}
