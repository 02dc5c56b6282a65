import { useEffect, useRef } from "react";
import { type FieldValues, type Path, useFormContext, type UseFormReturn } from "react-hook-form";
import { Problem } from "../api/client";
import { t } from "../texts";

/** The summary at the top of a form after a refusal. */
export interface Summary {
  text: string;
  /** The fields, each with its label unless the detail names it already. */
  fields: { name: string; detail: string; label?: string }[];
}

/** Why a deed without a form failed, in the service's words. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Problem)) return t.failed;
  return error.errors.map(({ detail }) => detail).join(" ") || error.message || t.failed;
}

/** The label of a field on the screen, if it is there. */
function nameOf(name: string): string | undefined {
  const legend = document.getElementById(name)?.closest("fieldset.field")?.querySelector("legend");
  const label = legend ?? document.querySelector(`label[for="${CSS.escape(name)}"]`);
  return label?.firstChild?.textContent?.trim() ?? undefined;
}

/** Shows a refusal in the form: each error at its field, and all of them in a summary. Pointers of the service are paths of the form, or `at` says where they lead. */
export function refuse<T extends FieldValues>(form: UseFormReturn<T>, error: unknown, at = (name: string): string => name): Summary {
  if (!(error instanceof Problem)) return { text: t.failed, fields: [] };
  const fields = error.errors.map(({ pointer, detail }) => {
    const name = at(pointer.slice(1).replaceAll("/", "."));
    return { name, detail, label: nameOf(name) };
  });
  for (const { name, detail } of fields) form.setError(name as Path<T>, { type: "service", message: detail });
  const refusals = error.refusals.map(({ detail }) => detail).join(" ");
  return { text: refusals || error.message || t.failed, fields };
}

/** The summary, which takes the focus and leads to each field. */
export function ProblemSummary({ summary }: { summary: Summary | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  const { setFocus } = useFormContext() ?? {};
  useEffect(() => {
    if (summary) box.current?.focus();
  }, [summary]);
  if (!summary) return null;
  const go = (name: string): void => {
    const found = document.getElementById(name) ?? document.getElementById(name.split(".").slice(0, -1).join("."));
    // A folded part opens first.
    for (let around = found?.closest("details"); around; around = around.parentElement?.closest("details") ?? null) {
      around.open = true;
    }
    if (found) found.focus();
    else setFocus?.(name);
  };
  return (
    <div className="notice bad" role="alert" tabIndex={-1} ref={box}>
      <strong>{t.problems(summary.fields.length)}</strong>
      <p>{summary.text}</p>
      {summary.fields.length > 0 && (
        <ul>
          {summary.fields.map(({ name, detail, label }) => (
            <li key={name}>
              <a
                href={`#${name}`}
                onClick={(event) => {
                  event.preventDefault();
                  go(name);
                }}
              >
                {label ? `${label}: ${detail}` : detail}
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
