import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { useHistoryState } from "wouter/use-browser-location";
import { api, call, type Schemas } from "../api/client";
import { SEARCHED, useLabels } from "../api/queries";
import { t } from "../texts";
import { useAsked } from "../ui/asked";
import { DateField } from "../ui/date";
import { TextField } from "../ui/field";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { Pages, useSheets } from "../ui/pages";
import { Title, TO_FIELD } from "../ui/screen";
import { useColleagues } from "../ui/who";
import { HandOver } from "./assign";
import { plainNumber } from "./number";
import { SheetTable } from "./table";

const BLANK = { kana_prefix: "", name_prefix: "", birth_date: "", phone_end: "", number: "" };
type Search = typeof BLANK;

/** What stands in the address after a search has begun. */
const BEGUN = "yes";

/** What is searched for, without the fields that are empty. */
function typed(values: Search): Partial<Search> {
  const { number, ...others } = values;
  const all = { ...others, phone_end: others.phone_end.normalize("NFKC"), number: plainNumber(number) };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ""));
}

/** The last search and its result, in memory only, until the log-out. */
interface Searched {
  values: Search;
  found: readonly Schemas["SheetItem"][];
}

/** Finds sheets by all that is typed of name, birth date, telephone and number; below is the list by state. The search words never stand in the address. */
export default function SheetSearch() {
  const client = useQueryClient();
  // This stands in the address after a search has begun, so that Back shows it again. From any other place a new search begins.
  const [begun, begin] = useAsked("searched");
  const kept = begun ? client.getQueryData<Searched>(SEARCHED) : undefined;
  const form = useForm<Search>({ shouldFocusError: false, defaultValues: { ...BLANK, ...kept?.values } });
  const [summary, setSummary] = useState<Summary>();
  const search = useMutation({
    mutationFn: (values: Search) => call(api.POST("/api/v1/sheets/search", { params: { query: { limit: 200 } }, body: typed(values) })),
    onMutate: () => {
      begin(BEGUN);
      client.removeQueries({ queryKey: SEARCHED });
      setSummary(undefined);
      form.clearErrors();
    },
    onSuccess: ({ items }, values) => {
      client.setQueryDefaults(SEARCHED, { gcTime: Number.POSITIVE_INFINITY });
      client.setQueryData<Searched>(SEARCHED, { values, found: items });
    },
    onError: (error) => setSummary(refuse(form, error)),
  });
  useEffect(() => {
    if (begun) return;
    client.removeQueries({ queryKey: SEARCHED });
    form.reset(BLANK);
  }, [client, form, begun]);
  const wanted = useHistoryState<unknown>();
  useEffect(() => {
    if (wanted !== TO_FIELD) return;
    document.getElementById("kana_prefix")?.focus();
    // This applies once: Back leads to the heading.
    window.history.replaceState(null, "");
  }, [wanted]);
  const s = t.sheet.search;
  return (
    <FormProvider {...form}>
      <Title name={s.title} />
      <p>{s.help}</p>
      <form
        className="search"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          search.mutate(form.getValues());
        }}
        onChange={() => begin(BEGUN)}
      >
        <ProblemSummary summary={begun ? summary : undefined} />
        <div className="row">
          <TextField name="kana_prefix" label={s.kana} help={s.kanaHelp} size="half" />
          <TextField name="name_prefix" label={s.name} size="half" />
        </div>
        <DateField name="birth_date" label={s.birth} birth />
        <div className="row">
          <TextField name="phone_end" label={s.phone} help={s.phoneHelp} inputMode="numeric" size="half" />
          <TextField name="number" label={s.number} help={s.numberHelp} size="half" clean={plainNumber} />
        </div>
        <button type="submit" className="primary" disabled={search.isPending}>
          {search.isPending ? t.working : s.go}
        </button>
      </form>
      <div role="status">
        {kept && <p>{kept.found.length > 0 ? s.found(kept.found.length) : s.nothing}</p>}
      </div>
      {kept && kept.found.length > 0 && <SheetTable items={kept.found} />}
      <SheetList />
    </FormProvider>
  );
}

/** What stands in the address where one asks for the sheets that run, and for those that nobody works on. */
const OPEN = "open";
const NOBODY = "nobody";
/** The heading of the list. */
const LIST = "sheet-list";

function SheetList() {
  const { list } = useLabels();
  const colleagues = useColleagues();
  const [asked, ask] = useAsked("state");
  const [assignee, setAssignee] = useAsked("assignee");
  const found = useSheets({
    ...(asked === OPEN ? { open: true } : asked && { state: asked as Schemas["SheetState"] }),
    ...(assignee === NOBODY ? { unassigned: true } : assignee && { assigned_staff_id: assignee }),
  });
  const s = t.sheet.search;
  return (
    <section>
      <h2 id={LIST} tabIndex={-1}>{s.list}</h2>
      <div className="row filters">
        <Filter id="sheet-state" label={s.filterState} value={asked} change={ask} options={[{ code: OPEN, label: t.home.running }, ...list("sheet_state")]} />
        <Filter
          id="sheet-assignee"
          label={s.filterAssignee}
          value={assignee}
          change={setAssignee}
          options={[{ code: NOBODY, label: t.home.unassigned }, ...colleagues.all.map(({ id, name }) => ({ code: id, label: name }))]}
        />
      </div>
      <Rows key={`${asked} ${assignee}`} of={found} />
    </section>
  );
}

/** The rows; what is picked belongs to these rows and to no others. */
function Rows({ of }: { of: ReturnType<typeof useSheets> }) {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const drop = (ids: readonly string[]): void => {
    setPicked((before) => new Set([...before].filter((id) => !ids.includes(id))));
    // The button that had the focus is gone.
    document.getElementById(LIST)?.focus();
  };
  return (
    <Pages of={of}>
      {(items) =>
        items.length === 0 ? (
          <p className="empty">{t.sheet.search.empty}</p>
        ) : (
          <>
            <HandOver sheets={items.filter(({ id }) => picked.has(id))} done={drop} />
            <SheetTable items={items} pick={{ picked, change: setPicked }} />
          </>
        )
      }
    </Pages>
  );
}

function Filter({ id, label, value, change, options }: { id: string; label: string; value: string; change: (code: string) => void; options: readonly Pick<Schemas["Code"], "code" | "label">[] }) {
  return (
    <div className="field half">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => change(event.target.value)}>
        <option value="">{t.sheet.search.all}</option>
        {options.map((one) => (
          <option key={one.code} value={one.code}>
            {one.label}
          </option>
        ))}
      </select>
    </div>
  );
}
