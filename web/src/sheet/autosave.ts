import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Path, UseFormReturn } from "react-hook-form";
import { api, call, match, once, Problem, type Schemas } from "../api/client";
import { now } from "../api/clock";
import { changed } from "../api/queries";
import { useLeaving } from "../ui/leaving";
import { whyOf } from "../ui/problems";
import { compare, type Conflict, differing, leaves } from "./differences";
import { formOf, requestOf, type SheetForm, without } from "./shape";

type Sheet = Schemas["SheetResponse"];

/** The time from the last key until the draft is sent; with the answer it stays below two seconds. */
const PAUSE_MS = 1_000;
/** The time from a failed saving until the next try. It doubles each time, so that an unused page falls silent before its session ends. */
const RETRY_MS = 4_000;

export type Saving =
  | { is: "clean" | "dirty" | "saving" | "failed" }
  | { is: "refused"; why: string }
  | { is: "saved"; at: Date; partly: boolean };

/** A conflict that waits for the clerk. */
export interface Merge {
  conflicts: Conflict[];
  choose: (paths: string[]) => void;
}

interface Autosave {
  saving: Saving;
  merge: Merge | undefined;
  /** How often changes from another screen were taken over without a question. */
  taken: number;
  /** Saves the present form in the given state; throws when the service refuses. */
  save: (state: Schemas["Save"]) => Promise<Sheet>;
  /** Discards the draft; throws when the service refuses. */
  discard: () => Promise<void>;
  /** The sheet as it was last saved or loaded. */
  kept: () => Sheet | undefined;
}

/**
 * Keeps a draft on the service: no copy of it is ever stored in the browser. `loaded` is the sheet that is edited, if there is one yet.
 * As long as the form is ahead of the service, a saving is waiting, under way, or about to be tried again, however the last saving ended.
 */
