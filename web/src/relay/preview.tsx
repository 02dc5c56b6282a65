import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { ContentView, Facts } from "../ui/content";
import type { Plan } from "./plan";

type Section = Schemas["Section"];
type Clause = Schemas["Clause"];

/** The preview of one plan: what its recipient would see, or why not. */
export interface Seen {
  plan: Plan;
  preview: Schemas["PreviewResponse"];
}

/** Failed clauses that a wider or newer consent would mend. */
const BY_CONSENT: readonly Clause[] = [
  "no_consent", "refused", "pending", "withdrawn", "superseded", "expired", "not_yet_effective", "identity_unchecked",
  "recipient_not_covered", "section_not_covered", "purpose_differs", "onward_not_allowed",
];
/** Failed clauses that only another recipient would mend. */
const BY_RECIPIENT: readonly Clause[] = ["recipient_not_covered", "recipient_excluded", "recipient_inactive", "agreement_missing", "own_agency"];

/** Failed clauses that say that the person has not agreed: where a law allows it, an exception makes it possible. */
const BY_EXCEPTION: readonly Clause[] = ["no_consent", "refused", "pending", "withdrawn", "expired", "recipient_not_covered", "recipient_excluded", "section_not_covered"];

/** The recipients that would see the same, together; each refusal by itself, and first, for it is to be mended. */
function grouped(seen: readonly Seen[]): Seen[][] {
  const groups = new Map<string, Seen[]>();
  for (const one of seen) {
    const { allowed, disclosure, warnings, missing, household_left_out } = one.preview;
    const same = JSON.stringify(allowed ? [disclosure, warnings, missing, household_left_out] : one.plan.to_agency_id);
    groups.set(same, [...(groups.get(same) ?? []), one]);
  }
  return [...groups.values()].toSorted((a, b) => Number(a[0]?.preview.allowed) - Number(b[0]?.preview.allowed));
}

/** Shows what each recipient will see, the same once for all who see it, and each failed clause in the service's words, with the button that mends it. */
export function Previews({
  sheet_id,
  seen,
  told = [],
  refused = t.relay.refused,
  consent,
  focus = true,
  drop,
  keep,
}: {
  sheet_id: string;
  seen: readonly Seen[];
  /** The sections that are told already, for which no exception is needed. */
  told?: readonly Section[];
  /** The heading above a refusal. */
  refused?: (agency: string) => string;
  consent: Schemas["ConsentResponse"] | undefined;
  /** Whether the first heading takes the focus. */
  focus?: boolean;
  /** Leaves a recipient out. It is missing for a relay that was sent, which has only one. */
  drop?: (agency: string) => void;
  /** Keeps only these sections of a plan. */
  keep: (plan: Plan, sections: Section[]) => void;
}) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focus) heading.current?.focus();
    // Only what is new takes it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);
  const agencies = [...new Set([...(consent?.recipients.agency_ids ?? []), ...seen.map(({ plan }) => plan.to_agency_id)])];
  const wanted = [...new Set([...(consent?.sections ?? []), ...seen.flatMap(({ plan }) => plan.sections)])];
  const wider = `/sheets/${sheet_id}/consent?agencies=${agencies.join(",")}&sections=${wanted.join(",")}`;
  const names = (group: readonly Seen[]): string => group.map((one) => name(one.plan.to_agency_id)).join("、");
  const shown = grouped(seen).flatMap((group) => (group[0] ? [{ ...group[0], group }] : []));
  return (
    <div className="beside">
      {shown.map(({ plan, preview, group }, index) => (
        <section key={plan.to_agency_id} className={preview.allowed ? "preview" : "preview refused"}>
          <h2 tabIndex={-1} ref={index === 0 ? heading : undefined}>
            {preview.allowed ? t.relay.previewTitle(names(group)) : refused(name(plan.to_agency_id))}
          </h2>
          {preview.refusals.length > 0 && (
            <ul className="refusals">
              {preview.refusals.map(({ clause, detail }) => (
                <li key={clause}>
                  <p>{detail}</p>
                  <div className="actions">
                    {BY_CONSENT.includes(clause) && (
                      <Link href={wider} className="button">
                        {t.relay.mend.consent}
                      </Link>
                    )}
                    {BY_EXCEPTION.includes(clause) && (
                      <Link href={`/sheets/${sheet_id}/exception?to=${plan.to_agency_id}&sections=${plan.sections.filter((one) => !told.includes(one)).join(",")}`} className="button">
                        {t.exception.ask}
                      </Link>
                    )}
                    {drop && BY_RECIPIENT.includes(clause) && (
                      <button type="button" onClick={() => drop(plan.to_agency_id)}>
                        {t.relay.mend.drop}
                      </button>
                    )}
                    {clause === "section_not_covered" && (
                      <button type="button" onClick={() => keep(plan, plan.sections.filter((one) => consent?.sections.includes(one)))}>
                        {t.relay.mend.sections}
                      </button>
                    )}
                    {clause === "address_secret" && (
                      <button type="button" onClick={() => keep(plan, plan.sections.filter((one) => one !== "address"))}>
                        {t.relay.mend.address}
                      </button>
                    )}
                    {clause === "address_secret" && (
                      <Link href={`/sheets/${sheet_id}?tab=address&to=${plan.to_agency_id}`} className="button">
                        {t.relay.mend.release}
                      </Link>
                    )}
                    {clause === "witness_missing" && consent && (
                      <Link href={`/consents/${consent.id}`} className="button">
                        {t.relay.mend.witness}
                      </Link>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )}
          {preview.warnings.length > 0 && (
            <div className="notice bad" role="note">
              <strong>{t.sheet.view.warnings}</strong>
              <ul>
                {preview.warnings.map(({ code, detail }) => (
                  <li key={code}>{detail}</li>
                ))}
              </ul>
            </div>
          )}
          {preview.missing.length > 0 && (
            <div className="notice bad">
              <strong>{t.relay.missing}</strong>
              <ul>
                {preview.missing.map(({ pointer, detail }) => (
                  <li key={pointer}>
                    {t.sheet.fields[pointer.slice(1).replaceAll("/", ".")] ?? ""} {detail}
                  </li>
                ))}
              </ul>
              <Link href={`/sheets/edit/${sheet_id}`} className="button">
                {t.relay.mend.edit}
              </Link>
            </div>
          )}
          {preview.disclosure && preview.household_left_out.length > 0 && (
            <div className="notice" role="note">
              <strong>{t.relay.members.leftOut}</strong>
              <ul>
                {preview.household_left_out.map(({ index: place, relation, name: who, own_consent }) => (
                  <li key={place}>
                    {[relation, who].filter(Boolean).join(" ")} ({label("own_consent", own_consent)})
                  </li>
                ))}
              </ul>
            </div>
          )}
          {preview.disclosure && (
            <>
              <p className="help">{t.relay.previewHelp}</p>
              <Facts facts={requests(group, name)} />
              <ContentView content={preview.disclosure} of={shown.length > 1 ? names(group) : undefined} />
            </>
          )}
        </section>
      ))}
    </div>
  );
}

/** What each recipient is asked for: once, if all are asked for the same. */
function requests(group: readonly Seen[], name: (id: string) => string): [string, string][] {
  const asked = [...new Set(group.map(({ plan }) => plan.request))];
  const of = (request: string): string => group.filter(({ plan }) => plan.request === request).map(({ plan }) => name(plan.to_agency_id)).join("、");
  return asked.map((request) => [asked.length > 1 ? t.relay.own.request(of(request)) : t.relay.request, request]);
}
