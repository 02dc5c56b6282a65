import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { ContentView } from "../ui/content";

type Section = Schemas["Section"];
type Clause = Schemas["Clause"];

/** The preview for one recipient: what it would see, or why not. */
export interface Seen {
  to_agency_id: string;
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

/** Shows for each recipient exactly what it will see, and each failed clause in the service's words, with the button that mends it. */
export function Previews({
  sheet_id,
  seen,
  sections,
  told = [],
  refused = t.relay.refused,
  consent,
  drop,
  keep,
}: {
  sheet_id: string;
  seen: readonly Seen[];
  sections: readonly Section[];
  /** The sections that are told already, for which no exception is needed. */
  told?: readonly Section[];
  /** The heading above a refusal. */
  refused?: (agency: string) => string;
  consent: Schemas["ConsentResponse"] | undefined;
  /** Leaves a recipient out. It is missing for a relay that was sent, which has only one. */
  drop?: (agency: string) => void;
  keep: (sections: Section[]) => void;
}) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const agencies = [...new Set([...(consent?.recipients.agency_ids ?? []), ...seen.map((one) => one.to_agency_id)])];
  const wider = `/sheets/${sheet_id}/consent?agencies=${agencies.join(",")}&sections=${[...new Set([...(consent?.sections ?? []), ...sections])].join(",")}`;
  return (
    <>
      {seen.map(({ to_agency_id, preview }, index) => (
        <section key={to_agency_id} className={preview.allowed ? "preview" : "preview refused"}>
          <h2 tabIndex={-1} ref={index === 0 ? heading : undefined}>
            {preview.allowed ? t.relay.previewTitle(name(to_agency_id)) : refused(name(to_agency_id))}
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
                      <Link href={`/sheets/${sheet_id}/exception?to=${to_agency_id}&sections=${sections.filter((one) => !told.includes(one)).join(",")}`} className="button">
                        {t.exception.ask}
                      </Link>
                    )}
                    {drop && BY_RECIPIENT.includes(clause) && (
                      <button type="button" onClick={() => drop(to_agency_id)}>
                        {t.relay.mend.drop}
                      </button>
                    )}
                    {clause === "section_not_covered" && (
                      <button type="button" onClick={() => keep(sections.filter((one) => consent?.sections.includes(one)))}>
                        {t.relay.mend.sections}
                      </button>
                    )}
                    {clause === "address_secret" && (
                      <button type="button" onClick={() => keep(sections.filter((one) => one !== "address"))}>
                        {t.relay.mend.address}
                      </button>
                    )}
                    {clause === "address_secret" && (
                      <Link href={`/sheets/${sheet_id}?tab=address&to=${to_agency_id}`} className="button">
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
              <ContentView content={preview.disclosure} />
            </>
          )}
        </section>
      ))}
    </>
  );
}
