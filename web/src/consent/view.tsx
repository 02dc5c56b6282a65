import { useQuery } from "@tanstack/react-query";
import { useWatch } from "react-hook-form";
import { Link } from "wouter";
import { api, call, once, type Schemas } from "../api/client";
import { consent as consentQuery, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Deed, DeedsOf, given } from "../ui/deed";
import { ChoiceField, SelectField, TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { State } from "../ui/state";
import { day, instant } from "../ui/wareki";
import { About } from "../ui/who";
import { Evidence } from "./evidence";
import { membersText } from "./members";
import { useVariantName } from "./notice";
import { useSentence, useThen } from "./sentence";

type Consent = Schemas["ConsentResponse"];

/** One version of the consent: what was agreed, its live state, and what can be done with it. */
export default function ConsentView({ id }: { id: string }) {
  const consent = useQuery(consentQuery(id));
  return <Loaded screen of={consent}>{(found) => <View consent={found} />}</Loaded>;
}

function View({ consent }: { consent: Consent }) {
  const sheet = useQuery(sheetQuery(consent.sheet_id));
  const { post } = useSession();
  const c = t.consent.view;
  return (
    <>
      <Title name={c.title(consent.version)}>
        <State list="consent_state" code={consent.state} />
        {sheet.data?.state === "closed" && c.unused}
      </Title>
      {sheet.data?.content && <About label={sheet.data.label} />}
      <p>
        <Link href={`/sheets/${consent.sheet_id}`}>{c.backToSheet(sheet.data?.number ?? "")}</Link>
      </p>
      <ConsentFacts consent={consent} />
      <div className="actions">
        <Link href={`/consents/${consent.id}/next`} className="button">
          {t.consent.next.print}
        </Link>
      </div>
      <Evidence consent={consent} />
      <Witness consent={consent} />
      <StillTold consent={consent} isOrigin={sheet.data?.origin_agency_id === post.agency_id} />
      <DeedsOf state={consent.can}>{(can) => can.includes("withdraw_consent") && (
        <section className="grave">
          <h2>{t.consent.withdraw.ends}</h2>
          <div className="actions">
            <Withdrawal consent={consent} />
          </div>
        </section>
      )}</DeedsOf>
    </>
  );
}

/** The facts of a consent, as they are read out. */
export function ConsentFacts({ consent }: { consent: Consent }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const sentence = useSentence();
  const then = useThen(consent);
  const nameOf = useVariantName();
  const c = t.consent.view;
  const agrees = consent.decision === "granted" || consent.decision === "partial";
  const { given_by } = consent;
  return (
    <>
      <p className="sentence">
        <strong>{label("decision", consent.decision)}</strong>
        {agrees && (
          <>
            <br />
            {sentence(consent.recipients.agency_ids, consent.recipients.classes, consent.sections, then)}
          </>
        )}
      </p>
      <Facts
        facts={[
          [c.obtained, instant(consent.obtained_at)],
          [c.until, agrees && c.period(day(consent.effective_from), day(consent.effective_until))],
          [c.follow, day(consent.follow_up_on)],
          [c.purpose, label("purpose", consent.purpose)],
          [t.consent.given_by, [label("given_by", given_by.kind), given_by.name, given_by.relation].filter(Boolean).join(" ")],
          [t.consent.authority_document, given_by.authority_document],
          [t.consent.capacity_note, given_by.capacity_note],
          [t.consent.subject_intent, label("subject_intent", given_by.subject_intent)],
          [t.consent.identity_check, label("identity_check", consent.identity_check)],
          [t.consent.method, label("consent_method", consent.method)],
          [t.consent.proxy_writer, consent.proxy_writer],
          [t.consent.shown, consent.notice_variant && nameOf(consent.notice_variant)],
          [t.consent.exclusion_note, consent.exclusion_note],
          [c.witness, c.witnessStates[consent.witness.state]],
          [t.consent.members, membersText(consent.household_members, label)],
          [c.exclusions, consent.exclusions.map(then).join("、")],
          [c.lifted, consent.lifted_exclusions.map(({ agency_id, reason }) => [then(agency_id), reason].filter(Boolean).join(": ")).join("、")],
          [c.onward, agrees && label("allow_onward", consent.allow_onward)],
          [c.reportBack, agrees && (consent.allow_report_back ? c.reportBackYes : c.reportBackNo)],
          [c.recorded, `${instant(consent.recorded_at)} ${name(consent.recorded_agency_id)}`],
        ]}
      />
      {consent.withdrawals.length > 0 && (
        <section>
          <h4>{c.withdrawals}</h4>
          <ul>
            {consent.withdrawals.map((one) => (
              <li key={one.id}>
                {instant(one.at)} {label("withdrawn_by", one.by)} {label("withdrawal_method", one.method)}{" "}
                {one.agency_ids.length + one.sections.length === 0
                  ? c.all
                  : [...one.agency_ids.map(then), ...one.sections.map((code) => label("section", code))].join("、")}{" "}
                {one.reason}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Agencies that still see, by an earlier version, what this newest one does not allow. The person decides whether they may. */
export function StillTold({ consent, isOrigin }: { consent: Consent; isOrigin: boolean }) {
  const { name } = useAgencies();
  const k = t.consent.keep;
  if (consent.still_told.length === 0 || !isOrigin || !(consent.sharing_kept_at || consent.can.includes("keep_sharing"))) return null;
  const help = k.help(consent.still_told.map(name).join("、"));
  return (
    <section className="notice">
      <h2>{k.title}</h2>
      <p>{help}</p>
      <p>
        {k.stop} <Link href={`/sheets/${consent.sheet_id}?tab=consents`}>{k.toSheet}</Link>
      </p>
      {consent.sharing_kept_at ? (
        <p>{k.kept(instant(consent.sharing_kept_at))}</p>
      ) : (
        <div className="actions">
          <Deed
            open={k.open}
            title={k.title}
            help={k.confirm}
            go={k.go}
            done={k.done}
            defaults={{}}
            act={() => call(api.POST("/api/v1/consents/{id}/keep-sharing", { params: { path: { id: consent.id }, header: once() } }))}
          >
            <p>{help}</p>
          </Deed>
        </div>
      )}
    </section>
  );
}

function Witness({ consent }: { consent: Consent }) {
  const { session } = useSession();
  const { label } = useLabels();
  const sentence = useSentence();
  const then = useThen(consent);
  const may = consent.can.includes("witness_consent");
  const waits = consent.witness.state === "awaited";
  const recorded = waits && consent.recorded_by === session.staff.id;
  if (!may && !recorded) return null;
  const heard = may && consent.heard_by_staff_id === session.staff.id && !consent.heard_confirmed_at;
  const w = heard ? t.consent.heard : consent.recorded_by ? t.consent.witness : t.consent.confirm;
  const answer = (confirmed: boolean) => () =>
    call(
      api.POST("/api/v1/consents/{id}/witness", {
        params: { path: { id: consent.id }, header: once() },
        body: { confirmed },
      }),
    );
  const said = (
    <p className="sentence">
      <strong>{label("decision", consent.decision)}</strong>
      <br />
      {sentence(consent.recipients.agency_ids, consent.recipients.classes, consent.sections, then)}
    </p>
  );
  return (
    <section className="notice">
      <h2>{w.title}</h2>
      {recorded ? (
        <p>{w.notSelf}</p>
      ) : (
        <>
          <p>{w.help}</p>
          {said}
          <div className="actions">
            <Deed open={w.no} title={w.no} help={w.help} go={w.no} done={w.done} defaults={{}} act={answer(false)}>
              {said}
            </Deed>
            <Deed primary open={w.yes} title={w.title} help={w.help} go={w.yes} done={w.done} defaults={{}} act={answer(true)}>
              {said}
            </Deed>
          </div>
        </>
      )}
    </section>
  );
}

interface WithdrawalForm {
  by: Schemas["WithdrawnBy"];
  method: Schemas["WithdrawalMethod"];
  reason: string;
  extent: string;
  agency_ids: string[];
  sections: Schemas["Section"][];
}

/** The agencies and sections of a partial withdrawal. If none are named, an empty list is sent, which the service refuses: no list means all. */
function partOf(agency_ids: string[], sections: Schemas["Section"][]): Pick<Schemas["WithdrawalRequest"], "agency_ids" | "sections"> {
  if (agency_ids.length + sections.length === 0) return { agency_ids };
  return { ...(agency_ids.length > 0 ? { agency_ids } : {}), ...(sections.length > 0 ? { sections } : {}) };
}

/** The person withdraws the consent, wholly or in part. */
export function Withdrawal({ consent }: { consent: Consent }) {
  const { list } = useLabels();
  const w = t.consent.withdraw;
  return (
    <Deed<WithdrawalForm>
      open={w.open}
      title={w.title}
      help={w.help}
      go={w.go}
      done={w.done}
      defaults={{ by: "self", method: "oral", reason: "", extent: "all", agency_ids: [], sections: [] }}
      act={({ by, method, reason, extent, agency_ids, sections }) =>
        call(
          api.POST("/api/v1/consents/{id}/withdrawal", {
            params: { path: { id: consent.id }, header: once() },
            body: given({ by, method, reason, ...(extent === "part" ? partOf(agency_ids, sections) : {}) }),
          }),
        )
      }
    >
      <ChoiceField
        name="extent"
        label={w.extent}
        required
        options={[
          { code: "all", label: w.all },
          { code: "part", label: w.part },
        ]}
      />
      <Partly consent={consent} />
      <SelectField name="by" label={w.by} required options={list("withdrawn_by")} />
      <SelectField name="method" label={w.method} required options={list("withdrawal_method")} />
      <TextField name="reason" label={w.reason} help={w.reasonHelp} rows={2} />
    </Deed>
  );
}

function Partly({ consent }: { consent: Consent }) {
  const then = useThen(consent);
  const { label } = useLabels();
  const extent = useWatch<WithdrawalForm, "extent">({ name: "extent" });
  if (extent !== "part") return null;
  const w = t.consent.withdraw;
  return (
    <div className="nested">
      <ChoiceField name="agency_ids" label={w.agencies} help={w.partHelp} many options={consent.recipients.agency_ids.map((id) => ({ code: id, label: then(id) }))} />
      <ChoiceField name="sections" label={w.sections} many options={consent.sections.map((code) => ({ code, label: label("section", code) }))} />
    </div>
  );
}
