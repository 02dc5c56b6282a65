import { useLabels } from "../api/queries";
import { t } from "../texts";
import { birth, instant, isDate } from "../ui/wareki";
import { plain } from "./named";
import { instantOf } from "./shape";

/** Which code table a field of the form holds codes of. */
const LISTS: Record<string, string> = {
  channel: "channel",
  route: "route",
  urgency: "urgency",
  address_secret: "address_secret",
  "content.identity.sex": "sex",
  "content.identity.identity_level": "identity_level",
  "content.identity.birth_precision": "birth_precision",
  "content.contact.phones.kind": "phone_kind",
  "content.household.own_consent": "own_consent",
  "content.topics.codes": "topics",
  "content.topics.main": "topics",
  "content.risk.flags": "risk",
  "content.arrears.kinds": "arrears",
};

/** Label of a path of the form. */
export function labelOf(path: string): string {
  return t.sheet.fields[plain(path)] ?? path;
}

/** The value of a form's field, as people read it. */
export function useShown(): (path: string, value: unknown) => string {
  const { label } = useLabels();
  const shown = (path: string, value: unknown): string => {
    if (value === undefined || value === null || value === "") return t.sheet.merge.empty;
    const at = plain(path);
    if (/\.safe_to_\w+$/.test(at)) return value === "yes" || value === true ? t.safe : t.unsafe;
    if (typeof value === "boolean") return value ? t.yes : t.no;
    if (Array.isArray(value)) return value.map((one) => shown(path, one)).join("、");
    if (typeof value === "object") {
      const held = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null && inner !== "");
      return held.map(([key, inner]) => `${labelOf(`${path}.${key}`)}: ${shown(`${path}.${key}`, inner)}`).join(" ");
    }
    const list = LISTS[at];
    if (list) return label(list, String(value));
    if (at === "received_at") return instant(String(value).length > 16 ? String(value) : instantOf(String(value)));
    if (at === "came") return value === "self" ? t.sheet.himself : t.sheet.other;
    return at.endsWith("birth_date") && isDate(String(value)) ? birth(String(value)) : String(value);
  };
  return shown;
}
