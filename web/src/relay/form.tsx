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
import { Loaded, Title } from "../ui/screen";
import { About } from "../ui/who";
import { basisOf } from "./basis";
import { type Chosen, decisions, Members, unconsented, unexplained } from "./members";
import { Previews, type Seen } from "./preview";

type Section = Schemas["Section"];

interface RelayForm {
  to: string[];
  sections: Section[];
  request: string;
  urgency: Schemas["Urgency"];
  handover: Schemas["Handover"];
  reply_due: string;
  members?: Chosen;
}

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
      sections: exception ? exception.sections : there.filter((section) => covered.includes(section)),
      request: "",
      urgency: sheet.urgency ?? "normal",
      handover: "system",
      reply_due: "",
    },
  });
  const sentence = useSentence();
  const forget = useKept(form, ["relay", sheet.id, asked.get("parent") ?? "", exception?.id ?? ""], asked.get("to") ? { to: asked.get("to")?.split(",") } : {});
  const values = useWatch({ control: form.control }) as RelayForm;
  const [seen, setSeen] = useState<Seen[]>([]);
  const [looked, setLooked] = useState("");
  const [summary, setSummary] = useState<Summary>();
  const [busy, setBusy] = useState(false);
  // An agency that is not the origin passes the sheet on under the relay that it accepted.
  const parent = sheet.origin_agency_id === post.agency_id ? undefined : (asked.get("parent") ?? sheet.onward_from ?? undefined);
  const members = values.sections.includes("household") ? unconsented(sheet.content) : [];
  const household_members = decisions(values.members, members);
  const choice = JSON.stringify([values.to, values.sections, household_members]);
  const current = looked === choice && seen.length > 0;

  const look = async (to: readonly string[]): Promise<Seen[]> => {
    const found: Seen[] = [];
    for (const to_agency_id of to) {
      const preview = await call(
        api.POST("/api/v1/sheets/{id}/relays/preview", {
          params: { path: { id: sheet.id } },
          body: { to_agency_id, sections: values.sections, purpose: "support_referral", request: values.request, household_members, ...(exception ? { basis } : {}), ...(parent ? { parent_relay_id: parent } : {}) },
        }),
      );
      found.push({ to_agency_id, preview });
    }
    return found;
  };
  const show = async (): Promise<void> => {
    setSummary(undefined);
    form.clearErrors();
    const missing = [
      ...(values.to.length === 0 ? [{ name: "to", detail: t.relay.noRecipient }] : []),
      ...(values.sections.length === 0 ? [{ name: "sections", detail: t.relay.noSection }] : []),
      ...unexplained(values.members, members),
    ];
    if (missing.length > 0) {
      for (const { name: field, detail } of missing) form.setError(field as "to", { message: detail });
      setSummary({ text: "", fields: missing });
      return;
    }
    setBusy(true);
    try {
      setSeen(await look(values.to));
      setLooked(choice);
    } catch (error) {
      setSummary(refuse(form, error));
    } finally {
      setBusy(false);
    }
  };
  const send = async (): Promise<void> => {
    if (!basis) return;
    setBusy(true);
    setSummary(undefined);
    form.clearErrors();
    const sent: string[] = [];
    try {
      for (const { to_agency_id, preview } of seen) {
        const { request, urgency, handover, reply_due, sections } = form.getValues();
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
      }
      forget();
      await changed(client);
      announce(t.relay.sent(sent.map(name).join("、")));
      go(`/sheets/${sheet.id}`);
    } catch (error) {
      const refused = refuse(form, error);
      const rest = values.to.filter((one) => !sent.includes(one));
      form.setValue("to", rest);
      if (error instanceof Problem && error.kind === "preview-outdated") {
        refused.text = t.relay.outdated;
        // If that fails as well, the button offers the preview again.
        const found = await look(rest).catch(() => []);
        setSeen(found);
        setLooked(JSON.stringify([rest, values.sections, household_members]));
      }
      if (sent.length > 0) refused.text = `${t.relay.partly(sent.map(name).join("、"))} ${refused.text}`;
      setSummary(refused);
      await changed(client);
    } finally {
      setBusy(false);
    }
  };

  const topics = sheet.content?.topics?.codes ?? [];
  const named = consent?.state === "effective" ? consent.recipients.agency_ids : [];
  const rank = (agency: Schemas["AgencyResponse"]): number =>
    (named.includes(agency.id) ? 100 : 0) + agency.topics.filter((code) => topics.includes(code)).length;
  const sections = list("section")
    .filter(({ code }) => there.includes(code as Section))
    .map((one) => ({ ...one, note: covered.includes(one.code as Section) ? t.relay.consented : t.relay.notConsented }));
  const sendable = current && seen.every(({ preview }) => preview.allowed && preview.missing.length === 0);
  return (
    <FormProvider {...form}>
      <Title name={parent ? t.relay.onwardTitle : t.relay.title} />
      <About label={sheet.label} />
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
          if (!sendable) void show();
        }}
      >
        <ProblemSummary summary={summary} />
        <section>
          {!exception && (
            <>
              <AgencyChoice
                name="to"
                label={t.relay.recipients}
                help={t.relay.recipientsHelp}
                required
                rank={rank}
                note={({ id }) => [sheet.holder_agency_id === id && t.sheet.way.now, named.includes(id) && t.relay.consented].filter(Boolean).join("、")}
              />
              <ChoiceField name="sections" label={t.relay.sections} help={t.relay.sectionsHelp} required many options={sections} />
            </>
          )}
          <Members members={members} />
          <TextField name="request" label={t.relay.request} help={t.relay.requestHelp} required rows={3} />
          <ChoiceField name="handover" label={t.relay.handover} required options={list("handover")} />
          <ChoiceField name="urgency" label={t.relay.urgency} required options={list("urgency")} />
          <DateField name="reply_due" label={t.relay.reply_due} help={t.relay.dueHelp} />
        </section>
        {seen.length > 0 && !current && <p className="notice">{t.relay.stale}</p>}
        {current && (
          <Previews
            key={looked}
            sheet_id={sheet.id}
            seen={seen}
            sections={values.sections}
            consent={consent}
            drop={(agency) => {
              form.setValue("to", values.to.filter((one) => one !== agency));
              document.getElementById("look")?.focus();
            }}
            keep={(kept) => {
              form.setValue("sections", kept);
              document.getElementById("look")?.focus();
            }}
          />
        )}
        <div className="foot">
          <button type="button" onClick={() => go(`/sheets/${sheet.id}`)}>
            {t.cancel}
          </button>
          {sendable ? (
            <button type="button" className="primary" disabled={busy} onClick={() => void send()}>
              {busy ? t.working : t.relay.send(seen.length)}
            </button>
          ) : (
            <button type="submit" id="look" className="primary" disabled={busy}>
              {busy ? t.working : t.relay.preview}
            </button>
          )}
        </div>
      </form>
    </FormProvider>
  );
}
