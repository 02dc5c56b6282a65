import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { day } from "../ui/wareki";
import { membersText } from "./members";
import { grants } from "./request";
import { useSentence } from "./sentence";

const r = t.consent.read;

/** What the person decided: as the form holds it, or as it was recorded. */
export type Decided = Pick<Schemas["ConsentResponse"], "decision" | "sections" | "recipients" | "exclusions" | "exclusion_note" | "allow_onward" | "allow_report_back" | "follow_up_on"> & {
  given_by: { kind: Schemas["GivenByKind"]; name?: string | null };
  /** Empty as long as the service's usual period holds. */
  effective_until: string;
};

/**
 * All that the person decided, in words that are read out: to whom what is told, until when, and what follows. What other members of the
 * household said is for the clerk: it stands neither on the resident's screen nor on the copy.
 */
export function Said({
  of,
  lifted = [],
  members = [],
  called,
}: {
  of: Decided;
  lifted?: readonly string[];
  members?: readonly Schemas["MemberRequest"][];
  called?: (id: string) => string;
}) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const sentence = useSentence();
  const agrees = grants(of.decision);
  const nameOf = called ?? name;
  const { given_by } = of;
  return (
    <div className="sentence">
      <p>
        {of.decision && <strong>{label("decision", of.decision)}</strong>}
        {of.decision && <br />}
        {agrees ? sentence(of.recipients.agency_ids, of.recipients.classes, of.sections, nameOf) : t.consent.withoutConsent}
      </p>
      <Facts
        facts={[
          [r.until, agrees && r.period(day(of.effective_until))],
          [r.onward, agrees && r.onwards[of.allow_onward]],
          [r.reportBack, agrees && (of.allow_report_back ? r.reportBackYes : r.reportBackNo)],
          [t.consent.members, agrees && membersText(members, label)],
          [r.exclusions, [...of.exclusions.map(nameOf), of.exclusion_note].filter(Boolean).join("、")],
          [r.lifted, lifted.map(nameOf).join("、")],
          [r.follow, !agrees && day(of.follow_up_on)],
          [t.consent.given_by, given_by.kind !== "self" && [label("given_by", given_by.kind), given_by.name].filter(Boolean).join(" ")],
        ]}
      />
    </div>
  );
}
