import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type FieldError, FormProvider, get, useForm, useFormContext, useWatch } from "react-hook-form";
import { useLocation, useSearch } from "wouter";
import { api, call, once, type Schemas } from "../api/client";
import { now } from "../api/clock";
import { changed, consents as consentsQuery, notices, sheet as sheetQuery, staffOf, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { localTime } from "../sheet/shape";
import { t } from "../texts";
import { AgencyChoice } from "../ui/agencies";
import { useAnnounce } from "../ui/announce";
import { filled } from "../ui/content";
import { DateField } from "../ui/date";
import { CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { useKept } from "../ui/kept";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { isDate } from "../ui/wareki";
import { About } from "../ui/who";
import { Members, membersOf } from "./members";
import { inForce, keyOf, useVariantName } from "./notice";
import { type ConsentForm, grants, requestOf } from "./request";
import { Resident } from "./resident";
import { Said } from "./said";
import { type Drawn, SignatureView, strokesOf } from "./signature";

type Section = Schemas["Section"];

/** Tax, medical and similar secrets: the form asks for each separately. */
const SENSITIVE: readonly Section[] = ["arrears", "health"];

/** Filled in beside the resident, in the order of the talk: the text and the answer, what and to whom, until when, the reading back, the signature. */
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
  const { list } = useLabels();
  const { name } = useAgencies();
  const { post, session } = useSession();
  const texts = useQuery(notices);
  const colleagues = useQuery(staffOf(post.agency_id));
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const [summary, setSummary] = useState<Summary>();
  const [shows, setShows] = useState(false);
  const [signature, setSignature] = useState<{ drawn: Drawn; of: string }>();
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
      members: {},
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
  // The consent is recorded, but its signature is not yet: only the signature is tried again, and nothing can be changed.
  const [recorded, setRecorded] = useState<Schemas["ConsentResponse"]>();
  const agrees = grants(values.decision);
  const lifted = agrees ? (last?.exclusions ?? []).filter((id) => !values.exclusions.includes(id)) : [];
  const represented = values.given_by.kind !== "self";
  const signs = values.method === "signature_pad";
  const witnessed = values.method === "oral" || values.method === "phone" || values.proxy_writer !== "";
  const members =
    agrees && values.sections.includes("household") ? membersOf(sheet.content, values.members).map(({ name: who, own_consent }) => ({ name: who, own_consent })) : [];
  // What is signed: if any of it changes, it must be signed again.
  const { decision, given_by, recipients, exclusions, exclusion_note, allow_onward, allow_report_back, effective_until, follow_up_on } = values;
  const asks = JSON.stringify([shown?.text_hash, given_by.kind, given_by.name, follow_up_on, decision, recipients, values.sections, exclusions, exclusion_note, allow_onward, allow_report_back, effective_until]);
  const signed = signature?.of === asks ? signature.drawn : undefined;
  const missing = (): { name: string; detail: string }[] => [
    ...(decision ? [] : [{ name: "decision", detail: t.consent.decisionMissing }]),
    ...(agrees && values.sections.length === 0 ? [{ name: "sections", detail: t.consent.sectionsMissing }] : []),
    ...(agrees && recipients.agency_ids.length + recipients.classes.length === 0 ? [{ name: "recipients.agency_ids", detail: t.consent.recipientsMissing }] : []),
    ...(lifted.length > 0 && !values.lift_reason.trim() ? [{ name: "lift_reason", detail: t.consent.liftMissing }] : []),
    ...(agrees && effective_until && !isDate(effective_until) ? [{ name: "effective_until", detail: t.date.incomplete }] : []),
    ...(!agrees && follow_up_on && !isDate(follow_up_on) ? [{ name: "follow_up_on", detail: t.date.incomplete }] : []),
    ...(values.identity_check ? [] : [{ name: "identity_check", detail: t.consent.identityMissing }]),
    ...(signs && !signed ? [{ name: "signature", detail: t.consent.signatureMissing }] : []),
  ];
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
    setSummary(undefined);
    form.clearErrors();
    const fields = missing();
    if (fields.length > 0) {
      for (const { name: field, detail } of fields) form.setError(field as "decision", { message: detail });
      setSummary({ text: "", fields });
      return;
    }
    setBusy(true);
    let consent = recorded;
    try {
      consent ??= await call(
        api.POST("/api/v1/sheets/{id}/consents", {
          params: { path: { id: sheet.id }, header: once() },
          body: requestOf(form.getValues(), notice?.id, shown, members, lifted),
        }),
      );
      setRecorded(consent);
      // What is recorded is not begun again, even if its signature does not arrive.
      forget();
      if (signs && signed && shown) {
        await call(
          api.POST("/api/v1/consents/{id}/evidence", {
            params: { path: { id: consent.id }, header: once() },
            body: { signature: { ...strokesOf(signed), text_hash: shown.text_hash } },
          }),
        );
      }
      await changed(client);
      const { witness, state, still_told } = consent;
      const said = witness.state === "awaited" ? t.consent.recordedWitness : state === "effective" ? t.consent.recorded : t.consent.recordedNo;
      announce(still_told.length > 0 ? `${said}${t.consent.stillTold(still_told.map(name).join("、"))}` : said);
      go(`/consents/${consent.id}/next`);
    } catch (error) {
      const refused = refuse(form, error);
      setSummary(consent ? { text: `${t.consent.signatureLost} ${refused.text}`, fields: [] } : refused);
    } finally {
      setBusy(false);
    }
  };

  return (
    <FormProvider {...form}>
      <Title name={t.consent.title} />
      <About label={sheet.label} />
      <RiskBadge flags={sheet.content?.risk?.flags} />
      <form
        className="sheet consent"
        noValidate
        // Enter also ends a word of an input method, so only the button does the deed.
        onSubmit={(event) => event.preventDefault()}
      >
        <ProblemSummary summary={summary} />
        <div inert={recorded !== undefined}>
          <Part title={t.consent.parts.ask}>
            {texts.data && !shown && <p className="error">{t.consent.noticeMissing}</p>}
            <div className="flow">
              {variants.length > 1 && (
                <ChoiceField name="notice_variant" label={t.consent.variant} help={t.consent.variantHelp} required options={variants.map((one) => ({ code: keyOf(one), label: nameOf(one) }))} />
              )}
              <ChoiceField name="decision" label={t.consent.decision} help={t.consent.decisionHelp} required options={list("decision")} />
            </div>
          </Part>
          {agrees && (
            <Part title={t.consent.parts.what}>
              <div className="evenly">
                <ChoiceField name="sections" label={t.consent.sections} required many options={sections} />
              </div>
              {members.length > 0 && <Members content={sheet.content} />}
              <AgencyChoice name="recipients.agency_ids" label={t.consent.recipients} required rank={rank} />
              <div className="folds">
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
              </div>
            </Part>
          )}
          <Part title={agrees ? t.consent.parts.terms : t.consent.parts.follow}>
            {agrees ? (
              <div className="flow">
                <DateField name="effective_until" label={t.consent.effective_until} help={t.consent.untilHelp} />
                <div>
                  <ChoiceField name="allow_onward" label={t.consent.allow_onward} options={list("allow_onward")} />
                  <CheckField name="allow_report_back" label={t.consent.allow_report_back} />
                </div>
              </div>
            ) : (
              <DateField name="follow_up_on" label={t.consent.follow_up_on} help={t.consent.followHelp} />
            )}
          </Part>
          <Part title={t.consent.parts.read}>
            <Said of={values} lifted={lifted} members={members} />
          </Part>
          <Part title={t.consent.parts.how}>
            <div className="flow">
              <ChoiceField name="given_by.kind" label={t.consent.given_by} required options={list("given_by")} />
              <ChoiceField name="identity_check" label={t.consent.identity_check} required options={list("identity_check").map((one) => (one.code === "none" ? { ...one, note: t.consent.identityNone } : one))} />
            </div>
            {represented && (
              <div className="nested row">
                <TextField name="given_by.name" label={t.consent.name} required size="half" />
                <TextField name="given_by.relation" label={t.consent.relation} size="half" />
                <TextField name="given_by.authority_document" label={t.consent.authority_document} required />
                <SelectField name="given_by.subject_intent" label={t.consent.subject_intent} required options={list("subject_intent")} />
                <CheckField name="representative_not_suspected" label={t.consent.notSuspected} help={t.consent.notSuspectedHelp} />
              </div>
            )}
            <div className="flow">
              <ChoiceField name="method" label={t.consent.method} required options={list("consent_method")} />
              <TextField name="obtained_at" label={t.consent.obtained_at} type="datetime-local" required size="half" />
            </div>
            {signs && <Signing drawn={signed} stale={signature !== undefined && !signed} open={() => setShows(true)} />}
            {witnessed && <SelectField name="witness_staff_id" label={t.consent.witness_staff_id} help={t.consent.witnessAny} options={witnesses} />}
            <details open={represented}>
              <summary>{t.consent.special}</summary>
              <div className="inside">
                <TextField name="given_by.capacity_note" label={t.consent.capacity_note} help={t.consent.capacityHelp} rows={2} />
                <TextField name="proxy_writer" label={t.consent.proxy_writer} />
              </div>
            </details>
          </Part>
        </div>
        <div className="foot">
          {shown && !recorded && (
            <button type="button" className="aside" onClick={() => setShows(true)}>
              {t.consent.resident.open}
            </button>
          )}
          <button type="button" onClick={() => go(`/sheets/${sheet.id}`)}>
            {t.cancel}
          </button>
          <button type="button" className="primary" disabled={busy} onClick={() => void record()}>
            {busy ? t.working : t.consent.record}
          </button>
        </div>
      </form>
      {shows && notice && shown && (
        <Resident
          notice={notice}
          variant={shown}
          signs={signs}
          kept={signed}
          keep={(drawn) => setSignature(drawn && { drawn, of: asks })}
          close={() => setShows(false)}
        >
          {decision && <Said of={values} lifted={lifted} />}
        </Resident>
      )}
    </FormProvider>
  );
}

/** The signature as it stands. It is given on the resident's screen. */
function Signing({ drawn, stale, open }: { drawn: Drawn | undefined; stale: boolean; open: () => void }) {
  const { formState } = useFormContext();
  const error = !drawn && (get(formState.errors, "signature") as FieldError | undefined)?.message;
  return (
    <div className="field">
      <p className="label">
        {t.consent.signature} <span className="need must">{t.required}</span>
      </p>
      {drawn && <SignatureView signature={strokesOf(drawn)} />}
      <p role="status">{drawn ? t.consent.signed : stale ? t.consent.signedOther : t.consent.unsigned}</p>
      {error && (
        <p className="error" id="signature-error">
          {error}
        </p>
      )}
      <button type="button" id="signature" aria-describedby={error ? "signature-error" : undefined} onClick={open}>
        {drawn ? t.consent.lookAgain : t.consent.sign}
      </button>
    </div>
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
