import { type ClipboardEvent, useEffect, useRef, useState } from "react";
import { type FieldError, get, useController, useFormContext } from "react-hook-form";
import { t } from "../texts";
import { UNTOUCHED } from "./field";
import { type DateParts, day, digits, ERAS, isoOf, partsOf, read, valueOf } from "./wareki";

/** A date in 和暦 or 西暦: era, year, month, day. The form holds `1986-04-01`, or the typed text while it is no date, so that it is refused, not lost. */
export function DateField({
  name,
  label,
  required = false,
  help,
  era: usual,
}: {
  name: string;
  label: string;
  required?: boolean;
  help?: string;
  /** The era that is chosen before anything is typed: 令和 by default. */
  era?: string;
}) {
  const { formState } = useFormContext();
  const { field } = useController({ name });
  const [parts, setParts] = useState<DateParts>(() => partsOf(field.value as string, usual));
  const own = useRef(field.value as string | undefined);
  // The value was set from outside, by a merge or a reset.
  useEffect(() => {
    if (field.value !== own.current) {
      own.current = field.value as string;
      setParts(partsOf(own.current, usual));
    }
  }, [field.value, usual]);

  const take = (next: DateParts): void => {
    setParts(next);
    own.current = valueOf(next);
    field.onChange(own.current);
  };
  const paste = (event: ClipboardEvent): void => {
    const whole = read(event.clipboardData.getData("text"));
    if (whole) {
      event.preventDefault();
      take(whole);
    }
  };
  const begun = Boolean(parts.year || parts.month || parts.day);
  const complete = Boolean(parts.year && parts.month && parts.day);
  const iso = isoOf(parts);
  const refused = (get(formState.errors, name) as FieldError | undefined)?.message;
  const noDate = begun ? t.date.incomplete : t.date.missing;
  const error = complete && !iso ? t.date.impossible : refused && !iso ? noDate : refused;
  const described = [help && `${name}-help`, error && `${name}-error`].filter(Boolean).join(" ") || undefined;
  const part = (key: "year" | "month" | "day", id?: string) => (
    <label className="datepart">
      <input
        type="text"
        inputMode={key === "year" ? undefined : "numeric"}
        id={id}
        autoComplete="off"
        {...UNTOUCHED}
        size={key === "year" ? 4 : 2}
        value={parts[key]}
        aria-invalid={error ? true : undefined}
        onPaste={paste}
        onChange={(event) => take({ ...parts, [key]: event.target.value })}
        onBlur={() => {
          const plain = parts[key].normalize("NFKC").trim();
          const tidy = key === "year" && plain === "元" ? plain : digits(plain);
          if (tidy !== parts[key]) take({ ...parts, [key]: tidy });
          field.onBlur();
        }}
      />
      <span>{t.date[key]}</span>
    </label>
  );
  return (
    <fieldset className="field" aria-describedby={described}>
      <legend>
        {label} <span className={required ? "need must" : "need"}>{required ? t.required : t.optional}</span>
      </legend>
      {help && (
        <p className="help" id={`${name}-help`}>
          {help}
        </p>
      )}
      <div className="date">
        <select
          aria-label={t.date.era}
          value={parts.era}
          onChange={(event) => take({ ...parts, era: event.target.value })}
        >
          <option value="">{t.date.gregorian}</option>
          {ERAS.map(({ code, name: era }) => (
            <option key={code} value={code}>
              {era}
            </option>
          ))}
        </select>
        {part("year", name)}
        {part("month")}
        {part("day")}
        {begun && (
          <button type="button" className="quiet" onClick={() => take({ era: parts.era, year: "", month: "", day: "" })}>
            {t.date.clear}
          </button>
        )}
        <output>{iso && (parts.era ? t.date.inGregorian(iso) : day(iso))}</output>
      </div>
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
