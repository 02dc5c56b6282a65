import type { ReactNode } from "react";
import { useFieldArray } from "react-hook-form";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { name, textName } from "./named";
import type { SheetForm } from "./shape";

/** The parts of the form that are folded until they are needed. */
export function More() {
  const { list } = useLabels();
  return (
    <section aria-labelledby="part-more">
      <h2 id="part-more" tabIndex={-1}>
        {t.sheet.more}
      </h2>
      <div className="folds">
        <Fold title={t.sheet.parts.household}>
          <Household />
        </Fold>
        <Fold title={t.sheet.parts.life}>
          <div className="row">
            {(["employment", "housing", "health_insurance", "pension", "public_assistance"] as const).map((key) => (
              <TextField key={key} {...textName(`content.life.${key}`)} size="half" />
            ))}
          </div>
          <TextField {...textName("content.life.note")} rows={3} />
        </Fold>
        <Fold title={t.sheet.parts.arrears}>
          <ChoiceField {...name("content.arrears.kinds")} options={list("arrears")} many />
          <TextField {...textName("content.arrears.note")} rows={3} />
        </Fold>
        <Fold title={t.sheet.parts.health}>
          <TextField {...textName("content.health.note")} rows={4} />
        </Fold>
        <Fold title={t.sheet.parts.opinion}>
          <TextField {...textName("content.opinion.text")} rows={4} help={t.sheet.help.opinion} />
        </Fold>
        <Fold title={t.sheet.parts.thirdParty}>
          <ThirdParty />
        </Fold>
      </div>
    </section>
  );
}

function Fold({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details>
      <summary>{title}</summary>
      <div className="inside">{children}</div>
    </details>
  );
}

function Household() {
  const { list } = useLabels();
  const members = useFieldArray<SheetForm, "content.household">({ name: "content.household" });
  return (
    <>
      {members.fields.map((row, index) => {
        const at = `content.household.${index}`;
        return (
          <fieldset key={row.id} className="nested">
            <legend>{t.sheet.member.title(index + 1)}</legend>
            <div className="row">
              <TextField {...textName(`${at}.relation`)} required size="half" />
              <TextField {...textName(`${at}.name`)} size="half" />
            </div>
            <DateField {...name(`${at}.birth_date`)} birth />
            <CheckField {...name(`${at}.lives_together`)} />
            <SelectField {...name(`${at}.own_consent`)} options={list("own_consent")} none={null} help={t.sheet.help.ownConsent} />
            <TextField {...textName(`${at}.note`)} rows={2} />
            <button type="button" className="quiet" onClick={() => members.remove(index)}>
              {t.sheet.member.remove(index + 1)}
            </button>
          </fieldset>
        );
      })}
      {members.fields.length < 20 && (
        <button type="button" onClick={() => members.append({ relation: "", name: "", note: "", lives_together: true, own_consent: "unknown" })}>
          {t.sheet.member.add}
        </button>
      )}
    </>
  );
}

function ThirdParty() {
  const told = useFieldArray<SheetForm, "content.third_party">({ name: "content.third_party" });
  return (
    <>
      {told.fields.map((row, index) => {
        const at = `content.third_party.${index}`;
        return (
          <fieldset key={row.id} className="nested">
            <legend>{t.sheet.told.title(index + 1)}</legend>
            <TextField {...textName(`${at}.source`)} required />
            <TextField {...textName(`${at}.text`)} rows={3} required help={t.sheet.help.thirdParty} />
            <button type="button" className="quiet" onClick={() => told.remove(index)}>
              {t.sheet.told.remove(index + 1)}
            </button>
          </fieldset>
        );
      })}
      {told.fields.length < 20 && (
        <button type="button" onClick={() => told.append({ source: "", text: "" })}>
          {t.sheet.told.add}
        </button>
      )}
    </>
  );
}
