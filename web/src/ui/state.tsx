import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";

/** A state in words, with a colour that only underlines them. */
export function State({ list, code }: { list: "sheet_state" | "relay_state" | "consent_state" | "exception_state" | "urgency"; code: string | null | undefined }) {
  const { label } = useLabels();
  return code ? <span className={`state ${code}`}>{label(list, code)}</span> : null;
}

/** Says, on every view of it, that something was told without consent, and on which legal basis. */
export function WithoutConsent({ of }: { of: Schemas["WithoutConsent"] | null | undefined }) {
  const { label } = useLabels();
  if (!of) return null;
  return (
    <p className="notice bad" role="note">
      <strong>{t.exception.banner(of.codes.map((code) => label("exception_code", code)).join("、"))}</strong>
    </p>
  );
}
