import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "./client";

/** Directory, codes and notices change a few times a year: asked once for each log-in. */
const SELDOM = { staleTime: Number.POSITIVE_INFINITY };

export const agencies = queryOptions({
  queryKey: ["agencies"],
  queryFn: async () => {
    const found: Schemas["AgencyResponse"][] = [];
    let after: string | undefined;
    do {
      const page = await call(api.GET("/api/v1/agencies", { params: { query: { limit: 200, after } } }));
      found.push(...page.items);
      after = page.next ?? undefined;
    } while (after);
    return found.toSorted((a, b) => a.kana.localeCompare(b.kana, "ja"));
  },
  ...SELDOM,
});

export const codes = queryOptions({
  queryKey: ["codes"],
  queryFn: async () => {
    const page = await call(api.GET("/api/v1/codes"));
    return new Map(page.items.map((list) => [list.list, list.codes]));
  },
  ...SELDOM,
});

export const notices = queryOptions({
  queryKey: ["notices"],
  queryFn: () => call(api.GET("/api/v1/notices", { params: { query: { limit: 200 } } })),
  ...SELDOM,
});

export const staffOf = (agency_id: string) =>
  queryOptions({
    queryKey: ["staff", agency_id],
    queryFn: () => call(api.GET("/api/v1/staff", { params: { query: { agency_id, limit: 200 } } })),
    ...SELDOM,
  });

export const sheet = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id],
    queryFn: () => call(api.GET("/api/v1/sheets/{id}", { params: { path: { id } } })),
  });

export const timeline = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id, "timeline"],
    queryFn: () =>
      call(api.GET("/api/v1/sheets/{id}/timeline", { params: { path: { id }, query: { limit: 200 } } })),
  });

export const consents = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id, "consents"],
    queryFn: () =>
      call(api.GET("/api/v1/sheets/{id}/consents", { params: { path: { id }, query: { limit: 200 } } })),
  });

export const entries = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id, "entries"],
    queryFn: () =>
      call(api.GET("/api/v1/sheets/{id}/entries", { params: { path: { id }, query: { limit: 200 } } })),
  });

export const relay = (id: string) =>
  queryOptions({
    queryKey: ["relay", id],
    queryFn: () => call(api.GET("/api/v1/relays/{id}", { params: { path: { id } } })),
  });

export const exception = (id: string) =>
  queryOptions({
    queryKey: ["exception", id],
    queryFn: () => call(api.GET("/api/v1/exceptions/{id}", { params: { path: { id } } })),
  });

/** What waits somewhere: one page of relays of one state, by due date. */
export const relaysIn = (box: "inbox" | "outbox" | undefined, state?: Schemas["RelayState"]) =>
  queryOptions({
    queryKey: ["relays", box, state],
    queryFn: () => call(api.GET("/api/v1/relays", { params: { query: { box, state, sort: "due", limit: 200 } } })),
  });

/** What waits for this agency or person, by due date. */
export const tasks = queryOptions({
  queryKey: ["tasks"],
  queryFn: () => call(api.GET("/api/v1/tasks", { params: { query: { limit: 200 } } })),
});

export const sheetsIn = (state?: Schemas["SheetState"]) =>
  queryOptions({
    queryKey: ["sheets", state],
    queryFn: () => call(api.GET("/api/v1/sheets", { params: { query: { state, limit: 200 } } })),
  });

/** Forgets what may have changed by a deed on a sheet or relay. */
export function changed(client: QueryClient): Promise<void> {
  return client.invalidateQueries({
    predicate: ({ queryKey: [first] }) => ["sheet", "sheets", "relay", "relays", "tasks", "exception", "exceptions", "privacy"].includes(String(first)),
  });
}

/** Labels of the code tables, as the service serves them. */
export function useLabels(): {
  label: (list: string, code: string | null | undefined) => string;
  list: (list: string) => Schemas["Code"][];
} {
  const { data } = useQuery(codes);
  const list = (name: string): Schemas["Code"][] => data?.get(name) ?? [];
  const label = (name: string, code: string | null | undefined): string =>
    code ? (list(name).find((one) => one.code === code)?.label ?? code) : "";
  return { label, list };
}

/** Names of agencies by id. */
export function useAgencies(): { all: Schemas["AgencyResponse"][]; name: (id: string | null | undefined) => string } {
  const { data } = useQuery(agencies);
  const all = data ?? [];
  return { all, name: (id) => all.find((one) => one.id === id)?.name ?? "" };
}
