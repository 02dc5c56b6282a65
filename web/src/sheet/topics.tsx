import { type KeyboardEvent, useState } from "react";
import { useFormContext, useWatch } from "react-hook-form";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { Legend, TextField } from "../ui/field";
import { today } from "../ui/wareki";
import { name, textName } from "./named";
import type { SheetForm } from "./shape";

/** How far each key moves the focus among the topics. */
const STEPS: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/** The topics, each with its mark for the main one. All ticks are one stop of the Tab key, and the arrow keys go from one to the next. */
export function Topics() {
  const { list } = useLabels();
  const { register, setValue, getValues, formState } = useFormContext<SheetForm>();
  const [codes, main] = useWatch<SheetForm, ["content.topics.codes", "content.topics.main"]>({ name: ["content.topics.codes", "content.topics.main"] });
  const [stop, setStop] = useState(0);
  const chosen = codes ?? [];
  const error = formState.errors.content?.topics?.codes?.message;
  const move = (event: KeyboardEvent<HTMLInputElement>): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const ticks = [...(event.currentTarget.closest("fieldset")?.querySelectorAll<HTMLInputElement>("input[type=checkbox]") ?? [])];
    ticks[Math.min(Math.max(ticks.indexOf(event.currentTarget) + step, 0), ticks.length - 1)]?.focus();
  };
  return (
    <>
      <fieldset className="field" aria-describedby={error ? "topics-help content.topics.codes-error" : "topics-help"}>
        <Legend label={name("content.topics.codes").label} required />
        <p className="help" id="topics-help">
          {t.sheet.help.topics}
        </p>
        <div className="topics">
          {list("topics").map(({ code, label }, index) => (
            <div key={code} className="topic">
              <label className="choice">
                <input
                  type="checkbox"
                  value={code}
                  id={index === 0 ? "content.topics.codes" : undefined}
                  tabIndex={index === stop ? 0 : -1}
                  onFocus={() => setStop(index)}
                  onKeyDown={move}
                  {...register("content.topics.codes", {
                    onChange: (event: { target: { checked: boolean } }) => {
                      if (!event.target.checked && getValues("content.topics.main") === code) {
                        setValue("content.topics.main", "", { shouldDirty: true });
                      }
                    },
                  })}
                />
                <span>{label}</span>
              </label>
              <label className="main">
                <input
                  type="radio"
                  value={code}
                  aria-label={t.sheet.mainOf(label)}
                  // Between other controls, each radio of a group without a choice would be a stop.
                  tabIndex={main ? (main === code ? 0 : -1) : index === stop ? 0 : -1}
                  {...register("content.topics.main", {
                    onChange: () => {
                      const now = getValues("content.topics.codes") ?? [];
                      const most = getValues("content.topics.main") ?? "";
                      // The main topic must be among those that apply.
                      if (most && !now.includes(most)) setValue("content.topics.codes", [...now, most], { shouldDirty: true });
                    },
                  })}
                />
                <span aria-hidden="true">◎</span>
              </label>
            </div>
          ))}
        </div>
        {error && (
          <p className="error" id="content.topics.codes-error">
            {error}
          </p>
        )}
      </fieldset>
      {chosen.includes("99") && <TextField {...textName("content.topics.other")} />}
      <Suggestion topics={chosen} />
    </>
  );
}

/** The agencies that handle the chosen topics. */
function Suggestion({ topics }: { topics: readonly string[] }) {
  const { all } = useAgencies();
  const { label } = useLabels();
  const now = today();
  const fitting = all
    .map((agency) => ({ agency, hits: agency.topics.filter((code) => topics.includes(code)) }))
    .filter(({ agency, hits }) => hits.length > 0 && agency.active_from <= now && (!agency.active_until || agency.active_until >= now))
    .toSorted((a, b) => b.hits.length - a.hits.length)
    .slice(0, 5);
  if (fitting.length === 0) return null;
  return (
    <aside className="notice" aria-label={t.sheet.suggestion.title}>
      <strong>{t.sheet.suggestion.title}</strong>
      <ul>
        {fitting.map(({ agency, hits }) => (
          <li key={agency.id}>
            {agency.name} <small>{t.sheet.suggestion.topics(hits.map((code) => label("topics", code)).join("、"))}</small>
          </li>
        ))}
      </ul>
    </aside>
  );
}
