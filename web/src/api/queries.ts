import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "./client";

/** Directory, codes and notices change a few times a year, so they are asked for once for each log-in. */
const SELDOM = { staleTime: Number.POSITIVE_INFINITY };

/** What a page of a list looks like. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

/** All pages of a list that is needed whole, or the pages up to the first item that is `enough`. */
async function whole<T>(ask: (after: string | undefined) => Promise<Page<T>>, enough: (item: T) => boolean = () => false): Promise<{ items: T[] }> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await ask(after);
    items.push(...page.items);
    after = page.items.some(enough) ? undefined : (page.next ?? undefined);
  } while (after);
  return { items };
}

export const agencies = queryOptions({
  queryKey: ["agencies"],
  queryFn: async () => {
    const { items } = await whole((after) => call(api.GET("/api/v1/agencies", { params: { query: { limit: 200, after } } })));
    return items.toSorted((a, b) => a.kana.localeCompare(b.kana, "ja"));
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
  queryFn: () => whole((after) => call(api.GET("/api/v1/notices", { params: { query: { limit: 200, after } } }))),
  ...SELDOM,
});

/** Whether a role may ask for the names of every agency's people. Clerks may ask for their own agency and those with which it shares a relay. */
export const knowsNames = (role: Schemas["Role"]): boolean => role !== "counter" && role !== "manager";

export const staffOf = (agency_id: string) =>
  queryOptions({
    queryKey: ["staff", agency_id],
    queryFn: () => whole((after) => call(api.GET("/api/v1/staff", { params: { query: { agency_id, limit: 200, after } } }))),
    ...SELDOM,
  });

export const sheet = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id],
    queryFn: () => call(api.GET("/api/v1/sheets/{id}", { params: { path: { id } } })),
  });

export const consents = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id, "consents"],
    queryFn: () =>
      whole((after) => call(api.GET("/api/v1/sheets/{id}/consents", { params: { path: { id }, query: { limit: 200, after } } }))),
  });

export const consent = (id: string) =>
  queryOptions({
    queryKey: ["sheet", "consent", id],
    queryFn: () => call(api.GET("/api/v1/consents/{id}", { params: { path: { id } } })),
  });

/** The files of a sheet, without their bytes. */
export const attachments = (id: string) =>
  queryOptions({
    queryKey: ["sheet", id, "attachments"],
    queryFn: () => call(api.GET("/api/v1/sheets/{id}/attachments", { params: { path: { id } } })),
  });

/** The releases of a sheet's secret address, picked from the list of the whole agency. */
export const addressReleases = (sheet_id: string) =>
  queryOptions({
    queryKey: ["sheet", sheet_id, "address-releases"],
    queryFn: async () => {
      const { items } = await whole((after) => call(api.GET("/api/v1/address-releases", { params: { query: { limit: 200, after } } })));
      return items.filter((one) => one.sheet_id === sheet_id);
    },
  });

export const addressRelease = (id: string) =>
  queryOptions({
    queryKey: ["sheet", "address-release", id],
    queryFn: () => call(api.GET("/api/v1/address-releases/{id}", { params: { path: { id } } })),
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

/** The places of a postal code. Our service answers; nobody outside is asked. */
export const postalCode = (code: string) =>
  queryOptions({
    queryKey: ["postal", code],
    queryFn: () => call(api.GET("/api/v1/postal-codes/{code}", { params: { path: { code } } })),
    ...SELDOM,
  });

/** Where the last search and what it found are kept. */
export const SEARCHED = ["searched"];

/** Forgets everything that a deed on a sheet or relay may have changed. */
export function changed(client: QueryClient): Promise<void> {
  // What a search found shows names: it is asked for anew.
  client.removeQueries({ queryKey: SEARCHED });
  return client.invalidateQueries({
    predicate: ({ queryKey: [first] }) => ["sheet", "sheets", "relay", "relays", "tasks", "exception", "exceptions", "privacy"].includes(String(first)),
  });
}

/** Labels of the code tables, from the service. */
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
