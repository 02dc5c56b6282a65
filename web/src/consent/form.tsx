import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { useLocation, useSearch } from "wouter";
import { api, call, once, type Schemas } from "../api/client";
import { now } from "../api/clock";
import { changed, consents as consentsQuery, notices, sheet as sheetQuery, staffOf, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { instantOf, localTime } from "../sheet/shape";
import { t } from "../texts";
import { AgencyChoice } from "../ui/agencies";
import { useAnnounce } from "../ui/announce";
import { Facts, filled } from "../ui/content";
import { DateField } from "../ui/date";
import { Dialog } from "../ui/dialog";
import { CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { useKept } from "../ui/kept";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { Loaded, Title } from "../ui/screen";
import { day, isDate } from "../ui/wareki";
import { About } from "../ui/who";
import { inForce, keyOf, Told, useVariantName, type Variant } from "./notice";
import { type Pad, SignatureField } from "./signature";
import { useSentence } from "./sentence";

type Request = Schemas["ConsentRequest"];
type Section = Schemas["Section"];

/** Tax, medical and similar secrets: the form asks for each separately. */
const SENSITIVE: readonly Section[] = ["arrears", "health"];

interface ConsentForm {
  decision: Schemas["Decision"];
  given_by: { kind: Schemas["GivenByKind"]; name: string; relation: string; authority_document: string; capacity_note: string; subject_intent: string };
  identity_check: Schemas["IdentityCheck"];
  method: Schemas["ConsentMethod"];
  proxy_writer: string;
  witness_staff_id: string;
  /** Kind and language of the text that was shown. */
  notice_variant: string;
  exclusion_note: string;
  representative_not_suspected: boolean;
  sections: Section[];
  recipients: { agency_ids: string[]; classes: Schemas["AgencyClass"][] };
  exclusions: string[];
  /** Why an agency that was excluded may be told now. */
  lift_reason: string;
  allow_onward: Schemas["AllowOnward"];
  allow_report_back: boolean;
  obtained_at: string;
  effective_until: string;
  follow_up_on: string;
}

/** The request, without empty fields. `lifted` are agencies that were excluded before, and are no longer among the exclusions. */
function requestOf(form: ConsentForm, notice_id: string | undefined, shown: Variant | undefined, lifted: readonly string[]): Request {
  const optional = <T,>(value: T): T | undefined => (value === "" ? undefined : value);
  const agrees = form.decision === "granted" || form.decision === "partial";
  const { kind, name, relation, authority_document, capacity_note, subject_intent } = form.given_by;
  return {
    decision: form.decision,
    given_by: {
      kind,
      name: optional(name),
      relation: optional(relation),
      authority_document: optional(authority_document),
      capacity_note: optional(capacity_note),
      subject_intent: optional(subject_intent) as Schemas["SubjectIntent"] | undefined,
    },
    identity_check: form.identity_check,
    method: form.method,
    proxy_writer: optional(form.proxy_writer),
    witness_staff_id: optional(form.witness_staff_id),
    notice_id,
    notice_variant: shown && { kind: shown.kind, language: shown.language },
    exclusion_note: optional(form.exclusion_note),
    representative_not_suspected: kind !== "self" && form.representative_not_suspected,
    purpose: "support_referral",
    sections: agrees ? form.sections : [],
    recipients: agrees ? form.recipients : { agency_ids: [], classes: [] },
    exclusions: form.exclusions,
    lifted_exclusions: lifted.map((agency_id) => ({ agency_id, reason: form.lift_reason })),
    allow_onward: form.allow_onward,
    allow_report_back: form.allow_report_back,
    obtained_at: instantOf(form.obtained_at),
    effective_until: optional(form.effective_until),
    follow_up_on: agrees ? undefined : optional(form.follow_up_on),
  };
}

/** Filled in beside the resident: the text, the decision, who, what and how. It is read back before it is recorded. */
export default function ConsentScreen({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  const consents = useQuery(consentsQuery(id));
  return (
    <Loaded screen of={sheet}>
      {(found) => <Loaded screen of={consents}>{({ items }) => <Form sheet={found} last={items.toSorted((a, b) => b.version - a.version)[0]} />}</Loaded>}
    </Loaded>
  );
}

/** `last` is the earlier consent, if there is one: its exclusions stay unless they are lifted, so that none is lost by forgetting to ask. */
function Form({ sheet, last }: { sheet: Schemas["SheetResponse"]; last: Schemas["ConsentResponse"] | undefined }) {
  const asked = new URLSearchParams(useSearch());
  const { label, list } = useLabels();
  const { name } = useAgencies();
  const { post, session } = useSession();
  const texts = useQuery(notices);
  const colleagues = useQuery(staffOf(post.agency_id));
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const sentence = useSentence();
  const [summary, setSummary] = useState<Summary>();
  const [reading, setReading] = useState(false);
  const [unsigned, setUnsigned] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useForm<ConsentForm>({
    shouldFocusError: false,
    defaultValues: {
      // Nothing is chosen in advance.
      decision: "" as Schemas["Decision"],
      given_by: { kind: "self", name: "", relation: "", authority_document: "", capacity_note: "", subject_intent: "" },
      identity_check: "" as Schemas["IdentityCheck"],
      method: "signature_paper",
      proxy_writer: "",
      witness_staff_id: "",
      notice_variant: "standard ja",
      exclusion_note: last?.exclusion_note ?? "",
      representative_not_suspected: false,
      sections: (asked.get("sections")?.split(",") ?? []) as Section[],
      recipients: { agency_ids: asked.get("agencies")?.split(",") ?? [], classes: [] },
      exclusions: last?.exclusions ?? [],
      lift_reason: "",
      allow_onward: "named",
      allow_report_back: true,
      obtained_at: localTime(now()),
      effective_until: "",
      follow_up_on: "",
    },
  });
  const before = Boolean(last && (last.exclusions.length > 0 || last.exclusion_note));
  const forget = useKept(form, ["consent", sheet.id], asked.get("sections") ? { sections: asked.get("sections")?.split(",") as Section[], recipients: { agency_ids: asked.get("agencies")?.split(",") ?? [], classes: [] } } : {});
  const values = useWatch({ control: form.control }) as ConsentForm;
  // A paper that was signed on an earlier day was signed under that day's text.
  const notice = inForce(texts.data?.items, values.obtained_at.slice(0, "2026-11-20".length) || undefined);
  const variants = notice?.variants ?? [];
  const shown = variants.find((one) => keyOf(one) === values.notice_variant) ?? variants[0];
  const nameOf = useVariantName();
  const pad = useRef<Pad>(null);
  // The consent is recorded, but its signature is not yet: only the signature is tried again.
  const given = useRef<Schemas["ConsentResponse"]>(undefined);
  const agrees = values.decision !== "refused" && values.decision !== "pending";
  const lifted = agrees ? (last?.exclusions ?? []).filter((id) => !values.exclusions.includes(id)) : [];
  const represented = values.given_by.kind !== "self";
  const signs = values.method === "signature_pad";
  const read = (): void => {
    setSummary(undefined);
    setUnsigned(false);
    form.clearErrors();
    const nobody = values.recipients.agency_ids.length + values.recipients.classes.length === 0;
    const noSignature = signs && !pad.current?.strokes();
    const missing = [
      ...(values.decision ? [] : [{ name: "decision", detail: t.consent.decisionMissing }]),
      ...(agrees && nobody ? [{ name: "recipients.agency_ids", detail: t.consent.recipientsMissing }] : []),
      ...(agrees && values.sections.length === 0 ? [{ name: "sections", detail: t.consent.sectionsMissing }] : []),
      ...(lifted.length > 0 && !values.lift_reason.trim() ? [{ name: "lift_reason", detail: t.consent.liftMissing }] : []),
      ...(values.identity_check ? [] : [{ name: "identity_check", detail: t.consent.identityMissing }]),
      ...(agrees && values.effective_until && !isDate(values.effective_until) ? [{ name: "effective_until", detail: t.date.incomplete }] : []),
      ...(noSignature ? [{ name: "signature", detail: t.consent.signatureMissing }] : []),
    ];
    if (missing.length > 0) {
      for (const { name, detail } of missing) form.setError(name as "decision", { message: detail });
      setUnsigned(noSignature);
      setSummary({ text: "", fields: missing });
      return;
    }
    setReading(true);
  };
  const topics = sheet.content?.topics?.codes ?? [];
  const rank = (agency: Schemas["AgencyResponse"]): number => agency.topics.filter((code) => topics.includes(code)).length;
  const there = filled(sheet.content);
  const sections = list("section")
    .filter(({ code }) => !["history", "attachments"].includes(code) || there.includes(code as Section))
    .map((one) => ({
      ...one,
      note: SENSITIVE.includes(one.code as Section) ? t.consent.sensitive : there.includes(one.code as Section) ? undefined : t.consent.blank,
    }));
  const witnesses = (colleagues.data?.items ?? []).filter((one) => one.id !== session.staff.id).map(({ id, name }) => ({ code: id, label: name }));

  const record = async (): Promise<void> => {
    setBusy(true);
    setSummary(undefined);
    form.clearErrors();
    try {
      given.current ??= await call(
        api.POST("/api/v1/sheets/{id}/consents", {
          params: { path: { id: sheet.id }, header: once() },
          body: requestOf(form.getValues(), notice?.id, shown, lifted),
        }),
      );
      const signature = signs ? pad.current?.strokes() : undefined;
      if (signature && shown) {
        await call(
          api.POST("/api/v1/consents/{id}/evidence", {
            params: { path: { id: given.current.id }, header: once() },
            body: { signature: { ...signature, text_hash: shown.text_hash } },
          }),
        );
      }
      forget();
      await changed(client);
      const { witness, state, still_told } = given.current;
      const said = witness.state === "awaited" ? t.consent.recordedWitness : state === "effective" ? t.consent.recorded : t.consent.recordedNo;
      announce(still_told.length > 0 ? `${said}${t.consent.stillTold(still_told.map(name).join("、"))}` : said);
      go(`/sheets/${sheet.id}`);
    } catch (error) {
      setReading(false);
      const refused = refuse(form, error);
      setSummary(given.current ? { text: `${t.consent.signatureLost} ${refused.text}`, fields: [] } : refused);
    } finally {
      setBusy(false);
    }
  };

  return (
    <FormProvider {...form}>
      <Title name={t.consent.title} />
      <About label={sheet.label} />
      <p>
        {t.sheet.view.title(sheet.number ?? "")} {t.consent.intro}
      </p>
      <form
        className="sheet"
        noValidate
        // Enter also ends a word of an input method, so only the button does the deed.
        onSubmit={(event) => event.preventDefault()}
      >
        <ProblemSummary summary={summary} />
        <Part title={t.consent.parts.notice}>
          {variants.length > 1 && (
            <ChoiceField name="notice_variant" label={t.consent.variant} help={t.consent.variantHelp} required options={variants.map((one) => ({ code: keyOf(one), label: nameOf(one) }))} />
          )}
          {notice && shown ? <Told notice={notice} variant={shown} /> : texts.data && <p className="error">{t.consent.noticeMissing}</p>}
        </Part>
        <Part title={t.consent.parts.decision}>
          <ChoiceField name="decision" label={t.consent.decision} help={t.consent.decisionHelp} required options={list("decision")} />
          {!agrees && (
            <>
              <p className="notice">{t.consent.withoutConsent}</p>
              <DateField name="follow_up_on" label={t.consent.follow_up_on} help={t.consent.followHelp} />
            </>
          )}
        </Part>
        {agrees && (
          <>
            <Part title={t.consent.parts.recipients}>
              <AgencyChoice name="recipients.agency_ids" label={t.consent.recipients} help={t.consent.recipientsHelp} required rank={rank} />
              <details>
                <summary>{t.consent.classes}</summary>
                <div className="inside">
                  <ChoiceField name="recipients.classes" label={t.consent.classes} help={t.consent.classesHelp} many options={list("agency_class")} />
                </div>
              </details>
              <details open={before}>
                <summary>{t.consent.exclusions}</summary>
                <div className="inside">
                  <AgencyChoice name="exclusions" label={t.consent.exclusions} help={before ? t.consent.exclusionsBefore : undefined} rank={rank} />
                  {lifted.length > 0 && <TextField name="lift_reason" label={t.consent.lift(lifted.map(name).join("、"))} help={t.consent.liftHelp} required rows={2} limit={300} />}
                  <TextField name="exclusion_note" label={t.consent.exclusion_note} rows={2} />
                </div>
              </details>
            </Part>
            <Part title={t.consent.parts.sections}>
              <ChoiceField name="sections" label={t.consent.sections} help={t.consent.sectionsHelp} required many options={sections} />
              <p className="sentence" aria-live="polite">
                {sentence(values.recipients.agency_ids, values.recipients.classes, values.sections)}
              </p>
            </Part>
          </>
        )}
        <Part title={t.consent.parts.how}>
          <ChoiceField name="given_by.kind" label={t.consent.given_by} required options={list("given_by")} />
          {represented && (
            <div className="nested row">
              <TextField name="given_by.name" label={t.consent.name} required size="half" />
              <TextField name="given_by.relation" label={t.consent.relation} size="half" />
              <TextField name="given_by.authority_document" label={t.consent.authority_document} required />
              <SelectField name="given_by.subject_intent" label={t.consent.subject_intent} required options={list("subject_intent")} />
              <CheckField name="representative_not_suspected" label={t.consent.notSuspected} help={t.consent.notSuspectedHelp} />
            </div>
          )}
          <details open={represented}>
            <summary>{t.consent.capacity_note}</summary>
            <div className="inside">
              <TextField name="given_by.capacity_note" label={t.consent.capacity_note} help={t.consent.capacityHelp} rows={2} />
            </div>
          </details>
          <ChoiceField name="identity_check" label={t.consent.identity_check} help={t.consent.identityHelp} required options={list("identity_check")} />
          <ChoiceField
            name="method"
            label={t.consent.method}
            help={t.consent.methodHelp}
            required
            options={list("consent_method")}
          />
          {signs && <SignatureField key={shown?.text_hash} pad={pad} error={unsigned ? t.consent.signatureMissing : undefined} />}
          {(values.method === "oral" || values.method === "phone" || values.proxy_writer !== "") && (
            <SelectField name="witness_staff_id" label={t.consent.witness_staff_id} help={t.consent.witnessAny} options={witnesses} />
          )}
          <TextField name="proxy_writer" label={t.consent.proxy_writer} />
        </Part>
        <Part title={t.consent.parts.terms}>
          {agrees && (
            <>
              <ChoiceField name="allow_onward" label={t.consent.allow_onward} options={list("allow_onward")} />
              <CheckField name="allow_report_back" label={t.consent.allow_report_back} />
              <DateField name="effective_until" label={t.consent.effective_until} help={t.consent.untilHelp} />
            </>
          )}
          <TextField name="obtained_at" label={t.consent.obtained_at} type="datetime-local" required size="half" />
        </Part>
        <div className="foot">
          <button type="button" onClick={() => go(`/sheets/${sheet.id}`)}>
            {t.cancel}
          </button>
          <button type="button" className="primary" onClick={read}>
            {t.consent.check}
          </button>
        </div>
      </form>
      {reading && (
        <Dialog title={t.consent.readBack} close={() => setReading(false)}>
          <p>{t.consent.readBackHelp}</p>
          <p className="sentence">
            <strong>{list("decision").find(({ code }) => code === values.decision)?.label}</strong>
            {agrees && (
              <>
                <br />
                {sentence(values.recipients.agency_ids, values.recipients.classes, values.sections)}
              </>
            )}
          </p>
          <Facts
            facts={[
              [t.consent.given_by, [label("given_by", values.given_by.kind), values.given_by.name].filter(Boolean).join(" ")],
              [t.consent.method, label("consent_method", values.method)],
              [t.consent.view.exclusions, agrees && values.exclusions.map(name).join("、")],
              [t.consent.view.lifted, lifted.map(name).join("、")],
              [t.consent.exclusion_note, agrees && values.exclusion_note],
              [t.consent.view.onward, agrees && label("allow_onward", values.allow_onward)],
              [t.consent.effective_until, agrees && day(values.effective_until)],
              [t.consent.view.reportBack, agrees && (values.allow_report_back ? t.consent.view.reportBackYes : t.consent.view.reportBackNo)],
            ]}
          />
          <div className="actions">
            <button type="button" onClick={() => setReading(false)}>
              {t.consent.mend}
            </button>
            <button type="button" className="primary" disabled={busy} onClick={() => void record()}>
              {busy ? t.working : t.consent.record}
            </button>
          </div>
        </Dialog>
      )}
    </FormProvider>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
