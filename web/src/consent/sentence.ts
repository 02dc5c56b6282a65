import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";

/** One sentence that says who may be told what, and can be read out. */
export function useSentence(): (
  agency_ids: readonly string[],
  classes: readonly string[],
  sections: readonly Schemas["Section"][],
  /** Names an agency, where that is not today's name. */
  called?: (id: string) => string,
) => string {
  const { name } = useAgencies();
  const { label } = useLabels();
  return (agency_ids, classes, sections, called = name) => {
    const who = [...agency_ids.map((id) => called(id)), ...classes.map((code) => label("agency_class", code))].join("、");
    const what = sections.map((code) => label("section", code)).join("、");
    return t.consent.sentence(who || t.consent.nobody, what || t.consent.nobody);
  };
}

/** The names of a consent's agencies when it was given, each with today's name beside it if that differs. */
export function useThen(consent: Pick<Schemas["ConsentResponse"], "agency_names">): (id: string) => string {
  const { name } = useAgencies();
  return (id) => {
    const now = name(id);
    const then = consent.agency_names.find((one) => one.agency_id === id)?.name ?? now;
    return then === now || !now ? then : t.consent.renamed(then, now);
  };
}
