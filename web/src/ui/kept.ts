import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { FieldValues, UseFormReturn } from "react-hook-form";

/**
 * Keeps the typed values while the clerk looks at another screen, in memory only: the log-out removes them. The browser asks before it
 * closes or reloads the page.
 * Returns a function that forgets them.
 */
export function useKept<T extends FieldValues>(form: UseFormReturn<T>, key: readonly string[], except: Partial<T> = {}): () => void {
  const client = useQueryClient();
  const name = key.join(" ");
  const typed = useRef(false);
  useEffect(() => {
    client.setQueryDefaults(["typed"], { gcTime: Number.POSITIVE_INFINITY });
    const kept = client.getQueryData<T>(["typed", name]);
    typed.current = kept !== undefined;
    if (kept) form.reset({ ...kept, ...except }, { keepDefaultValues: true });
    const watching = form.watch((values) => {
      typed.current = true;
      client.setQueryData(["typed", name], values);
    });
    const leaving = (event: BeforeUnloadEvent): void => {
      if (typed.current) event.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    return () => {
      watching.unsubscribe();
      window.removeEventListener("beforeunload", leaving);
    };
    // The values from the address count once, when the screen opens.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [client, form, name]);
  return () => {
    typed.current = false;
    client.removeQueries({ queryKey: ["typed", name] });
  };
}
