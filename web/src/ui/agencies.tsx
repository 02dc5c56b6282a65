import { useState } from "react";
import { useController } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { UNTOUCHED } from "./field";
import { isNamed } from "./kana";
import { today } from "./wareki";

const a = t.agencies;
/** The most agencies that are shown at once. */
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

/**
 * Picks agencies that may be told something. What is picked stands on top and is removed there. Below are the best matches, then the others by
 * class; what is beyond a dozen is found by its name. The list does not move under the hand: a tick stays where it is.
 */
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
  /** Agencies with a greater rank come earlier; those above 0 come first. */
  rank: (agency: Schemas["AgencyResponse"]) => number;
  note?: (agency: Schemas["AgencyResponse"]) => string | undefined;
}) {
  const recipients = useRecipients();
  const { name: nameOf } = useAgencies();
  const { list } = useLabels();
  const [sought, setSought] = useState("");
  const { field, fieldState } = useController({ name });
  const chosen = (field.value as string[] | undefined) ?? [];
  const classes = list("agency_class");
  const place = (agency: Schemas["AgencyResponse"]): number => classes.findIndex(({ code }) => code === agency.class);
  const there = recipients.toSorted((a, b) => rank(b) - rank(a) || place(a) - place(b));
  const searched = sought.trim() !== "";
  const hits = searched ? there.filter((agency) => isNamed(agency, sought)) : there;
  const shown = hits.slice(0, FEW);
  const groups = [
    { code: "fitting", label: a.fitting, agencies: shown.filter((agency) => rank(agency) > 0) },
    ...classes.map((one) => ({ ...one, agencies: shown.filter((agency) => agency.class === one.code && rank(agency) <= 0) })),
  ].filter(({ agencies }) => agencies.length > 0);
  const searches = there.length > FEW;
  const error = fieldState.error?.message;
  const described = [help && `${name}-help`, error && `${name}-error`].filter(Boolean).join(" ") || undefined;
  const change = (id: string, is: boolean): void => field.onChange(is ? [...chosen, id] : chosen.filter((one) => one !== id));
  return (
    <fieldset className="field agencies" aria-describedby={described}>
      <legend>
        {label} <span className={required ? "need must" : "need"}>{required ? t.required : t.optional}</span>
      </legend>
      {help && (
        <p className="help" id={`${name}-help`}>
          {help}
        </p>
      )}
      <ul className="picked" aria-label={a.picked}>
        {chosen.length === 0 && <li className="help">{a.nobody}</li>}
        {chosen.map((id) => (
          <li key={id}>
            <button
              type="button"
              className="chip"
              onClick={() => {
                change(id, false);
                // The button is gone: the focus goes on to the first field of the list.
                document.getElementById(name)?.focus();
              }}
            >
              {nameOf(id)}
              <span className="unseen">{a.remove}</span>
              <span aria-hidden="true">×</span>
            </button>
          </li>
        ))}
      </ul>
      {searches && (
        <div className="seek">
          <div className="field half">
            <label htmlFor={name}>{a.find}</label>
            <input
              id={name}
              type="search"
              autoComplete="off"
              {...UNTOUCHED}
              value={sought}
              onChange={(event) => setSought(event.target.value)}
              onKeyDown={(event) => {
                // Enter ends a word here; it sends no form.
                if (event.key === "Enter") event.preventDefault();
              }}
            />
          </div>
          <p className="help" role="status">
            {hits.length > FEW ? (searched ? a.leftFound : a.left)(hits.length - FEW) : searched && (hits.length > 0 ? a.found(hits.length) : a.notFound)}
          </p>
        </div>
      )}
      {groups.map(({ code, label: kind, agencies }, index) => (
        <div key={code} className="kind" role="group" aria-labelledby={`${name}-${code}`}>
          <span className="kind-name" id={`${name}-${code}`}>
            {kind}
          </span>
          <div className="choices">
            {agencies.map((agency, nth) => {
              const said = [agency.mail_failed_at && t.office.agencies.mailFailed, note?.(agency)].filter(Boolean).join(" ");
              return (
                <label key={agency.id} className="choice">
                  <input
                    type="checkbox"
                    id={!searches && index + nth === 0 ? name : undefined}
                    checked={chosen.includes(agency.id)}
                    onChange={(event) => change(agency.id, event.target.checked)}
                    onBlur={field.onBlur}
                  />
                  <span>
                    {agency.name}
                    {said && <small>{said}</small>}
                  </span>
                </label>
              );
            })}
          </div>
        </div>
      ))}
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
