import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useFieldArray } from "react-hook-form";
import { api, call, once, type Schemas } from "../api/client";
import { notices, useLabels } from "../api/queries";
import { keyOf, Told, useVariantName } from "../consent/notice";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed, given } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { day, today } from "../ui/wareki";

const n = t.office.notices;

/** The versions of the text that is shown to the resident. */
export default function Notices() {
  const found = useQuery(notices);
  const client = useQueryClient();
  const nameOf = useVariantName();
  return (
    <>
      <Title name={n.title}>
        <Deed<Schemas["NoticeRequest"]>
          primary
          open={n.add}
          title={n.add}
          go={t.save}
          done={n.saved}
          defaults={{ title: "", body: "", in_force_from: today(), purpose: "", variants: [] }}
          act={async (body) => {
            await call(api.POST("/api/v1/notices", { params: { header: once() }, body: given(body) }));
            await client.invalidateQueries({ queryKey: ["notices"] });
          }}
        >
          <TextField name="title" label={n.name} required />
          <TextField name="body" label={n.body} rows={10} required />
          <TextField name="purpose" label={n.purpose} help={n.purposeHelp} rows={2} />
          <DateField name="in_force_from" label={n.from} required />
          <Variants />
        </Deed>
      </Title>
      <p>{n.help}</p>
      <Loaded of={found}>
        {({ items }) =>
          items.map((notice) => (
            <section key={notice.id} className="card">
              <h2>
                {n.version(notice.version)} {notice.title}
              </h2>
              <p>{t.consent.noticeFrom(day(notice.in_force_from))}</p>
              <p className="lines">{notice.body}</p>
              {notice.variants.filter(({ kind }) => kind !== "standard").map((variant) => (
                <details key={keyOf(variant)}>
                  <summary>{nameOf(variant)}</summary>
                  <div className="inside">
                    <Told notice={notice} variant={variant} />
                  </div>
                </details>
              ))}
            </section>
          ))
        }
      </Loaded>
    </>
  );
}

/** Variants of the same text for people who read another language or script better. */
function Variants() {
  const { list } = useLabels();
  const variants = useFieldArray<{ variants: Schemas["VariantRequest"][] }, "variants">({ name: "variants" });
  return (
    <>
      {variants.fields.map((row, index) => (
        <fieldset key={row.id} className="nested">
          <legend>{n.variant(index + 1)}</legend>
          <div className="row">
            <SelectField name={`variants.${index}.kind`} label={n.kind} required options={list("notice_variant").filter(({ code }) => code !== "standard")} />
            <TextField name={`variants.${index}.language`} label={n.language} help={n.languageHelp} required size="short" />
          </div>
          <TextField name={`variants.${index}.title`} label={n.name} required />
          <TextField name={`variants.${index}.body`} label={n.body} help={n.furiganaHelp} rows={8} required />
          <button type="button" className="quiet" onClick={() => variants.remove(index)}>
            {n.remove(index + 1)}
          </button>
        </fieldset>
      ))}
      <button type="button" onClick={() => variants.append({ kind: "plain", language: "ja", title: "", body: "" })}>
        {n.addVariant}
      </button>
    </>
  );
}
