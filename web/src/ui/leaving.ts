import { useEffect } from "react";
import type { AroundNavHandler } from "wouter";
import { t } from "../texts";

/** What each open form answers when somebody wants to leave it. */
const asked = new Set<() => boolean>();

/**
 * Asks before something unsaved is left. `lost` says whether closing or reloading the page would lose it; `waits` whether another screen
 * may be opened only after a question, because nothing will save it meanwhile.
 */
export function useLeaving(lost: () => boolean, waits: () => boolean): void {
  useEffect(() => {
    const closing = (event: BeforeUnloadEvent): void => {
      if (lost()) event.preventDefault();
    };
    window.addEventListener("beforeunload", closing);
    asked.add(waits);
    return () => {
      window.removeEventListener("beforeunload", closing);
      asked.delete(waits);
    };
  }, [lost, waits]);
}

/** Every way from one screen to another passes here, except the browser's Back, after which the typed words are still in memory. */
export const leave: AroundNavHandler = (navigate, to, options) => {
  if ([...asked].some((waits) => waits()) && !window.confirm(t.leave)) return;
  navigate(to, options);
};
