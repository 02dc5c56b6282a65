import { useEffect, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { Link, useSearchParams } from "wouter";
import { api, call, Problem, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { isNumber, plainNumber } from "../sheet/number";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { Facts } from "../ui/content";
import { SelectField, TextField } from "../ui/field";
import { Loading } from "../ui/loading";
import { itemsOf, More, usePages } from "../ui/pages";
import { whyOf } from "../ui/problems";
import { save } from "../ui/save";
import { Title } from "../ui/screen";
import { instant } from "../ui/wareki";

const NAMES = ["from", "until", "kind", "agency_id", "number"] as const;

type Filter = Record<(typeof NAMES)[number], string>;

const PAGE = 50;

function filterOf(asked: URLSearchParams): Filter {
  return Object.fromEntries(NAMES.map((name) => [name, asked.get(name) ?? ""])) as Filter;
}

/** The form's range as the API takes it: whole days in Japan. */
function queryOf({ from, until, kind, agency_id, number }: Filter): Record<string, string> {
  const query = {
    from: from && `${from}T00:00:00+09:00`,
    until: until && `${until}T23:59:59.999999+09:00`,
    kind,
    agency_id,
    number,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
}

/** The body of a disclosure, with the names of the trail. */
interface Disclosed {
  to_agency_id?: string;
  /** `consent`, or the code of an exception. */
  basis?: string;
  sections?: string[];
}

/** Reads the body of a disclosure. A body that was tampered with gives nothing, so that the list stays readable: `tsunagu audit verify` finds it. */
function toldIn(body: string): Disclosed {
  try {
    return (JSON.parse(body) as { data?: Disclosed }).data ?? {};
  } catch {
    return {};
  }
}

/** The recipient, basis and sections of an event that is a disclosure. */
function Told({ to_agency_id, basis, sections = [] }: Disclosed) {
  const { name } = useAgencies();
  const { label } = useLabels();
  if (!basis) return null;
  const a = t.office.audit;
  return (
    <Facts
      facts={[
        [a.to, name(to_agency_id)],
        [a.basis, basis === "consent" ? a.consent : label("exception_code", basis)],
        [a.sections, sections.map((code) => label("section", code)).join("、")],
      ]}
    />
  );
}

/** The audit trail, by time, kind, agency or sheet; it can be exported whole as NDJSON or CSV. It holds no content. */
export default function Audit() {
  const { all } = useAgencies();
  const { list } = useLabels();
  // A select shows the chosen value only when its options are there.
  return all.length > 0 && list("event_kind").length > 0 ? <Events /> : <Loading />;
}

function Events() {
  // The filter stands in the address, so that Back finds it again: days, codes, ids and numbers only.
  const [asked, ask] = useSearchParams();
  const form = useForm<Filter>({ defaultValues: filterOf(asked) });
  const { all, name } = useAgencies();
  const { label, list } = useLabels();
  const query = queryOf(filterOf(asked));
  useEffect(() => form.reset(filterOf(asked)), [form, asked]);
  const [failed, setFailed] = useState<unknown>();
  const found = usePages(["audit", query], (after) =>
    call(api.GET("/api/v1/audit/events", { params: { query: { ...query, limit: PAGE, after } } })) as Promise<Schemas["Page_EventResponse"]>,
  );
  const events = itemsOf(found);
  const a = t.office.audit;

  /** Checks the number: other words in that field, perhaps a name, must not come into the address. */
  const checked = (): Filter | undefined => {
    form.clearErrors();
    const values = form.getValues();
    const number = plainNumber(values.number);
    if (!number || isNumber(number)) return { ...values, number };
    form.setError("number", { message: a.noNumber });
    return undefined;
  };

  const take = async (type: "application/x-ndjson" | "text/csv", file: string): Promise<void> => {
    setFailed(undefined);
    const values = checked();
    if (!values) return;
    const answer = await fetch(`/api/v1/audit/events?${new URLSearchParams(queryOf(values)).toString()}`, {
      headers: { Accept: type },
    });
    if (!answer.ok) {
      setFailed(new Problem((await answer.json().catch(() => ({}))) as Partial<Schemas["ProblemDocument"]>, answer.status));
      return;
    }
    save(await answer.blob(), file);
  };

  return (
    <FormProvider {...form}>
      <Title name={a.title} />
      <p>{a.help}</p>
      <form
        className="search"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const values = checked();
          if (values) ask(Object.entries(values).filter(([, value]) => value), { replace: true });
        }}
      >
        <div className="row">
          <TextField name="from" label={a.from} type="date" size="half" />
          <TextField name="until" label={a.until} type="date" size="half" />
          <SelectField name="kind" label={a.kind} none={a.all} options={list("event_kind")} />
          <SelectField name="agency_id" label={a.agency} none={a.all} options={all.map((one) => ({ code: one.id, label: one.name }))} />
          <TextField name="number" label={a.number} help={t.sheet.search.numberHelp} size="half" />
        </div>
        <div className="actions">
          <button type="button" onClick={() => void take("text/csv", "audit.csv")}>
            {a.csv}
          </button>
          <button type="button" onClick={() => void take("application/x-ndjson", "audit.ndjson")}>
            {a.ndjson}
          </button>
          <button type="submit" className="primary">
            {a.go}
          </button>
        </div>
        <p className="help">{a.exportHelp}</p>
      </form>
      {(failed ?? found.error) && <Alert>{whyOf(failed ?? found.error)}</Alert>}
      {found.isPending && <Loading />}
      {found.data && events.length === 0 && <p className="empty">{a.empty}</p>}
      {events.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{a.at}</th>
              <th scope="col">{a.kind}</th>
              <th scope="col">{a.actor}</th>
              <th scope="col">{a.target}</th>
              <th scope="col">{a.body}</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.id}>
                <td data-label={a.at}>{instant(event.at)}</td>
                <td data-label={a.kind}>{label("event_kind", event.kind)}</td>
                <td data-label={a.actor}>{event.actor.agency_id ? name(event.actor.agency_id) : a.system}</td>
                <td data-label={a.target}>
                  {event.sheet_id && <Link href={`/sheets/${event.sheet_id}?tab=way`}>{a.sheetLink}</Link>}
                  <Told {...toldIn(event.body)} />
                </td>
                <td data-label={a.body}>
                  <details>
                    <summary>{a.openBody}</summary>
                    <p className="code">{event.body}</p>
                    <p className="code">
                      {a.hash} {event.hash}
                    </p>
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <More of={found} />
    </FormProvider>
  );
}
