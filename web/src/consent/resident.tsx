import type { ReactNode } from "react";
import { t } from "../texts";
import { Dialog } from "../ui/dialog";
import { type Notice, Told, type Variant } from "./notice";
import { type Drawn, SignatureField } from "./signature";

const r = t.consent.resident;

/** The whole screen for the resident, who reads it and signs on it: the text, what was decided, and nothing else of the sheet. */
export function Resident({
  notice,
  variant,
  children,
  signs,
  kept,
  keep,
  close,
}: {
  notice: Notice;
  variant: Variant;
  /** What was decided so far. */
  children?: ReactNode;
  signs: boolean;
  kept: Drawn | undefined;
  keep: (drawn: Drawn | undefined) => void;
  close: () => void;
}) {
  return (
    <Dialog title={r.title} close={close} full>
      <Told notice={notice} variant={variant} />
      {children}
      {signs && <SignatureField kept={kept} keep={keep} />}
      <div className="actions">
        <button type="button" className="primary" onClick={close}>
          {r.back}
        </button>
      </div>
    </Dialog>
  );
}
