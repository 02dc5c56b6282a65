import { useSearchParams } from "wouter";

/** A choice that stands in the address, so that Back finds it again: only codes and the id of a colleague, never anything about the person of a sheet. */
export function useAsked(name: string): [asked: string, ask: (value: string) => void] {
  const [all, change] = useSearchParams();
  const asked = all.get(name) ?? "";
  const ask = (value: string): void => {
    if (value === asked) return;
    const next = new URLSearchParams(all);
    if (value) next.set(name, value);
    else next.delete(name);
    change(next, { replace: true });
  };
  return [asked, ask];
}
