import { useFormContext, useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { useAgencies } from "../api/queries";
import { t } from "../texts";
import { ChoiceField, TextField } from "../ui/field";
import { Members, type unconsented } from "./members";
import type { RelayForm } from "./plan";

const o = t.relay.own;

/** Lets each of several recipients have sections and a request of its own. What is written for all is where they begin. */
export function OwnOnes({ sections, members }: { sections: readonly (Schemas["Code"] & { note?: string })[]; members: ReturnType<typeof unconsented> }) {
  const { name } = useAgencies();
  const { setValue } = useFormContext<RelayForm>();
  const values = useWatch<RelayForm>() as RelayForm;
  // The last one that is left of several keeps what is its own.
  if (values.to.length < 2 && !values.to.some((id) => values.own[id])) return null;
  return (
    <fieldset className="field" aria-describedby="own-help">
      <legend>{o.title}</legend>
      <p className="help" id="own-help">
        {o.help}
      </p>
      <div className="choices">
        {values.to.map((id) => (
          <label key={id} className="choice">
            <input
              type="checkbox"
              checked={Boolean(values.own[id])}
              onChange={() => setValue(`own.${id}`, values.own[id] ? null : { sections: values.sections, request: values.request, members: values.members })}
            />
            <span>{o.tick(name(id))}</span>
          </label>
        ))}
      </div>
      <div className="beside">
        {values.to.map((id) => {
          const own = values.own[id];
          return (
            own && (
              <div key={id} className="card">
                <ChoiceField name={`own.${id}.sections`} label={o.sections(name(id))} required many options={sections} />
                <Members members={own.sections.includes("household") ? members : []} at={`own.${id}.`} />
                <TextField name={`own.${id}.request`} label={o.request(name(id))} required rows={3} />
              </div>
            )
          );
        })}
      </div>
    </fieldset>
  );
}
