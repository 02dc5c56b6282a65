import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { Link, useLocation, useSearch } from "wouter";
import { api, call, once, Problem, type Schemas } from "../api/client";
import { changed, consents as consentsQuery, exception as exceptionQuery, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { useSentence } from "../consent/sentence";
import { useSession } from "../session/session";
import { t } from "../texts";
import { AgencyChoice } from "../ui/agencies";
import { Alert } from "../ui/alert";
import { useAnnounce } from "../ui/announce";
import { filled } from "../ui/content";
import { DateField } from "../ui/date";
import { ChoiceField, TextField } from "../ui/field";
import { useKept } from "../ui/kept";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { About } from "../ui/who";
import { basisOf } from "./basis";
import { Members, unconsented } from "./members";
import { OVER } from "./moves";
import { OwnOnes } from "./own";
import { type Plan, plansOf, type RelayForm, sameContent, unexplainedIn } from "./plan";
import { Previews, type Seen } from "./preview";

type Section = Schemas["Section"];

/** Picks recipients and sections, shows exactly what each recipient will see, and sends. */
export default function RelayScreen({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  const consents = useQuery(consentsQuery(id));
  const named = new URLSearchParams(useSearch()).get("exception");
  const exception = useQuery({ ...exceptionQuery(named ?? ""), enabled: named !== null });
  if (named !== null && exception.data === undefined) return <Loaded screen of={exception}>{() => null}</Loaded>;
  return (
    <Loaded screen of={sheet}>
      {(found) => (
        <Loaded screen of={consents}>
          {({ items }) => <Form key={named} sheet={found} consents={items} exception={exception.data} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Form({
  sheet,
  consents,
  exception,
}: {
  sheet: Schemas["SheetResponse"];
  consents: readonly Schemas["ConsentResponse"][];
  /** The exception on which the relay rests in place of a consent: it names one recipient and its sections. */
  exception: Schemas["ExceptionResponse"] | undefined;
}) {
  const asked = new URLSearchParams(useSearch());
  const { name } = useAgencies();
  const { label, list } = useLabels();
  const { post } = useSession();
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const consent = basisOf(consents);
  const basis = exception ? { exception_id: exception.id } : consent && { consent_id: consent.id };
  const covered = consent?.state === "effective" ? consent.sections : [];
  const there = filled(sheet.content);
  const form = useForm<RelayForm>({
    shouldFocusError: false,
    defaultValues: {
      to: exception ? [exception.to_agency_id] : (asked.get("to")?.split(",") ?? []),
      sections: exception ? exception.sections : [],
      request: "",
      own: {},
      urgency: sheet.urgency ?? "normal",
      handover: "system",
      reply_due: "",
    },
  });
  const sentence = useSentence();
  const forget = useKept(form, ["relay", sheet.id, asked.get("parent") ?? "", exception?.id ?? ""], asked.get("to") ? { to: asked.get("to")?.split(",") } : {});
  const values = useWatch({ control: form.control }) as RelayForm;
  const [seen, setSeen] = useState<{ all: readonly Seen[]; round: number }>({ all: [], round: 0 });
  const [summary, setSummary] = useState<Summary>();
  const [busy, setBusy] = useState(false);
  // An agency that is not the origin passes the sheet on under the relay that it accepted.
  const parent = sheet.origin_agency_id === post.agency_id ? undefined : (asked.get("parent") ?? sheet.onward_from ?? undefined);
  const plans = plansOf(values, sheet.content);
  // A preview counts as long as it shows what would be told; one recipient's change leaves the others' previews alone.
  const current = plans.flatMap((plan) => {
    const one = seen.all.find((known) => sameContent(known.plan, plan));
    return one ? [{ plan, preview: one.preview }] : [];
  });
  const sendable = current.filter(({ preview }) => preview.allowed && preview.missing.length === 0);
  const ready = sendable.length > 0 && current.length === plans.length;

  const look = async (plan: Plan): Promise<Seen> => {
    const { to_agency_id, sections, request, household_members } = plan;
    const preview = await call(
      api.POST("/api/v1/sheets/{id}/relays/preview", {
        params: { path: { id: sheet.id } },
        body: { to_agency_id, sections, purpose: "support_referral", request, household_members, ...(exception ? { basis } : {}), ...(parent ? { parent_relay_id: parent } : {}) },
      }),
    );
    return { plan, preview };
  };
  /** The refusal of one recipient's relay, at its own fields and with its name if there are others. */
  const why = ({ to_agency_id, at }: Plan, error: unknown): Summary => {
    const { text, fields } = refuse(form, error, (field) => (/^(sections|request|members)\b/.test(field) ? at + field : field));
    const said = isOutdated(error) ? t.relay.outdated : text;
    return { text: plans.length > 1 ? t.relay.why(name(to_agency_id), said) : said, fields };
  };
  const show = async (): Promise<void> => {
    setSummary(undefined);
    form.clearErrors();
    const missing = [
      ...(values.to.length === 0 ? [{ name: "to", detail: t.relay.noRecipient }] : []),
      ...(values.to.length === 0 && values.sections.length === 0 ? [{ name: "sections", detail: t.relay.noSection }] : []),
      ...[...new Set(plans.filter(({ sections }) => sections.length === 0).map(({ at }) => at))].map((at) => ({ name: `${at}sections`, detail: t.relay.noSection })),
      ...unexplainedIn(values, plans, sheet.content),
    ];
    if (missing.length > 0) {
      for (const { name: field, detail } of missing) form.setError(field as "to", { message: detail });
      setSummary({ text: "", fields: missing });
      return;
    }
    setBusy(true);
    const found: Seen[] = [];
    const refused: Summary[] = [];
    for (const plan of plans) {
      try {
        found.push(await look(plan));
      } catch (error) {
        refused.push(why(plan, error));
      }
    }
    setSeen(({ round }) => ({ all: found, round: round + 1 }));
    if (refused.length > 0) setSummary(together(refused));
    setBusy(false);
  };
  /** Sends each relay by itself, so that one that is refused holds up none: it stays in the form with its reason. */
  const send = async (): Promise<void> => {
    if (!basis) return;
    setBusy(true);
    setSummary(undefined);
    form.clearErrors();
    const { urgency, handover, reply_due } = form.getValues();
    const sent: string[] = [];
    const refused: Summary[] = [];
    let stay: readonly Seen[] = current;
    for (const { plan, preview } of sendable) {
      const { to_agency_id, sections, request, household_members } = plan;
      try {
        await call(
          api.POST("/api/v1/sheets/{id}/relays", {
            params: { path: { id: sheet.id }, header: once() },
            body: {
              to_agency_id,
              sections,
              purpose: "support_referral",
              request,
              urgency,
              handover,
              disclosure_digest: preview.disclosure_digest,
              basis,
              household_members,
              ...(reply_due ? { reply_due } : {}),
              ...(parent ? { parent_relay_id: parent } : {}),
            },
          }),
        );
        sent.push(to_agency_id);
        stay = stay.filter((one) => one.plan !== plan);
      } catch (error) {
        refused.push(why(plan, error));
        // The service is away for the others as well.
        if (!(error instanceof Problem)) break;
        if (isOutdated(error) || error.refusals.length > 0) {
          // If that fails as well, the button offers the preview again.
          const again = await look(plan).then((one) => [one], () => []);
          stay = stay.flatMap((one) => (one.plan === plan ? again : [one]));
        }
      }
    }
    const names = sent.map(name).join("、");
    const rest = values.to.filter((one) => !sent.includes(one));
    if (rest.length === 0) forget();
    else form.setValue("to", rest);
    setSeen(({ round }) => ({ all: stay, round: round + 1 }));
    if (refused.length > 0) setSummary(together(sent.length > 0 ? [{ text: t.relay.partly(names), fields: [] }, ...refused] : refused));
    await changed(client);
    setBusy(false);
    if (refused.length === 0) announce(t.relay.sent(names));
    if (rest.length === 0) go(`/sheets/${sheet.id}`);
  };
  /** Moves the focus to the button of the next step, which stays when what was pressed disappears. */
  const onward = (): void => document.getElementById("next")?.focus();

  const topics = sheet.content?.topics?.codes ?? [];
  const named = consent?.state === "effective" ? consent.recipients.agency_ids : [];
  // These marks only warn; the service decides.
  const excluded = consents.toSorted((a, b) => b.version - a.version)[0]?.exclusions ?? [];
  const underWay = (id: string): string | undefined => {
    const open = sheet.way?.findLast((step) => step.to_agency_id === id && !OVER.includes(step.state));
    return open && t.relay.underWay(label("relay_state", open.state));
  };
  const rank = (agency: Schemas["AgencyResponse"]): number =>
    (named.includes(agency.id) ? 100 : 0) + agency.topics.filter((code) => topics.includes(code)).length;
  const sections = list("section")
    .filter(({ code }) => there.includes(code as Section))
    .map((one) => ({ ...one, note: covered.includes(one.code as Section) ? t.relay.consented : t.relay.notConsented }));
  const agreed = sections.filter(({ code }) => covered.includes(code as Section)).map(({ code }) => code as Section);
  return (
    <FormProvider {...form}>
      <Title name={parent ? t.relay.onwardTitle : t.relay.title} />
      <About label={sheet.label} />
      <RiskBadge flags={sheet.content?.risk?.flags} />
      <p>
        <Link href={`/sheets/${sheet.id}`}>{t.sheet.view.title(sheet.number ?? "")}</Link>
      </p>
      {exception && (
        <p className="notice bad" role="note">
          <strong>{t.exception.relayTitle(label("exception_code", exception.code))}</strong> {t.exception.relayFixed}
          <br />
          {sentence([exception.to_agency_id], [], exception.sections)}
        </p>
      )}
      {!basis && (
        <Alert>
          {t.relay.noConsent} <Link href={`/sheets/${sheet.id}/consent`}>{t.sheet.view.consent}</Link>
        </Alert>
      )}
      <form
        className="sheet"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // A key that is pressed in a field at most shows the preview: only the button sends.
          if (!ready) void show();
        }}
      >
        <ProblemSummary summary={summary} />
        {/* Whatever is changed while it is being sent would not go with it. */}
        <section inert={busy}>
          {!exception && (
            <>
              <AgencyChoice
                name="to"
                label={t.relay.recipients}
                help={t.relay.recipientsHelp}
                required
                rank={rank}
                note={({ id }) => [sheet.holder_agency_id === id && t.sheet.way.now, named.includes(id) && t.relay.consented, excluded.includes(id) && t.relay.excluded, underWay(id)].filter(Boolean).join("、")}
              />
              <ChoiceField name="sections" label={t.relay.sections} help={t.relay.sectionsHelp} required many options={sections} />
              {agreed.length > 0 && (
                <p>
                  <button type="button" onClick={() => form.setValue("sections", agreed)}>
                    {t.relay.allAgreed}
                  </button>
                </p>
              )}
            </>
          )}
          <Members members={values.sections.includes("household") ? unconsented(sheet.content) : []} />
          <TextField name="request" label={t.relay.request} help={t.relay.requestHelp} required rows={3} />
          <OwnOnes sections={sections} members={unconsented(sheet.content)} />
          <ChoiceField name="handover" label={t.relay.handover} required options={list("handover")} />
          <div className="beside">
            <ChoiceField name="urgency" label={t.relay.urgency} required options={list("urgency")} />
            <DateField name="reply_due" label={t.relay.reply_due} help={t.relay.dueHelp} />
          </div>
        </section>
        {seen.all.length > 0 && current.length < plans.length && <p className="notice">{t.relay.stale}</p>}
        {current.length > 0 && (
          <Previews
            key={seen.round}
            sheet_id={sheet.id}
            seen={current}
            consent={consent}
            focus={!summary}
            drop={(agency) => {
              form.setValue("to", values.to.filter((one) => one !== agency));
              onward();
            }}
            keep={({ at }, kept) => {
              form.setValue(`${at}sections` as "sections", kept);
              onward();
            }}
          />
        )}
        <div className="foot">
          <button type="button" onClick={() => go(`/sheets/${sheet.id}`)}>
            {t.cancel}
          </button>
          <button type={ready ? "button" : "submit"} id="next" className="primary" disabled={busy} onClick={() => ready && void send()}>
            {busy ? t.working : ready ? t.relay.send(sendable.length, plans.length) : t.relay.preview}
          </button>
        </div>
      </form>
    </FormProvider>
  );
}

function isOutdated(error: unknown): boolean {
  return error instanceof Problem && error.kind === "preview-outdated";
}

/** Several refusals as one; what concerns all of them is said once. */
function together(all: readonly Summary[]): Summary {
  const fields = new Map(all.flatMap((one) => one.fields).map((field) => [field.name, field]));
  return { text: [...new Set(all.map(({ text }) => text))].join(" "), fields: [...fields.values()] };
}
