import type { ReactNode } from "react";
import { t } from "../texts";

/** Something went wrong or must be known: said at once by a screen reader. */
export function Alert({ children }: { children: ReactNode }) {
  return (
    <div role="alert" className="notice bad">
      <strong>{t.attention}</strong>
      <div>{children}</div>
    </div>
  );
}
