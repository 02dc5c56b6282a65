import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { FieldValues, UseFormReturn } from "react-hook-form";

/**
 * Keeps what was typed while the clerk looks at another screen, in memory only: it goes with the log-out.
 * Returns what forgets it.
 */
export function useKept<T extends FieldValues>(form: UseFormReturn<T>, key: readonly string[], except: Partial<T> = {}): () => void {
  const client = useQueryClient();
  const name = key.join(" ");
  useEffect(() => {
    client.setQueryDefaults(["typed"], { gcTime: Number.POSITIVE_INFINITY });
    const kept = client.getQueryData<T>(["typed", name]);
    if (kept) form.reset({ ...kept, ...except }, { keepDefaultValues: true });
    const watching = form.watch((values) => client.setQueryData(["typed", name], values));
    return () => watching.unsubscribe();
    // What the address asks for counts once, when the screen opens.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [client, form, name]);
  return () => client.removeQueries({ queryKey: ["typed", name] });
}
