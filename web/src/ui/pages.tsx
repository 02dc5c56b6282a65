import { type InfiniteData, useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, call, type Schemas } from "../api/client";
import type { Page } from "../api/queries";
import type { operations } from "../api/schema";
import { t } from "../texts";
import { Loaded } from "./screen";

/** A list as far as it is loaded. */
export type Found<T> = UseInfiniteQueryResult<InfiniteData<Page<T>, string | undefined>>;

/** A list that may be longer than its first page: the rest is loaded by the cursor when somebody wants it. */
export function usePages<T>(key: readonly unknown[], ask: (after: string | undefined) => Promise<Page<T>>, options: { refetchOnWindowFocus?: boolean; staleTime?: number } = {}): Found<T> {
  return useInfiniteQuery({
    queryKey: [...key, "pages"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => ask(pageParam),
    getNextPageParam: (page) => page.next ?? undefined,
    ...options,
  });
}

type RelaysAsked = Pick<NonNullable<operations["list_relays"]["parameters"]["query"]>, "box" | "state" | "open" | "assigned_staff_id">;
type SheetsAsked = Pick<NonNullable<operations["list_sheets"]["parameters"]["query"]>, "state" | "open" | "assigned_staff_id" | "unassigned" | "household_of">;

/** Relays that were received, sent, or both, by due date. */
export function useRelays(asked: RelaysAsked, options: { refetchOnWindowFocus?: boolean } = {}): Found<Schemas["RelayItem"]> {
  return usePages(["relays", asked], (after) => call(api.GET("/api/v1/relays", { params: { query: { ...asked, sort: "due", after } } })), options);
}

/** The sheets that this agency knows of. */
export function useSheets(asked: SheetsAsked, options: { refetchOnWindowFocus?: boolean } = {}): Found<Schemas["SheetItem"]> {
  return usePages(["sheets", asked], (after) => call(api.GET("/api/v1/sheets", { params: { query: { ...asked, after } } })), options);
}

/** All items that are loaded so far. */
export function itemsOf<T>(found: Found<T>): T[] {
  return found.data?.pages.flatMap(({ items }) => items) ?? [];
}

/** The loaded part of the list, and below it the button for more. */
export function Pages<T>({ of, children }: { of: Found<T>; children: (items: T[]) => ReactNode }) {
  return (
    <Loaded of={of}>
      {() => (
        <>
          {children(itemsOf(of))}
          <More of={of} />
        </>
      )}
    </Loaded>
  );
}

/** A part of a list under its name and count; when it is empty, `empty`, or nothing at all. `more` means that further items stand on pages not loaded yet. */
export function Group({ title, count, more, empty, children }: { title: string; count: number; more: boolean; empty?: string; children: ReactNode }) {
  if (count === 0 && !empty) return null;
  return (
    <section className="group">
      <h2>
        {title}{" "}
        <span className="count">
          {t.home.count(count)}
          {more && t.home.orMore}
        </span>
      </h2>
      {count > 0 ? children : <p className="help">{empty}</p>}
    </section>
  );
}

/** Asks for the next page. */
export function More<T>({ of }: { of: Found<T> }) {
  if (!of.hasNextPage) return null;
  return (
    <button type="button" aria-disabled={of.isFetchingNextPage} onClick={() => void (!of.isFetchingNextPage && of.fetchNextPage())}>
      {of.isFetchingNextPage ? t.working : t.more}
    </button>
  );
}
