import type { ReactNode } from "react";
import { type FieldError, get, useFormContext, useWatch } from "react-hook-form";
import type { Schemas } from "../api/client";
import { t } from "../texts";

interface Named {
  /** The path of the value in the form, which is also the id of its first control. */
  name: string;
  label: string;
  required?: boolean;
  help?: ReactNode;
}

function useError(name: string): string | undefined {
  const { formState } = useFormContext();
  const found = get(formState.errors, name) as FieldError | undefined;
  return found?.message;
}

function describedBy(name: string, help: unknown, error: unknown): string | undefined {
  return [help && `${name}-help`, error && `${name}-error`].filter(Boolean).join(" ") || undefined;
}

/** Whether a field must be filled in, in words. */
export function Need({ required }: { required: boolean }) {
  return <span className={required ? "need must" : "need"}>{required ? t.required : t.optional}</span>;
}

/** The name of a group of choices. */
export function Legend({ label, required = false }: { label: string; required?: boolean }) {
  return (
    <legend>
      {label} <Need required={required} />
    </legend>
  );
}

function Around({ name, help, error, children }: { name: string; help?: ReactNode; error?: string; children: ReactNode }) {
  return (
    <>
      {help && (
        <p className="help" id={`${name}-help`}>
          {help}
        </p>
      )}
      {children}
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </>
  );
}

/** For every field into which personal data may be typed: a browser's spelling help may send it elsewhere. */
export const UNTOUCHED = { spellCheck: false, autoCorrect: "off", autoCapitalize: "none" } as const;

/** May a telephone be used so? It may not have been asked. */
export const ANSWERS: readonly Schemas["Code"][] = [
  { code: "yes", label: t.safe },
  { code: "no", label: t.unsafe },
  { code: "", label: t.unasked },
];

/** The part of its limit from which a text's length is shown. */
const NEAR = 0.8;

/** The length of a text that comes near its limit: nothing is cut off, but the service refuses a text that is too long. */
function Count({ name, limit }: { name: string; limit: number }) {
  const text = (useWatch({ name }) as string | undefined) ?? "";
  const length = Array.from(text).length;
  if (length < limit * NEAR) return null;
  return (
    <p className={length > limit ? "count over" : "count"} id={`${name}-count`} role="status">
      {length > limit ? t.tooLong(length - limit, limit) : t.count(length, limit)}
    </p>
  );
}

/** A text of one line, or of several with `rows`. */
export function TextField({
  name,
  label,
  required = false,
  help,
  rows,
  size = "full",
  limit,
  clean,
  ...input
}: Named & {
  rows?: number;
  size?: "full" | "half" | "short";
  type?: "text" | "password" | "tel" | "email" | "date" | "datetime-local";
  inputMode?: "numeric" | "tel";
  autoComplete?: string;
  /** The most characters, if they are counted. */
  limit?: number;
  /** Tidies the typed text when the field is left. */
  clean?: (text: string) => string;
}) {
  const { register, setValue } = useFormContext();
  const error = useError(name);
  const field = register(name, {
    onBlur: (event: { target: { value: string } }) => {
      const tidy = clean?.(event.target.value);
      if (tidy !== undefined && tidy !== event.target.value) setValue(name, tidy, { shouldDirty: true });
    },
  });
  const control = {
    ...field,
    id: name,
    "aria-describedby": [describedBy(name, help, error), limit && `${name}-count`].filter(Boolean).join(" ") || undefined,
    "aria-invalid": error ? true : undefined,
    "aria-required": required || undefined,
  };
  return (
    <div className={`field ${size}`}>
      <label htmlFor={name}>
        {label} <Need required={required} />
      </label>
      <Around name={name} help={help} error={error}>
        {rows ? (
          <textarea autoComplete="off" {...UNTOUCHED} {...control} rows={rows} />
        ) : (
          <input type="text" autoComplete="off" {...UNTOUCHED} {...input} {...control} />
        )}
        {limit && <Count name={name} limit={limit} />}
      </Around>
    </div>
  );
}

/** One code from a drop-down list. `none` is the text for no choice; null means that a code of the table stands for that. */
export function SelectField({
  name,
  label,
  required = false,
  help,
  none = t.choose,
  options,
}: Named & { none?: string | null; options: readonly Schemas["Code"][] }) {
  const { register } = useFormContext();
  const error = useError(name);
  return (
    <div className="field half">
      <label htmlFor={name}>
        {label} <Need required={required} />
      </label>
      <Around name={name} help={help} error={error}>
        <select
          {...register(name)}
          id={name}
          aria-describedby={describedBy(name, help, error)}
          aria-invalid={error ? true : undefined}
          aria-required={required || undefined}
        >
          {none !== null && <option value="">{none}</option>}
          {options.map(({ code, label: text }) => (
            <option key={code} value={code}>
              {text}
            </option>
          ))}
        </select>
      </Around>
    </div>
  );
}

/** One choice of a few, or with `many` any number of them; all are in sight. */
export function ChoiceField({
  name,
  label,
  required = false,
  help,
  options,
  many = false,
}: Named & { options: readonly (Schemas["Code"] & { note?: ReactNode })[]; many?: boolean }) {
  const { register } = useFormContext();
  const error = useError(name);
  return (
    <fieldset className="field" aria-describedby={describedBy(name, help, error)}>
      <Legend label={label} required={required} />
      <Around name={name} help={help} error={error}>
        <div className="choices">
          {options.map(({ code, label: text, note }, index) => (
            <label key={code} className="choice">
              <input
                type={many ? "checkbox" : "radio"}
                value={code}
                id={index === 0 ? name : undefined}
                {...register(name)}
              />
              <span>
                {text}
                {note && <small>{note}</small>}
              </span>
            </label>
          ))}
        </div>
      </Around>
    </fieldset>
  );
}

/** Yes or no. With `half` it stands beside another field, at the height of its control. */
export function CheckField({ name, label, help, half = false }: Omit<Named, "required"> & { half?: boolean }) {
  const { register } = useFormContext();
  const error = useError(name);
  return (
    <div className={half ? "field half beside" : "field"}>
      <Around name={name} help={help} error={error}>
        <label className="choice">
          <input type="checkbox" id={name} {...register(name)} aria-describedby={describedBy(name, help, error)} />
          <span>{label}</span>
        </label>
      </Around>
    </div>
  );
}

/** One file. The form holds the browser's list with it. */
export function FileField({ name, label, required = false, help, accept }: Named & { accept: string }) {
  const { register } = useFormContext();
  const error = useError(name);
  return (
    <div className="field">
      <label htmlFor={name}>
        {label} <Need required={required} />
      </label>
      <Around name={name} help={help} error={error}>
        <input
          type="file"
          accept={accept}
          {...register(name)}
          id={name}
          aria-describedby={describedBy(name, help, error)}
          aria-invalid={error ? true : undefined}
          aria-required={required || undefined}
        />
      </Around>
    </div>
  );
}
