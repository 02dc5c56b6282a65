import { t } from "../texts";

/** What is asked for is on its way. */
export function Loading() {
  return (
    <p className="loading" role="status">
      {t.loading}
    </p>
  );
}
