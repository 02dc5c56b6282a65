import { type InfiniteData, useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, call, type Schemas } from "../api/client";
import type { Page } from "../api/queries";
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

/** Relays that were received, sent, or both, by due date. */
export function useRelays(box: "inbox" | "outbox" | undefined, state?: Schemas["RelayState"]): Found<Schemas["RelayItem"]> {
  return usePages(["relays", box, state], (after) => call(api.GET("/api/v1/relays", { params: { query: { box, state, sort: "due", after } } })));
}

/** The sheets that this agency knows of. */
export function useSheets(state: Schemas["SheetState"] | undefined, options: { refetchOnWindowFocus?: boolean } = {}): Found<Schemas["SheetItem"]> {
  return usePages(["sheets", state], (after) => call(api.GET("/api/v1/sheets", { params: { query: { state, after } } })), options);
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

/** A part of a list under its name and count; nothing at all when it is empty. `more` means that further items stand on pages not loaded yet. */
export function Group({ title, count, more, children }: { title: string; count: number; more: boolean; children: ReactNode }) {
  if (count === 0) return null;
  return (
    <section className="group">
      <h2>
        {title}{" "}
        <span className="count">
          {t.home.count(count)}
          {more && t.home.orMore}
        </span>
      </h2>
      {children}
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
