import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";

/** Who may be told what, as one sentence that can be read out. */
export function useSentence(): (agency_ids: readonly string[], classes: readonly string[], sections: readonly Schemas["Section"][]) => string {
  const { name } = useAgencies();
  const { label } = useLabels();
  return (agency_ids, classes, sections) => {
    const who = [...agency_ids.map(name), ...classes.map((code) => label("agency_class", code))].join("、");
    const what = sections.map((code) => label("section", code)).join("、");
    return t.consent.sentence(who || t.consent.nobody, what || t.consent.nobody);
  };
}
