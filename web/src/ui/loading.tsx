import { t } from "../texts";

/** Says that the answer is on its way. */
export function Loading() {
  return (
    <p className="loading" role="status">
      {t.loading}
    </p>
  );
}
