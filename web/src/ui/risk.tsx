import { useLabels } from "../api/queries";
import { t } from "../texts";

/** At the top of the screens of a sheet: the risks that the reader may know, in words, with a sign. */
export function RiskBadge({ flags }: { flags: readonly string[] | null | undefined }) {
  const { label } = useLabels();
  if (!flags?.length) return null;
  return (
    <p className="risks">
      <span aria-hidden="true">⚠</span> {t.sheet.risk.badge(flags.map((flag) => label("risk", flag)).join("、"))}
    </p>
  );
}
