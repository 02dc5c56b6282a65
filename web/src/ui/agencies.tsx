import { useState } from "react";
import { useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { ChoiceField } from "./field";
import { isNamed } from "./kana";
import { today } from "./wareki";

/** So many are shown before a name is sought. */
const FEW = 12;

/** Ticks for agencies that may be told something: the most fitting first, the others found by name. */
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
  /** The greater, the earlier. */
  rank: (agency: Schemas["AgencyResponse"]) => number;
  note?: (agency: Schemas["AgencyResponse"]) => string | undefined;
}) {
  const { all } = useAgencies();
  const { label: labelOf } = useLabels();
  const { post } = useSession();
  const [sought, setSought] = useState("");
  const chosen = (useWatch({ name }) as string[] | undefined) ?? [];
  const now = today();
  const there = all
    .filter(({ id, active_until }) => id !== post.agency_id && (!active_until || active_until >= now))
    .toSorted((a, b) => rank(b) - rank(a));
  const hit = (agency: Schemas["AgencyResponse"], index: number): boolean =>
    sought.trim() ? isNamed(agency, sought) : index < FEW;
  const options = there
    .filter((agency, index) => chosen.includes(agency.id) || hit(agency, index))
    .map((agency) => ({
      code: agency.id,
      label: agency.name,
      note: [labelOf("agency_class", agency.class), note?.(agency)].filter(Boolean).join(" "),
    }));
  return (
    <>
      {there.length > FEW && (
        <div className="field half">
          <label htmlFor={`${name}-sought`}>{t.relay.find}</label>
          <input id={`${name}-sought`} type="search" value={sought} onChange={(event) => setSought(event.target.value)} />
        </div>
      )}
      <ChoiceField name={name} label={label} help={help} required={required} many options={options} />
    </>
  );
}
