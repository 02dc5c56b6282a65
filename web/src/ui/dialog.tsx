import { type ReactNode, useEffect, useId, useRef } from "react";

/** The browser's own modal dialog: it keeps the focus inside and gives it back. Without `close`, Escape does not leave it. `veil` hides the page; `full` is the whole screen, as somebody else reads it. */
export function Dialog({ title, close, veil = false, full = false, children }: { title: string; close?: () => void; veil?: boolean; full?: boolean; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    if (!shown?.open) shown?.showModal();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={veil ? "veil" : full ? "full" : undefined}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        close?.();
      }}
    >
      <h2 id={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}
