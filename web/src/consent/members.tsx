import { useFormContext, useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import type { ConsentForm } from "./request";

type Member = Schemas["MemberRequest"];

/** What members of the household said, by their place on the sheet. The name keeps an answer with its person when the list changes. */
export type Answers = Record<string, Member | undefined>;

/** The members who have a name, each with the answer of this form, or with what the sheet says. */
export function membersOf(content: Schemas["Content"] | null | undefined, answers: Answers | undefined): (Member & { place: number; relation: string })[] {
  return (content?.household ?? []).flatMap(({ name, relation, own_consent }, place) => {
    if (!name) return [];
    const answer = answers?.[place];
    return [{ place, name, relation: relation ?? "", own_consent: answer?.name === name ? answer.own_consent : (own_consent ?? "unknown") }];
  });
}

/** What each member said, in words. */
export function membersText(members: readonly Member[], label: (list: string, code: string) => string): string {
  return members.map(({ name, own_consent }) => `${name}: ${label("own_consent", own_consent)}`).join("、");
}

/** Asks for each member of the household whether that person agreed: nobody can agree for another. */
export function Members({ content }: { content: Schemas["Content"] | null | undefined }) {
  const { setValue } = useFormContext<ConsentForm>();
  const { list } = useLabels();
  const members = membersOf(content, useWatch<ConsentForm, "members">({ name: "members" }));
  if (members.length === 0) return null;
  return (
    <fieldset className="field" aria-describedby="members-help">
      <legend>{t.consent.members}</legend>
      <p className="help" id="members-help">
        {t.consent.membersHelp}
      </p>
      <div className="flow">
        {members.map(({ place, name, relation, own_consent }) => (
          <div key={`${place} ${name}`} className="field">
            <label htmlFor={`members.${place}`}>{[relation, name].filter(Boolean).join(" ")}</label>
            <select
              id={`members.${place}`}
              value={own_consent}
              onChange={(event) => setValue(`members.${place}`, { name, own_consent: event.target.value as Member["own_consent"] }, { shouldDirty: true })}
            >
              {list("own_consent").map(({ code, label }) => (
                <option key={code} value={code}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        ))}
      </div>
    </fieldset>
  );
}
