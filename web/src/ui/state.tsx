import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";

/** The words for the states of a relay: the agency that receives it has some of its own. */
export function useRelayWords(receives: boolean): (code: string) => string {
  const { label } = useLabels();
  return (code) => (receives && t.relay.toReceiver[code]) || label("relay_state", code);
}

/** The state of a relay, in the words of its reader. */
export function RelayState({ code, receives }: { code: Schemas["RelayState"]; receives: boolean }) {
  const words = useRelayWords(receives);
  return <span className={`state ${code}`}>{words(code)}</span>;
}

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
