import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { useHistoryState } from "wouter/use-browser-location";
import { api, call, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { useAsked } from "../ui/asked";
import { DateField } from "../ui/date";
import { ChoiceField, TextField } from "../ui/field";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { Pages, useSheets } from "../ui/pages";
import { Title, TO_FIELD } from "../ui/screen";
import { plainNumber } from "./number";
import { SheetTable } from "./table";

interface Search {
  by: "number" | "kana_prefix" | "birth_date";
  number: string;
  kana_prefix: string;
  birth_date: string;
}

function isBy(code: string): code is Search["by"] {
  return code === "kana_prefix" || code === "birth_date" || code === "number";
}

const BLANK: Search = { by: "kana_prefix", number: "", kana_prefix: "", birth_date: "" };

/** The last search and its result, in memory only, until the log-out. */
interface Searched {
  values: Search;
  found: readonly Schemas["SheetItem"][];
}

const KEPT = ["searched"];

/** Finds a sheet by number, kana or birth date; below is the list by state. The search words never stand in the address. */
export default function SheetSearch() {
  const client = useQueryClient();
  // This stands in the address after a search has begun, so that Back shows it again. From any other place a new search begins.
  const [begun, begin] = useAsked("by");
  const kept = begun ? client.getQueryData<Searched>(KEPT) : undefined;
  const form = useForm<Search>({ shouldFocusError: false, defaultValues: { ...BLANK, ...kept?.values } });
  const by = useWatch({ control: form.control, name: "by" });
  const [summary, setSummary] = useState<Summary>();
  const search = useMutation({
    mutationFn: (values: Search) => {
      const body = { [values.by]: values.by === "number" ? plainNumber(values.number) : values[values.by].trim() };
      return call(api.POST("/api/v1/sheets/search", { params: { query: { limit: 200 } }, body }));
    },
    onMutate: ({ by: kind }) => {
      begin(kind);
      client.removeQueries({ queryKey: KEPT });
      setSummary(undefined);
      form.clearErrors();
    },
    onSuccess: ({ items }, values) => {
      client.setQueryDefaults(KEPT, { gcTime: Number.POSITIVE_INFINITY });
      client.setQueryData<Searched>(KEPT, { values, found: items });
    },
    onError: (error) => setSummary(refuse(form, error)),
  });
  useEffect(() => {
    if (isBy(begun)) {
      form.setValue("by", begun);
      return;
    }
    client.removeQueries({ queryKey: KEPT });
    form.reset(BLANK);
  }, [client, form, begun]);
  const wanted = useHistoryState<unknown>();
  useEffect(() => {
    if (wanted !== TO_FIELD) return;
    document.getElementById(by)?.focus();
    // This applies once: Back leads to the heading.
    window.history.replaceState(null, "");
  }, [wanted, by]);
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
        onChange={() => begin(form.getValues("by"))}
      >
        <ProblemSummary summary={begun ? summary : undefined} />
        <ChoiceField
          name="by"
          label={s.by}
          required
          options={[
            { code: "kana_prefix", label: s.kana },
            { code: "birth_date", label: s.birth },
            { code: "number", label: s.number },
          ]}
        />
        {by === "kana_prefix" && <TextField name="kana_prefix" label={s.kana} help={s.kanaHelp} required size="half" />}
        {by === "number" && <TextField name="number" label={s.number} help={s.numberHelp} required size="half" clean={plainNumber} />}
        {by === "birth_date" && <DateField name="birth_date" label={s.birth} required era="S" />}
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

function SheetList() {
  const { list } = useLabels();
  const [state, setState] = useAsked("state");
  const found = useSheets((state || undefined) as Schemas["SheetState"] | undefined);
  const s = t.sheet.search;
  return (
    <section>
      <h2>{s.list}</h2>
      <div className="field half">
        <label htmlFor="sheet-state">{s.filterState}</label>
        <select id="sheet-state" value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">{s.all}</option>
          {list("sheet_state").map(({ code, label }) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Pages of={found}>{(items) => (items.length > 0 ? <SheetTable items={items} /> : <p className="empty">{s.empty}</p>)}</Pages>
    </section>
  );
}
