import { type ReactNode, type CompositionEvent, useEffect, useRef } from "react";
import { useQuery } from "@tanstack/react-query";
import { useFieldArray, useFormContext, useWatch } from "react-hook-form";
import { Problem } from "../api/client";
import { postalCode, useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { ANSWERS, CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { katakana } from "../ui/kana";
import { digits } from "../ui/wareki";
import { name, textName } from "./named";
import { Reception } from "./reception";
import { Risk } from "./risk";
import { SamePerson } from "./same";
import type { SheetForm } from "./shape";
import { Topics } from "./topics";

/** The parts of every conversation, in their order. `own` tells the sheet that is written, once it is kept. */
export function Parts({ own }: { own: () => string | undefined }) {
  return (
    <>
      <Part part="reception">
        <Reception />
      </Part>
      <Part part="topics">
        <Topics />
        <div className="columns">
          <TextField {...textName("content.statement.subject_words")} rows={4} required help={t.sheet.help.words} />
          <TextField {...textName("content.statement.wish")} rows={4} help={t.sheet.help.wish} />
        </div>
      </Part>
      <Part part="risk">
        <Risk />
      </Part>
      <div className="columns">
        <Part part="person">
          <Person own={own} />
        </Part>
        <Part part="contact">
          <ContactAndAddress />
        </Part>
      </div>
      <Part part="done">
        <TextField {...textName("content.statement.done_here")} rows={3} help={t.sheet.help.done} />
      </Part>
    </>
  );
}

function Part({ part, children }: { part: keyof typeof t.sheet.parts; children: ReactNode }) {
  return (
    <section aria-labelledby={`part-${part}`}>
      <h2 id={`part-${part}`} tabIndex={-1}>
        {t.sheet.parts[part]}
      </h2>
      {children}
    </section>
  );
}

/** While a name is typed with an input method, its reading can be seen: it is copied into the empty kana field. */
function useReading(kana: "content.identity.kana_family" | "content.identity.kana_given"): {
  onCompositionStart: () => void;
  onCompositionUpdate: (event: CompositionEvent) => void;
  onCompositionEnd: () => void;
} {
  const { getValues, setValue } = useFormContext<SheetForm>();
  const reading = useRef("");
  const filled = useRef("");
  return {
    onCompositionStart: () => {
      reading.current = "";
    },
    onCompositionUpdate: (event) => {
      if (/^[ぁ-ゖー]+$/.test(event.data)) reading.current = event.data;
    },
    onCompositionEnd: () => {
      const now = getValues(kana) ?? "";
      // Kana that were typed by hand stay.
      if (!reading.current || (now !== "" && now !== filled.current)) return;
      const read = katakana(reading.current);
      filled.current = now + read;
      setValue(kana, filled.current, { shouldDirty: true });
    },
  };
}

function Person({ own }: { own: () => string | undefined }) {
  const { list } = useLabels();
  const family = useReading("content.identity.kana_family");
  const given = useReading("content.identity.kana_given");
  return (
    <>
      <ChoiceField {...name("content.identity.identity_level")} options={list("identity_level")} required />
      <p className="help">{t.sheet.help.name}</p>
      <SamePerson own={own}>
        <div className="row">
          <div className="half" {...family}>
            <TextField {...textName("content.identity.family_name")} />
          </div>
          <div className="half" {...given}>
            <TextField {...textName("content.identity.given_name")} />
          </div>
          <TextField {...textName("content.identity.kana_family")} size="half" />
          <TextField {...textName("content.identity.kana_given")} size="half" />
        </div>
        <DateField {...name("content.identity.birth_date")} birth precision="content.identity.birth_precision" />
      </SamePerson>
      <ChoiceField {...name("content.identity.sex")} options={list("sex")} />
    </>
  );
}

function ContactAndAddress() {
  const { list } = useLabels();
  const phones = useFieldArray<SheetForm, "content.contact.phones">({ name: "content.contact.phones" });
  return (
    <>
      {phones.fields.map((row, index) => {
        const at = `content.contact.phones.${index}`;
        return (
          <fieldset key={row.id} className="nested">
            <legend>{t.sheet.phone.title(index + 1)}</legend>
            <div className="row">
              <TextField {...textName(`${at}.number`)} type="tel" inputMode="tel" required size="half" clean={(text) => text.normalize("NFKC").trim()} />
              <SelectField {...name(`${at}.kind`)} options={list("phone_kind")} required />
            </div>
            <p className="help">{t.sheet.help.safe}</p>
            <div className="row">
              <ChoiceField {...name(`${at}.safe_to_call`)} options={ANSWERS} />
              <ChoiceField {...name(`${at}.safe_to_leave_message`)} options={ANSWERS} />
            </div>
            <TextField {...textName(`${at}.note`)} />
            <button type="button" className="quiet" onClick={() => phones.remove(index)}>
              {t.sheet.phone.remove(index + 1)}
            </button>
          </fieldset>
        );
      })}
      {phones.fields.length < 5 && (
        <div className="field">
          <button
            type="button"
            onClick={() =>
              phones.append({ number: "", kind: "mobile", safe_to_call: "", safe_to_leave_message: "", note: "" })
            }
          >
            {t.sheet.phone.add}
          </button>
        </div>
      )}
      <div className="row">
        <TextField {...textName("content.identity.language")} size="half" />
        <CheckField {...name("content.identity.interpreter")} half />
      </div>
      <TextField {...textName("content.contact.email")} type="email" />
      <ChoiceField {...name("address_secret")} options={list("address_secret")} required help={t.sheet.help.secret} />
      <div className="row">
        <TextField {...textName("content.address.postal_code")} inputMode="numeric" size="half" clean={digits} help={t.sheet.help.postal} />
        <CheckField {...name("content.address.no_fixed_abode")} half />
      </div>
      <Places />
      <TextField {...textName("content.address.full")} autoComplete="off" />
    </>
  );
}

/** The place of the postal code: it fills an empty address at once, and is offered beside an address that somebody typed. */
function Places() {
  const { getValues, setValue } = useFormContext<SheetForm>();
  const code = digits(useWatch<SheetForm, "content.address.postal_code">({ name: "content.address.postal_code" }) ?? "");
  const found = useQuery({ ...postalCode(code), enabled: code.length === 7 });
  const places = code.length === 7 ? (found.data?.places ?? []).map(({ prefecture, city, town }) => prefecture + city + town) : [];
  const filled = useRef("");
  const [only] = places;
  useEffect(() => {
    const now = getValues("content.address.full") ?? "";
    if (!only || places.length > 1 || (now !== "" && now !== filled.current)) return;
    filled.current = only;
    setValue("content.address.full", only, { shouldDirty: true });
    // This runs once for each code: what the clerk types into the address afterwards stays.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [only, places.length]);
  if (code.length < 7 || found.isPending) return null;
  return (
    <div role="status">
      {places.length === 0 && <p className="help">{found.error instanceof Problem && found.error.status === 404 ? t.sheet.postal.unknown : t.sheet.postal.failed}</p>}
      {places.length > 0 && (
        <div className="actions">
          {places.map((place) => (
            <button
              key={place}
              type="button"
              onClick={() => {
                filled.current = place;
                setValue("content.address.full", place, { shouldDirty: true });
                document.getElementById("content.address.full")?.focus();
              }}
            >
              {t.sheet.postal.take(place)}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
