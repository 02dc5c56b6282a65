import { useFormContext, useWatch } from "react-hook-form";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { ChoiceField, Legend, TextField } from "../ui/field";
import { name, textName } from "./named";
import type { SheetForm } from "./shape";

/** Beside the urgency: what to do at once for each risk, and the question whether the urgency is still the usual one. */
function Now({ flags }: { flags: readonly string[] }) {
  const { label } = useLabels();
  const { setValue } = useFormContext<SheetForm>();
  const urgency = useWatch<SheetForm, "urgency">({ name: "urgency" });
  return (
    <div role="status">
      {flags.length > 0 && (
        <div className="notice bad">
          {urgency === "normal" && (
            <>
              <strong>{t.sheet.risk.ask}</strong>
              <div className="actions">
                <button
                  type="button"
                  onClick={() => {
                    setValue("urgency", "urgent", { shouldDirty: true });
                    document.getElementById("urgency")?.focus();
                  }}
                >
                  {t.sheet.risk.raise}
                </button>
              </div>
            </>
          )}
          <ul>
            {flags.map((flag) => (
              <li key={flag}>
                <strong>{label("risk", flag)}</strong>: {t.sheet.risk.now[flag] ?? t.sheet.risk.tell}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** What endangers the person, and how soon somebody must act. */
export function Risk() {
  const { list } = useLabels();
  const { register, setValue, formState } = useFormContext<SheetForm>();
  const [ticked, note] = useWatch<SheetForm, ["content.risk.flags", "content.risk.note"]>({ name: ["content.risk.flags", "content.risk.note"] });
  const error = formState.errors.content?.risk?.flags?.message;
  return (
    <>
      <fieldset className="field" aria-describedby={error ? "content.risk.flags-error" : undefined}>
        <Legend label={name("content.risk.flags").label} required />
        <div className="grid">
          <label className="choice">
            <input
              type="checkbox"
              id="content.risk.flags"
              {...register("no_risk", {
                onChange: (event: { target: { checked: boolean } }) => {
                  if (event.target.checked) setValue("content.risk.flags", [], { shouldDirty: true });
                },
              })}
            />
            <span>{t.sheet.noRisk}</span>
          </label>
          {list("risk").map(({ code, label }) => (
            <label key={code} className="choice">
              <input
                type="checkbox"
                value={code}
                {...register("content.risk.flags", {
                  onChange: (event: { target: { checked: boolean } }) => {
                    if (event.target.checked) setValue("no_risk", false, { shouldDirty: true });
                  },
                })}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
        {error && (
          <p className="error" id="content.risk.flags-error">
            {error}
          </p>
        )}
      </fieldset>
      <div className="columns">
        <div>
          <ChoiceField {...name("urgency")} options={list("urgency")} required />
          <Now flags={ticked ?? []} />
        </div>
        {(ticked?.length || note) && <TextField {...textName("content.risk.note")} rows={2} />}
      </div>
    </>
  );
}
