import { useState } from "react";
import { useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { ChoiceField, UNTOUCHED } from "./field";
import { isNamed } from "./kana";
import { today } from "./wareki";

/** The number of agencies that are shown before a name is searched for. */
const FEW = 12;

/**
 * The agencies that may be told something: all others that are active today. A department of the municipality that handles no topic sees no
 * residents, except for the hub; for outside agencies it is not always known what they handle.
 */
export function useRecipients(): Schemas["AgencyResponse"][] {
  const { all } = useAgencies();
  const { post } = useSession();
  const now = today();
  return all.filter(
    (agency) =>
      agency.id !== post.agency_id &&
      agency.confirmed &&
      agency.active_from <= now &&
      (!agency.active_until || agency.active_until >= now) &&
      (agency.class !== "ward" || agency.hub || agency.topics.length > 0),
  );
}

/** Ticks for agencies that may be told something: the best matches first, the others by a search for the name. */
export function AgencyChoice({
  name,
  label,
  help,
  required = false,
  rank,
  note,
}: {
  name: string;
  label: string;
  help?: string;
  required?: boolean;
  /** Agencies with a greater rank come earlier. */
  rank: (agency: Schemas["AgencyResponse"]) => number;
  note?: (agency: Schemas["AgencyResponse"]) => string | undefined;
}) {
  const recipients = useRecipients();
  const { label: labelOf } = useLabels();
  const [sought, setSought] = useState("");
  const chosen = (useWatch({ name }) as string[] | undefined) ?? [];
  const there = recipients.toSorted((a, b) => rank(b) - rank(a));
  const hit = (agency: Schemas["AgencyResponse"], index: number): boolean =>
    sought.trim() ? isNamed(agency, sought) : index < FEW;
  const options = there
    .filter((agency, index) => chosen.includes(agency.id) || hit(agency, index))
    .map((agency) => ({
      code: agency.id,
      label: agency.name,
      note: [labelOf("agency_class", agency.class), agency.mail_failed_at && t.office.agencies.mailFailed, note?.(agency)].filter(Boolean).join(" "),
    }));
  return (
    <>
      {there.length > FEW && (
        <div className="field half">
          <label htmlFor={`${name}-sought`}>{t.relay.find}</label>
          <input id={`${name}-sought`} type="search" {...UNTOUCHED} value={sought} onChange={(event) => setSought(event.target.value)} />
        </div>
      )}
      <ChoiceField name={name} label={label} help={help} required={required} many options={options} />
    </>
  );
}
