import type { ReactNode } from "react";
import { t } from "../texts";

/** Something that went wrong or must be known, which a screen reader says at once. */
export function Alert({ children }: { children: ReactNode }) {
  return (
    <div role="alert" className="notice bad">
      <strong>{t.attention}</strong>
      <div>{children}</div>
    </div>
  );
}
