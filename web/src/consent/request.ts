import type { Schemas } from "../api/client";
import { instantOf } from "../sheet/shape";
import type { Answers } from "./members";
import type { Variant } from "./notice";

/** What the form of a consent holds. */
export interface ConsentForm {
  decision: Schemas["Decision"];
  given_by: { kind: Schemas["GivenByKind"]; name: string; relation: string; authority_document: string; capacity_note: string; subject_intent: string };
  identity_check: Schemas["IdentityCheck"];
  method: Schemas["ConsentMethod"];
  proxy_writer: string;
  witness_staff_id: string;
  /** Kind and language of the text that was shown. */
  notice_variant: string;
  exclusion_note: string;
  representative_not_suspected: boolean;
  sections: Schemas["Section"][];
  /** What members of the household said. */
  members: Answers;
  recipients: { agency_ids: string[]; classes: Schemas["AgencyClass"][] };
  exclusions: string[];
  /** Why an agency that was excluded may be told now. */
  lift_reason: string;
  allow_onward: Schemas["AllowOnward"];
  allow_report_back: boolean;
  obtained_at: string;
  effective_until: string;
  follow_up_on: string;
}

/** Whether something may be told. Before the person has answered, the form asks for all of it. */
export function grants(decision: Schemas["Decision"]): boolean {
  return decision !== "refused" && decision !== "pending";
}

/** The request, without empty fields. `household_members` are those who were asked; `lifted` are agencies that were excluded before, and are no longer among the exclusions. */
export function requestOf(
  form: ConsentForm,
  notice_id: string | undefined,
  shown: Variant | undefined,
  household_members: Schemas["MemberRequest"][],
  lifted: readonly string[],
): Schemas["ConsentRequest"] {
  const optional = <T,>(value: T): T | undefined => (value === "" ? undefined : value);
  const agrees = grants(form.decision);
  const { kind, name, relation, authority_document, capacity_note, subject_intent } = form.given_by;
  return {
    decision: form.decision,
    given_by: {
      kind,
      name: optional(name),
      relation: optional(relation),
      authority_document: optional(authority_document),
      capacity_note: optional(capacity_note),
      subject_intent: optional(subject_intent) as Schemas["SubjectIntent"] | undefined,
    },
    identity_check: form.identity_check,
    method: form.method,
    proxy_writer: optional(form.proxy_writer),
    witness_staff_id: optional(form.witness_staff_id),
    notice_id,
    notice_variant: shown && { kind: shown.kind, language: shown.language },
    exclusion_note: optional(form.exclusion_note),
    representative_not_suspected: kind !== "self" && form.representative_not_suspected,
    purpose: "support_referral",
    sections: agrees ? form.sections : [],
    recipients: agrees ? form.recipients : { agency_ids: [], classes: [] },
    household_members,
    exclusions: form.exclusions,
    lifted_exclusions: lifted.map((agency_id) => ({ agency_id, reason: form.lift_reason })),
    allow_onward: form.allow_onward,
    allow_report_back: form.allow_report_back,
    obtained_at: instantOf(form.obtained_at),
    effective_until: agrees ? optional(form.effective_until) : undefined,
    follow_up_on: agrees ? undefined : optional(form.follow_up_on),
  };
}