export function useAutosave(form: UseFormReturn<SheetForm>, loaded: Sheet | undefined, arrived: (id: string) => void): Autosave {
  const client = useQueryClient();
  const [saving, setSaving] = useState<Saving>({ is: "clean" });
  const [merge, setMerge] = useState<Merge>();
  const [taken, setTaken] = useState(0);
  const sheet = useRef<Sheet | undefined>(loaded);
  /** The form when it was last equal to the service's version. */
  const base = useRef<SheetForm>(structuredClone(form.getValues()));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** Whether the draft was registered or discarded: from then on nothing saves it as a draft. */
  const over = useRef(false);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  /** How many savings in a row have failed. */
  const failures = useRef(0);
  /** Plans the next saving, if something is not saved yet. */
  const later = useRef<() => void>(() => undefined);
  const told = useRef(arrived);
  told.current = arrived;
  /** The status that was last shown for the draft, and the fields that were marked when it was saved without them. */
  const said = useRef<Saving>({ is: "clean" });
  const marked = useRef<Path<SheetForm>[]>([]);
  const say = useCallback((next: Saving): void => {
    said.current = next;
    setSaving(next);
  }, []);

  /** Whether the form is ahead of the service. */
  const ahead = useCallback(
    (): boolean => !over.current && differing(leaves(form.getValues()), leaves(base.current)).length > 0,
    [form],
  );

  const put = useCallback(
    async (body: Schemas["SheetRequest"]): Promise<Sheet> => {
      const now = sheet.current;
      if (!now) return call(api.POST("/api/v1/sheets", { params: { header: once() }, body }));
      return call(
        api.PUT("/api/v1/sheets/{id}", { params: { path: { id: now.id }, header: match(now.revision) }, body }),
      );
    },
    [],
  );

  /** Another person has saved: takes over the fields that only they changed, and asks about the rest. */
  const reconcile = useCallback(async (theirs: Sheet): Promise<void> => {
    const found = compare(base.current, form.getValues(), formOf(theirs));
    for (const [path, value] of found.take) {
      form.setValue(path as Path<SheetForm>, (value ?? "") as never, { shouldDirty: true });
    }
    if (found.conflicts.length > 0) {
      const chosen = await new Promise<string[]>((choose) => {
        setMerge({ conflicts: found.conflicts, choose });
      });
      setMerge(undefined);
      for (const { path, theirs: value } of found.conflicts.filter((one) => chosen.includes(one.path))) {
        form.setValue(path as Path<SheetForm>, (value ?? "") as never, { shouldDirty: true });
      }
    } else if (found.take.size > 0) {
      setTaken((n) => n + 1);
    }
    base.current = formOf(theirs);
    sheet.current = theirs;
  }, [form]);

  /** Sends a draft; fields that the service refuses are marked, and the rest is sent without them. */
  const putDraft = useCallback(
    async (whole: Schemas["SheetRequest"]): Promise<{ answer: Sheet; partly: boolean }> => {
      for (let body = whole, partly = false; ; partly = true) {
        try {
          return { answer: await put(body), partly };
        } catch (error) {
          const wrong = error instanceof Problem && error.status === 422 ? error.errors : [];
          const rest = without(
            body,
            wrong.map(({ pointer }) => pointer),
          );
          // None of the refused fields could be left out.
          if (differing(leaves(rest), leaves(body)).length === 0) throw error;
          for (const { pointer, detail } of wrong) {
            const path = pointer.slice(1).replaceAll("/", ".") as Path<SheetForm>;
            form.setError(path, { type: "service", message: detail });
            marked.current.push(path);
          }
          body = rest;
        }
      }
    },
    [form, put],
  );

  const send = useCallback(
    async (state: Schemas["Save"]): Promise<Sheet> => {
      for (;;) {
        const values = structuredClone(form.getValues());
        const body = requestOf(values, state);
        setSaving({ is: "saving" });
        try {
          const { answer, partly } = state === "draft" ? await putDraft(body) : { answer: await put(body), partly: false };
          over.current = state === "registered";
          const first = sheet.current === undefined;
          sheet.current = answer;
          base.current = values;
          // Fields that were refused at registration stay marked until it is tried again.
          if (!partly) form.clearErrors(marked.current.splice(0));
          say({ is: "saved", at: now(), partly });
          if (first) told.current(answer.id);
          return answer;
        } catch (error) {
          if (!(error instanceof Problem && error.status === 412)) throw error;
          const id = sheet.current?.id ?? "";
          await reconcile(await call(api.GET("/api/v1/sheets/{id}", { params: { path: { id } } })));
        }
      }
    },
    [form, put, putDraft, reconcile, say],
  );

  const draft = loaded === undefined || loaded.state === "draft";
  const save = useCallback(
    (state: Schemas["Save"]): Promise<Sheet> => {
      const next = queue.current.then(async () => {
        // It was saved, registered or discarded while this waited in the queue.
        if (state === "draft" && sheet.current && !ahead()) return sheet.current;
        try {
          const answer = await send(state);
          failures.current = 0;
          return answer;
        } catch (error) {
          // A refused registration changes nothing about the draft.
          if (state === "registered" && error instanceof Problem) setSaving(said.current);
          else {
            failures.current += 1;
            // A service that is away is waited for, but no retry changes a refusal.
            say(error instanceof Problem && error.status < 500 ? { is: "refused", why: whyOf(error) } : { is: "failed" });
          }
          throw error;
        } finally {
          later.current();
        }
      });
      queue.current = next.catch(() => undefined);
      return next;
    },
    [send, say, ahead],
  );

  const discard = useCallback((): Promise<void> => {
    const next = queue.current.then(async () => {
      const id = sheet.current?.id;
      if (id) await call(api.DELETE("/api/v1/sheets/{id}", { params: { path: { id } } }));
      over.current = true;
    });
    queue.current = next.catch(() => undefined);
    return next;
  }, []);

  /** Whether the last saving failed or was refused. */
  const isBad = useCallback((): boolean => ["failed", "refused"].includes(said.current.is), []);
  /** Whether a field that the service refused holds words that are saved nowhere. */
  const partly = useCallback((): boolean => !over.current && said.current.is === "saved" && said.current.partly, []);
  useLeaving(
    useCallback(() => ahead() || partly(), [ahead, partly]),
    // A draft is saved when another screen is opened, if that is possible.
    useCallback(() => partly() || (ahead() && (!draft || isBad())), [ahead, partly, draft, isBad]),
  );

  // The next saving is planned after each key, and after each saving, however it ended.
  useEffect(() => {
    const savedSoon = (): void => {
      clearTimeout(timer.current);
      if (!ahead()) return;
      // That a saving failed stays said until one succeeds.
      if (failures.current === 0 && !isBad()) say({ is: "dirty" });
      if (!draft) return;
      const pause = failures.current === 0 ? PAUSE_MS : RETRY_MS * 2 ** (failures.current - 1);
      timer.current = setTimeout(savedNow, pause);
    };
    const savedNow = (): void => {
      clearTimeout(timer.current);
      // A refusal is shown at its fields; a failure is tried again.
      if (draft && ahead()) void save("draft").catch(() => undefined);
    };
    const typed = (): void => {
      failures.current = 0;
      savedSoon();
    };
    // A tablet may never come back to a page that it has put in the background.
    const hidden = (): void => {
      if (document.visibilityState === "hidden") savedNow();
    };
    later.current = savedSoon;
    const watching = form.watch(typed);
    document.addEventListener("visibilitychange", hidden);
    window.addEventListener("online", savedNow);
    return () => {
      watching.unsubscribe();
      document.removeEventListener("visibilitychange", hidden);
      window.removeEventListener("online", savedNow);
      later.current = () => undefined;
      clearTimeout(timer.current);
    };
  }, [form, save, draft, ahead, say, isBad]);

  // The typed form waits in memory while the clerk looks at another screen: a registered sheet is saved by the button only, and the last
  // saving of a draft may fail.
  useEffect(() => {
    client.setQueryDefaults(["typed"], { gcTime: Number.POSITIVE_INFINITY });
    const name = (id: string): string[] => ["typed", "sheet", id];
    const typed = loaded && client.getQueryData<{ base: SheetForm; values: SheetForm }>(name(loaded.id));
    if (typed) {
      base.current = typed.base;
      form.reset(typed.values, { keepDefaultValues: true });
      // Nothing is saved before the clerk has chosen.
      queue.current = queue.current.then(() => reconcile(loaded)).then(() => later.current());
    }
    return () => {
      // A clerk who has left the form is not sent back to it when the draft gets its id.
      told.current = () => undefined;
      const id = sheet.current?.id;
      const forget = (): void => {
        if (id) client.removeQueries({ queryKey: name(id) });
      };
      if (!ahead() && !partly()) {
        forget();
        return;
      }
      const values = structuredClone(form.getValues());
      if (id) client.setQueryData(name(id), { base: partly() && sheet.current ? formOf(sheet.current) : base.current, values });
      if (!draft || !ahead()) return;
      const kept = async (): Promise<void> => {
        await save("draft");
        if (!partly()) forget();
        await changed(client);
      };
      void kept().catch(() => undefined);
    };
  }, [client, draft, form, loaded, reconcile, save, ahead, partly]);

  return { saving, merge, taken, save, discard, kept: () => sheet.current };
}
