import type { ReactNode, CompositionEvent } from "react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useFieldArray, useFormContext, useWatch } from "react-hook-form";
import { Problem } from "../api/client";
import { postalCode, useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { ANSWERS, CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { katakana } from "../ui/kana";
import { digits, today } from "../ui/wareki";
import type { SheetForm } from "./shape";

const f = t.sheet.fields as Record<string, string>;

/** Name and label of a field by its path. */
export function name(path: string): { name: string; label: string } {
  return { name: path, label: f[path.replaceAll(/\.\d+(?=\.|$)/g, "")] ?? path };
}

/** The parts of every conversation, in their order. */
export function Parts() {
  return (
    <>
      <Reception />
      <Person />
      <ContactAndAddress />
      <TopicsPart />
      <Words />
      <RiskPart />
    </>
  );
}

function Part({ part, children }: { part: "reception" | "person" | "contact" | "topics" | "words" | "risk"; children: ReactNode }) {
  return (
    <section aria-labelledby={`part-${part}`}>
      <h2 id={`part-${part}`} tabIndex={-1}>
        {t.sheet.parts[part]}
      </h2>
      {children}
    </section>
  );
}

function Reception() {
  const { list } = useLabels();
  const came = useWatch<SheetForm, "came">({ name: "came" });
  useRoute();
  return (
    <Part part="reception">
      <TextField {...name("received_at")} type="datetime-local" required size="half" />
      <ChoiceField {...name("channel")} options={list("channel")} required />
      <SelectField {...name("route")} options={list("route")} required />
      <ChoiceField
        {...name("came")}
        required
        options={[
          { code: "self", label: t.sheet.himself },
          { code: "other", label: t.sheet.other },
        ]}
      />
      {came === "other" && (
        <div className="nested row">
          <TextField {...name("visitor.name")} size="half" />
          <TextField {...name("visitor.kana")} size="half" help={t.sheet.help.kana} />
          <TextField {...name("visitor.phone")} type="tel" size="half" />
          <TextField {...name("visitor.relation")} size="half" />
        </div>
      )}
    </Part>
  );
}

/** The route that follows from the channel and the visitor; empty where it does not follow. */
function routeOf(channel: SheetForm["channel"], came: string): NonNullable<SheetForm["route"]> | "" {
  const [visit, remote] = came === "other" ? (["family_visit", "family_remote"] as const) : (["self_visit", "self_remote"] as const);
  if (channel === "visit") return visit;
  return channel === "phone" || channel === "email" || channel === "online" || channel === "sns" ? remote : "";
}

/** Keeps the route in step with channel and visitor, until somebody chooses another route. */
function useRoute(): void {
  const { getValues, setValue } = useFormContext<SheetForm>();
  const [channel, came] = useWatch<SheetForm, ["channel", "came"]>({ name: ["channel", "came"] });
  const before = useRef(routeOf(channel, came));
  useEffect(() => {
    const told = routeOf(channel, came);
    if (told === before.current) return;
    if ((getValues("route") ?? "") === before.current) setValue("route", told as SheetForm["route"], { shouldDirty: true });
    before.current = told;
  }, [channel, came, getValues, setValue]);
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

function Person() {
  const { list } = useLabels();
  const family = useReading("content.identity.kana_family");
  const given = useReading("content.identity.kana_given");
  return (
    <Part part="person">
      <ChoiceField {...name("content.identity.identity_level")} options={list("identity_level")} required />
      <p className="help">{t.sheet.help.name}</p>
      <div className="row">
        <div className="half" {...family}>
          <TextField {...name("content.identity.family_name")} help={t.sheet.help.beforeRelay} />
        </div>
        <div className="half" {...given}>
          <TextField {...name("content.identity.given_name")} help={t.sheet.help.beforeRelay} />
        </div>
        <TextField {...name("content.identity.kana_family")} size="half" help={t.sheet.help.kana} />
        <TextField {...name("content.identity.kana_given")} size="half" help={t.sheet.help.kana} />
      </div>
      <DateField {...name("content.identity.birth_date")} era="S" help={t.sheet.help.birth} />
      <ChoiceField {...name("content.identity.sex")} options={list("sex")} />
      <div className="row">
        <TextField {...name("content.identity.language")} size="half" />
        <CheckField {...name("content.identity.interpreter")} />
      </div>
    </Part>
  );
}

function ContactAndAddress() {
  const { list } = useLabels();
  const phones = useFieldArray<SheetForm, "content.contact.phones">({ name: "content.contact.phones" });
  return (
    <Part part="contact">
      {phones.fields.map((row, index) => {
        const at = `content.contact.phones.${index}`;
        return (
          <fieldset key={row.id} className="nested">
            <legend>{t.sheet.phone.title(index + 1)}</legend>
            <div className="row">
              <TextField {...name(`${at}.number`)} type="tel" inputMode="tel" required size="half" clean={(text) => text.normalize("NFKC").trim()} />
              <SelectField {...name(`${at}.kind`)} options={list("phone_kind")} required />
            </div>
            <p className="help">{t.sheet.help.safe}</p>
            <div className="row">
              <ChoiceField {...name(`${at}.safe_to_call`)} options={ANSWERS} />
              <ChoiceField {...name(`${at}.safe_to_leave_message`)} options={ANSWERS} />
            </div>
            <TextField {...name(`${at}.note`)} />
            <button type="button" className="quiet" onClick={() => phones.remove(index)}>
              {t.sheet.phone.remove(index + 1)}
            </button>
          </fieldset>
        );
      })}
      {phones.fields.length < 5 && (
        <button
          type="button"
          onClick={() =>
            phones.append({ number: "", kind: "mobile", safe_to_call: "", safe_to_leave_message: "", note: "" })
          }
        >
          {t.sheet.phone.add}
        </button>
      )}
      <TextField {...name("content.contact.email")} type="email" size="half" />
      <ChoiceField {...name("address_secret")} options={list("address_secret")} required help={t.sheet.help.secret} />
      <TextField {...name("content.address.postal_code")} inputMode="numeric" size="short" clean={digits} help={t.sheet.help.postal} />
      <Places />
      <TextField {...name("content.address.full")} autoComplete="off" />
      <CheckField {...name("content.address.no_fixed_abode")} />
    </Part>
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

function TopicsPart() {
  const { list } = useLabels();
  const { register, setValue, getValues, formState } = useFormContext<SheetForm>();
  const chosen = useWatch<SheetForm, "content.topics.codes">({ name: "content.topics.codes" }) ?? [];
  const error = formState.errors.content?.topics?.codes?.message;
  return (
    <Part part="topics">
      <fieldset className="field" aria-describedby={error ? "topics-help content.topics.codes-error" : "topics-help"}>
        <legend>
          {f["content.topics.codes"]} <span className="need must">{t.required}</span>
        </legend>
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
                  {...register("content.topics.main", {
                    onChange: () => {
                      const now = getValues("content.topics.codes") ?? [];
                      const main = getValues("content.topics.main") ?? "";
                      // The main topic must be among those that apply.
                      if (main && !now.includes(main)) setValue("content.topics.codes", [...now, main], { shouldDirty: true });
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
      {chosen.includes("99") && <TextField {...name("content.topics.other")} />}
      <Suggestion topics={chosen} />
    </Part>
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

function Words() {
  return (
    <Part part="words">
      <TextField {...name("content.statement.subject_words")} rows={6} required help={t.sheet.help.words} />
      <TextField {...name("content.statement.wish")} rows={3} />
      <TextField {...name("content.statement.done_here")} rows={3} help={t.sheet.help.done} />
    </Part>
  );
}

function RiskPart() {
  const { list } = useLabels();
  const { register, setValue, formState } = useFormContext<SheetForm>();
  const error = formState.errors.content?.risk?.flags?.message;
  return (
    <Part part="risk">
      <fieldset className="field" aria-describedby={error ? "risk-help content.risk.flags-error" : "risk-help"}>
        <legend>
          {f["content.risk.flags"]} <span className="need must">{t.required}</span>
        </legend>
        <p className="help" id="risk-help">
          {t.sheet.help.risk}
        </p>
        <div className="choices">
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
      <TextField {...name("content.risk.note")} rows={2} />
      <ChoiceField {...name("urgency")} options={list("urgency")} required />
    </Part>
  );
}
