import type { Schemas } from "../api/client";
import { type Chosen, decisions, unconsented, unexplained } from "./members";

type Section = Schemas["Section"];

/** What is told and asked for: of all recipients, or of one that gets something of its own. */
export interface Told {
  sections: Section[];
  request: string;
  members?: Chosen;
}

/** The form of one act, which may send several relays. */
export interface RelayForm extends Told {
  to: string[];
  /** What differs, by agency. */
  own: Record<string, Told | null>;
  urgency: Schemas["Urgency"];
  handover: Schemas["Handover"];
  reply_due: string;
}

/** What one recipient will get. `at` is the place of its fields in the form. */
export interface Plan {
  to_agency_id: string;
  at: string;
  sections: Section[];
  request: string;
  household_members: Schemas["MemberChoiceRequest"][];
}

/** A plan for each recipient: its own one, or the one for all. */
export function plansOf(values: RelayForm, content: Schemas["Content"] | null | undefined): Plan[] {
  const plan = (to_agency_id: string): Plan => {
    const own = values.own[to_agency_id];
    const { sections, request, members } = own ?? values;
    const household = sections.includes("household") ? unconsented(content) : [];
    return { to_agency_id, at: own ? `own.${to_agency_id}.` : "", sections, request, household_members: decisions(members, household) };
  };
  return values.to.map(plan);
}

/** Whether a preview of one plan shows what the other one tells. The request may still be put into other words: the digest does not hold it. */
export function sameContent(one: Plan, other: Plan): boolean {
  const told = ({ to_agency_id, sections, household_members }: Plan): string => JSON.stringify([to_agency_id, sections, household_members]);
  return told(one) === told(other);
}

/** The reasons that are missing for members who are told of, each at its field. */
export function unexplainedIn(values: RelayForm, plans: readonly Plan[], content: Schemas["Content"] | null | undefined): { name: string; detail: string }[] {
  const places = new Map(plans.map((plan) => [plan.at, plan]));
  return [...places].flatMap(([at, { to_agency_id, sections }]) => {
    const { members } = (at && values.own[to_agency_id]) || values;
    return unexplained(members, sections.includes("household") ? unconsented(content) : [], at);
  });
}
