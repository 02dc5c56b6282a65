import type { ReactNode } from "react";
import { t } from "../texts";
import { Dialog } from "./dialog";

/** A secret that nobody can see again, to be printed or written down. */
export function ShownOnce({ title, help, close, children }: { title: string; help: string; close: () => void; children: ReactNode }) {
  return (
    <Dialog title={title} close={close}>
      <p>{help}</p>
      {children}
      <div className="actions">
        <button type="button" onClick={() => window.print()}>
          {t.print}
        </button>
        <button type="button" className="primary" onClick={close}>
          {t.close}
        </button>
      </div>
    </Dialog>
  );
}
