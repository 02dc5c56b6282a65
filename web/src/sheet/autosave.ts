import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Path, UseFormReturn } from "react-hook-form";
import { api, call, match, once, Problem, type Schemas } from "../api/client";
import { changed } from "../api/queries";
import { compare, type Conflict, differing, leaves } from "./differences";
import { formOf, requestOf, type SheetForm, without } from "./shape";

type Sheet = Schemas["SheetResponse"];

/** From the last key until the draft is sent; with the answer it stays below two seconds. */
const PAUSE_MS = 1_000;

export type Saving =
  | { is: "clean" | "dirty" | "saving" | "failed" }
  | { is: "saved"; at: Date; partly: boolean };

/** A conflict that waits for the clerk. */
export interface Merge {
  conflicts: Conflict[];
  choose: (paths: string[]) => void;
}

interface Autosave {
  saving: Saving;
  merge: Merge | undefined;
  /** How often another screen's changes were taken over without a question. */
  taken: number;
  /** Saves what is in the form now, in the given state; throws what the service refuses. */
  save: (state: Schemas["Save"]) => Promise<Sheet>;
  /** The sheet as it was last saved or loaded. */
  kept: () => Sheet | undefined;
}

/** Keeps a draft on the service: no copy of it ever lies in the browser. `loaded` is the sheet that is edited, if there is one yet. */
export function useAutosave(form: UseFormReturn<SheetForm>, loaded: Sheet | undefined, arrived: (id: string) => void): Autosave {
  const client = useQueryClient();
  const [saving, setSaving] = useState<Saving>({ is: "clean" });
  const [merge, setMerge] = useState<Merge>();
  const [taken, setTaken] = useState(0);
  const sheet = useRef<Sheet | undefined>(loaded);
  /** What the form held when it was last in step with the service. */
  const base = useRef<SheetForm>(structuredClone(form.getValues()));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** From then on nothing saves it as a draft. */
  const registered = useRef(false);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  /** What was said last of the draft, and the fields that were marked when it was saved without them. */
  const said = useRef<Saving>({ is: "clean" });
  const marked = useRef<Path<SheetForm>[]>([]);
  const say = useCallback((next: Saving): void => {
    said.current = next;
    setSaving(next);
  }, []);

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

  /** Somebody else saved: takes over what only they changed, asks about the rest. */
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

  const write = useCallback(
    async (state: Schemas["Save"]): Promise<Sheet> => {
      clearTimeout(timer.current);
      for (;;) {
        const values = structuredClone(form.getValues());
        const body = requestOf(values, state);
        setSaving({ is: "saving" });
        let partly = false;
        try {
          let answer: Sheet;
          try {
            answer = await put(body);
          } catch (error) {
            const wrong = error instanceof Problem && error.status === 422 ? error.errors : [];
            // A draft is kept without what is wrong in it; registering demands that it be mended.
            if (state !== "draft" || wrong.length === 0) throw error;
            for (const { pointer, detail } of wrong) {
              const path = pointer.slice(1).replaceAll("/", ".") as Path<SheetForm>;
              form.setError(path, { type: "service", message: detail });
              marked.current.push(path);
            }
            partly = true;
            answer = await put(
              without(
                body,
                wrong.map(({ pointer }) => pointer),
              ),
            );
          }
          registered.current = state === "registered";
          const first = sheet.current === undefined;
          sheet.current = answer;
          base.current = values;
          // What registering refused stays marked until it is tried again.
          if (!partly) form.clearErrors(marked.current.splice(0));
          say({ is: "saved", at: new Date(), partly });
          if (first) arrived(answer.id);
          return answer;
        } catch (error) {
          if (error instanceof Problem && error.status === 412) {
            const id = sheet.current?.id ?? "";
            await reconcile(await call(api.GET("/api/v1/sheets/{id}", { params: { path: { id } } })));
            continue;
          }
          // That it cannot be registered takes nothing from the draft.
          if (state === "registered" && error instanceof Problem) setSaving(said.current);
          else say({ is: "failed" });
          throw error;
        }
      }
    },
    [form, put, reconcile, arrived, say],
  );

  const save = useCallback(
    (state: Schemas["Save"]): Promise<Sheet> => {
      const next = queue.current.then(() => write(state));
      queue.current = next.catch(() => undefined);
      return next;
    },
    [write],
  );

  const draft = loaded === undefined || loaded.state === "draft";
  useEffect(() => {
    const watching = form.watch((values) => {
      if (registered.current || differing(leaves(values), leaves(base.current)).length === 0) return;
      say({ is: "dirty" });
      clearTimeout(timer.current);
      if (draft) {
        timer.current = setTimeout(() => {
          // What was refused stands on its fields, and the next key tries again.
          void save("draft").catch(() => undefined);
        }, PAUSE_MS);
      }
    });
    return () => watching.unsubscribe();
  }, [form, save, draft, say]);

  // A registered sheet is changed by the button only: what was typed waits in memory while the clerk looks at another screen.
  useEffect(() => {
    if (draft) return undefined;
    const name = ["typed", "sheet", loaded.id];
    client.setQueryDefaults(["typed"], { gcTime: Number.POSITIVE_INFINITY });
    const typed = client.getQueryData<{ base: SheetForm; values: SheetForm }>(name);
    if (typed) {
      base.current = typed.base;
      form.reset(typed.values, { keepDefaultValues: true });
      void reconcile(loaded);
    }
    return () => {
      const values = structuredClone(form.getValues());
      if (!registered.current && differing(leaves(values), leaves(base.current)).length > 0) client.setQueryData(name, { base: base.current, values });
      else client.removeQueries({ queryKey: name });
    };
  }, [client, draft, form, loaded, reconcile]);

  const unsaved = saving.is === "dirty" || saving.is === "saving" || saving.is === "failed";
  const pending = useRef(false);
  pending.current = unsaved;
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent): void => {
      if (pending.current) event.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    return () => {
      window.removeEventListener("beforeunload", leaving);
      // Leaving by a link of ours: what was typed a moment ago is still saved.
      if (draft && pending.current && !registered.current) void save("draft").then(() => changed(client), () => undefined);
    };
  }, [client, draft, save]);

  return { saving, merge, taken, save, kept: () => sheet.current };
}
