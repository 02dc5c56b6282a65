import { useFormContext, useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { TextField } from "../ui/field";

const m = t.relay.members;

/** The members that a relay tells of without their consent, by index in the household. `who` keeps a tick with its person when the list changes. */
export type Chosen = Record<string, { who: string; reason: string } | null>;

interface Member {
  index: number;
  who: string;
  own_consent: Schemas["OwnConsent"];
}

/** The members of a household who did not consent; nobody else can do so for them. */
export function unconsented(content: Schemas["Content"] | null | undefined): Member[] {
  const all = (content?.household ?? []).map(({ relation, name, own_consent }, index) => ({
    index,
    who: [relation, name].filter(Boolean).join(" "),
    own_consent: own_consent ?? "unknown",
  }));
  return all.filter(({ own_consent }) => own_consent === "none" || own_consent === "unknown");
}

/** The decisions, as they are sent. */
export function decisions(chosen: Chosen | undefined, members: readonly Member[]): { index: number; reason: string }[] {
  return members.flatMap(({ index, who }) => {
    const one = chosen?.[index];
    return one?.who === who ? [{ index, reason: one.reason }] : [];
  });
}

/** The decisions of a relay, as ticks. */
export function chosenOf(relay: Schemas["RelayResponse"], members: readonly Member[]): Chosen {
  const told = relay.household_members.map(({ index, reason }) => [index, { who: members.find((one) => one.index === index)?.who ?? "", reason }] as const);
  return Object.fromEntries(told);
}

/** The ticks without a reason. `at` is the place of the ticks in the form. */
export function unexplained(chosen: Chosen | undefined, members: readonly Member[], at = ""): { name: string; detail: string }[] {
  return decisions(chosen, members)
    .filter(({ reason }) => reason.trim() === "")
    .map(({ index }) => ({ name: `${at}members.${index}.reason`, detail: m.noReason }));
}

/** Lists each member who would be left out, with a tick and a reason for telling of that member all the same. */
export function Members({ members, at = "" }: { members: readonly Member[]; at?: string }) {
  const { setValue } = useFormContext();
  const { label } = useLabels();
  const name = `${at}members`;
  const chosen = useWatch({ name }) as Chosen | undefined;
  if (members.length === 0) return null;
  return (
    <fieldset className="field" aria-describedby={`${name}-help`}>
      <legend>{m.title}</legend>
      <p className="help" id={`${name}-help`}>
        {m.help}
      </p>
      {members.map(({ index, who, own_consent }) => {
        const told = chosen?.[index]?.who === who;
        return (
          <div key={`${index} ${who}`}>
            <label className="choice">
              <input
                type="checkbox"
                id={`${name}.${index}`}
                checked={told}
                onChange={() => setValue(`${name}.${index}`, told ? null : { who, reason: "" }, { shouldDirty: true })}
              />
              <span>
                {m.tell(who)}
                <small>{m.said(label("own_consent", own_consent))}</small>
              </span>
            </label>
            {told && <TextField name={`${name}.${index}.reason`} label={m.reason(who)} help={m.reasonHelp} required rows={2} limit={300} />}
          </div>
        );
      })}
    </fieldset>
  );
}
