import { useEffect, useRef, useState } from "react";
import { type FieldError, get, useController, useFormContext } from "react-hook-form";
import { t } from "../texts";
import { Need, UNTOUCHED } from "./field";
import { birth as birthText, day, isNoDay, read, textOf } from "./wareki";

/**
 * A date as people write it, in 和暦 or 西暦; below it stands how it was understood. The form holds `1986-04-01`, or the typed text while it
 * is no date, so that it is refused, not lost.
 */
export function DateField({
  name,
  label,
  required = false,
  help,
  birth = false,
  precision,
}: {
  name: string;
  label: string;
  required?: boolean;
  help?: string;
  /** A day of birth: its age is shown, and a bare year needs its era. */
  birth?: boolean;
  /** The path of how exactly the date is known; without it only a whole day will do. */
  precision?: string;
}) {
  const { formState, getValues, setValue } = useFormContext();
  const { field } = useController({ name });
  const value = (field.value as string | undefined) ?? "";
  const exact = (): string | undefined => (precision ? (getValues(precision) as string | undefined) : undefined);
  const [text, setText] = useState(() => textOf(value, exact()));
  const own = useRef(value);
  // The value was set from outside, by a merge or a reset.
  useEffect(() => {
    if (value === own.current) return;
    own.current = value;
    setText(textOf(value, precision ? (getValues(precision) as string | undefined) : undefined));
  }, [value, precision, getValues]);

  const usual = birth ? "" : "R";
  const whole = (typed: string) => {
    const found = read(typed, usual);
    return found && (precision || found.precision === "day") ? found : undefined;
  };
  const take = (typed: string): void => {
    const found = whole(typed);
    setText(typed);
    own.current = found?.iso ?? typed.trim();
    field.onChange(own.current);
    if (precision) setValue(precision, found?.precision ?? "", { shouldDirty: true });
  };
  const found = whole(text);
  const refused = (get(formState.errors, name) as FieldError | undefined)?.message;
  const begun = text.trim() !== "";
  const noDate = !begun ? t.date.missing : isNoDay(text, usual) ? t.date.impossible : birth ? t.date.unread : t.date.incomplete;
  const error = found ? refused : isNoDay(text, usual) || refused ? noDate : undefined;
  // Said while it is typed, never when the field is left: a line that appears then would move the button that is being pressed.
  const notYet = begun && !error ? (birth ? t.date.unread : t.date.notYet) : "";
  const understood = found ? (birth ? birthText(found.iso, found.precision, true) : day(found.iso)) : notYet;
  const hint = [help, birth ? t.date.birthHelp(Boolean(precision)) : t.date.help].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={name}>
        {label} <Need required={required} />
      </label>
      <p className="help" id={`${name}-help`}>
        {hint}
      </p>
      <div className="date">
        <input
          type="text"
          id={name}
          autoComplete="off"
          {...UNTOUCHED}
          value={text}
          aria-describedby={`${name}-help${error ? ` ${name}-error` : ""}`}
          aria-invalid={error ? true : undefined}
          aria-required={required || undefined}
          onChange={(event) => take(event.target.value)}
          onBlur={field.onBlur}
        />
        <output htmlFor={name}>{understood}</output>
      </div>
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
