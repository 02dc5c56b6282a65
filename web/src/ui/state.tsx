import { useLabels } from "../api/queries";

/** A state in words, with a colour that only underlines them. */
export function State({ list, code }: { list: "sheet_state" | "relay_state" | "consent_state" | "urgency"; code: string | null | undefined }) {
  const { label } = useLabels();
  return code ? <span className={`state ${code}`}>{label(list, code)}</span> : null;
}
