import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { api, call, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { ChoiceField, TextField } from "../ui/field";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { Pages, useSheets } from "../ui/pages";
import { Title } from "../ui/screen";
import { SheetTable } from "./table";

interface Search {
  by: "number" | "kana_prefix" | "birth_date";
  number: string;
  kana_prefix: string;
  birth_date: string;
}

/** Finds a sheet by number, kana or birth date; below, the list by state. What is sought never stands in the address. */
export default function SheetSearch() {
  const form = useForm<Search>({
    shouldFocusError: false,
    defaultValues: { by: "kana_prefix", number: "", kana_prefix: "", birth_date: "" },
  });
  const by = useWatch({ control: form.control, name: "by" });
  const [summary, setSummary] = useState<Summary>();
  const search = useMutation({
    mutationFn: (body: Schemas["SearchRequest"]) =>
      call(api.POST("/api/v1/sheets/search", { params: { query: { limit: 200 } }, body })),
    onMutate: () => {
      setSummary(undefined);
      form.clearErrors();
    },
    onError: (error) => setSummary(refuse(form, error)),
  });
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
          const values = form.getValues();
          const sought = values[values.by].trim();
          // A number is found however it was typed.
          search.mutate({ [values.by]: values.by === "number" ? sought.normalize("NFKC").toUpperCase() : sought });
        }}
      >
        <ProblemSummary summary={summary} />
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
        {by === "number" && <TextField name="number" label={s.number} help={s.numberHelp} required size="half" clean={(text) => text.normalize("NFKC").trim()} />}
        {by === "birth_date" && <DateField name="birth_date" label={s.birth} required era="S" />}
        <button type="submit" className="primary" disabled={search.isPending}>
          {search.isPending ? t.working : s.go}
        </button>
      </form>
      <div role="status">
        {search.data && <p>{search.data.items.length > 0 ? s.found(search.data.items.length) : s.nothing}</p>}
      </div>
      {search.data && search.data.items.length > 0 && <SheetTable items={search.data.items} />}
      <SheetList />
    </FormProvider>
  );
}

function SheetList() {
  const { list } = useLabels();
  const [state, setState] = useState("");
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
