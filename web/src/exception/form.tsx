import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { Link, useLocation, useSearch } from "wouter";
import { api, call, once, type Schemas } from "../api/client";
import { changed, consents as consentsQuery, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { useRecipients } from "../ui/agencies";
import { useAnnounce } from "../ui/announce";
import { filled } from "../ui/content";
import { DateField } from "../ui/date";
import { given } from "../ui/deed";
import { CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { useKept } from "../ui/kept";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { About } from "../ui/who";

const e = t.exception;

interface ExceptionForm {
  code: Schemas["ExceptionCode"];
  to_agency_id: string;
  sections: Schemas["Section"][];
  facts: string;
  consent_status: Schemas["ConsentStatus"];
  why_no_consent: string;
  harm_assessment: string;
  restriction: string;
  later_consent_plan: string;
  emergency: boolean;
  request_record: { requester: string; dated: string; document_number: string };
}

/** Asks for an exception: to tell one agency something without consent. */
export default function ExceptionScreen({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  const consents = useQuery(consentsQuery(id));
  return (
    <Loaded screen of={sheet}>
      {(found) => (
        <Loaded screen of={consents}>
          {({ items }) => <Form sheet={found} refused={items.toSorted((a, b) => b.version - a.version)[0]?.decision === "refused"} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Form({ sheet, refused }: { sheet: Schemas["SheetResponse"]; refused: boolean }) {
  const asked = new URLSearchParams(useSearch());
  const { all } = useAgencies();
  const recipients = useRecipients();
  const { list } = useLabels();
  const { post } = useSession();
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const [summary, setSummary] = useState<Summary>();
  const [busy, setBusy] = useState(false);
  const chosen = { to_agency_id: asked.get("to") ?? "", sections: (asked.get("sections")?.split(",") ?? []) as Schemas["Section"][] };
  const form = useForm<ExceptionForm>({
    shouldFocusError: false,
    defaultValues: {
      code: "" as Schemas["ExceptionCode"],
      ...chosen,
      facts: "",
      consent_status: refused ? "refused" : ("" as Schemas["ConsentStatus"]),
      why_no_consent: "",
      harm_assessment: "",
      restriction: "",
      later_consent_plan: "",
      emergency: false,
      request_record: { requester: "", dated: "", document_number: "" },
    },
  });
  const forget = useKept(form, ["exception", sheet.id], asked.get("to") ? chosen : {});
  const code = useWatch({ control: form.control, name: "code" });
  // The table of codes says who may use which article, and what it demands.
  const own = all.find(({ id }) => id === post.agency_id)?.class;
  const bases = list("exception_code").filter(({ basis }) => basis?.offered && own && basis.classes.includes(own));
  const terms = bases.find((one) => one.code === code)?.basis;
  const there = filled(sheet.content);

  const request = async (): Promise<void> => {
    setBusy(true);
    setSummary(undefined);
    form.clearErrors();
    const { restriction, request_record, emergency, ...rest } = form.getValues();
    const record = terms?.demands.includes("request_record") ? { request_record } : {};
    try {
      const made = await call(
        api.POST("/api/v1/sheets/{id}/exceptions", {
          params: { path: { id: sheet.id }, header: once() },
          body: { ...rest, ...given({ restriction }), ...record, emergency: emergency && Boolean(terms?.emergency) },
        }),
      );
      forget();
      await changed(client);
      announce(e.requested);
      go(`/exceptions/${made.id}`);
    } catch (error) {
      setSummary(refuse(form, error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <FormProvider {...form}>
      <Title name={e.title} />
      <About label={sheet.label} />
      <RiskBadge flags={sheet.content?.risk?.flags} />
      <p>
        <Link href={`/sheets/${sheet.id}`}>{t.sheet.view.title(sheet.number ?? "")}</Link>
      </p>
      <p>{e.intro}</p>
      {refused && <Alert>{e.refusedBefore}</Alert>}
      <form
        className="sheet"
        noValidate
        // Enter also ends a word of an input method, so only the button does the deed.
        onSubmit={(event) => event.preventDefault()}
      >
        <ProblemSummary summary={summary} />
        <section>
          <SelectField
            name="code"
            label={e.code}
            help={e.codeHelp}
            required
            options={bases.map(({ code: value, label, basis }) => ({ code: value, label: `${label}(${basis?.article})` }))}
          />
          <SelectField name="to_agency_id" label={e.to} required options={recipients.map(({ id, name }) => ({ code: id, label: name }))} />
          <ChoiceField name="sections" label={e.sections} help={e.sectionsHelp} required many options={list("section").filter((one) => there.includes(one.code as Schemas["Section"]))} />
        </section>
        <section>
          <TextField name="facts" label={e.facts} help={refused ? e.refusedBefore : e.factsHelp} required rows={5} />
          <ChoiceField name="consent_status" label={e.consent_status} required options={list("consent_status")} />
          <TextField name="why_no_consent" label={e.why_no_consent} required rows={3} />
          <TextField name="harm_assessment" label={e.harm_assessment} help={e.harmHelp} required rows={3} />
          <TextField name="restriction" label={e.restriction} rows={2} />
          <TextField name="later_consent_plan" label={e.later_consent_plan} help={e.planHelp} required rows={3} />
        </section>
        {terms?.demands.includes("request_record") && (
          <section>
            <h2>{e.record}</h2>
            <TextField name="request_record.requester" label={e["record.requester"]} required />
            <DateField name="request_record.dated" label={e["record.dated"]} required />
            <TextField name="request_record.document_number" label={e["record.document_number"]} required size="half" />
          </section>
        )}
        {terms?.emergency && (
          <section>
            <CheckField name="emergency" label={e.emergency} help={e.emergencyHelp} />
          </section>
        )}
        <div className="foot">
          <button type="button" onClick={() => go(`/sheets/${sheet.id}`)}>
            {t.cancel}
          </button>
          <button type="button" className="primary" disabled={busy} onClick={() => void request()}>
            {busy ? t.working : e.go}
          </button>
        </div>
      </form>
    </FormProvider>
  );
}
