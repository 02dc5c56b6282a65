import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { Link, useLocation } from "wouter";
import { api, call, change, Problem, type Schemas } from "../api/client";
import { changed, consents as consentsQuery, relay as relayQuery, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { useAnnounce } from "../ui/announce";
import { Facts, filled } from "../ui/content";
import { ChoiceField } from "../ui/field";
import { useKept } from "../ui/kept";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { About } from "../ui/who";
import { basisOf } from "./basis";
import { type Chosen, chosenOf, decisions, Members, unconsented, unexplained } from "./members";
import { Previews } from "./preview";

type Relay = Schemas["RelayResponse"];
type Section = Schemas["Section"];

const a = t.relay.amend;

/** Amends a relay that was sent: chooses the sections, shows exactly what the receiver will then see, and changes the relay. */
export default function AmendScreen({ id }: { id: string }) {
  const relay = useQuery(relayQuery(id));
  return <Loaded screen of={relay}>{(found) => <OfSheet relay={found} />}</Loaded>;
}

function OfSheet({ relay }: { relay: Relay }) {
  const sheet = useQuery(sheetQuery(relay.sheet_id));
  const consents = useQuery(consentsQuery(relay.sheet_id));
  return (
    <Loaded screen of={sheet}>
      {(found) => <Loaded screen of={consents}>{({ items }) => <Form relay={relay} sheet={found} consents={items} />}</Loaded>}
    </Loaded>
  );
}

function Form({ relay, sheet, consents }: { relay: Relay; sheet: Schemas["SheetResponse"]; consents: readonly Schemas["ConsentResponse"][] }) {
  const { name } = useAgencies();
  const { label, list } = useLabels();
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const all = unconsented(sheet.content);
  const before = chosenOf(relay, all);
  const form = useForm<{ sections: Section[]; members: Chosen }>({ shouldFocusError: false, defaultValues: { sections: relay.sections, members: before } });
  const forget = useKept(form, ["amend", relay.id]);
  const { sections, members: chosen } = useWatch({ control: form.control }) as { sections: Section[]; members: Chosen };
  const members = sections.includes("household") ? all : [];
  const household_members = decisions(chosen, members);
  const known = relay.household_members;
  const newly = household_members.some((one) => !known.some(({ index }) => index === one.index));
  const fewer = !newly && household_members.length < known.length;
  const [seen, setSeen] = useState<Schemas["PreviewResponse"]>();
  const [looked, setLooked] = useState("");
  const [summary, setSummary] = useState<Summary>();
  const [busy, setBusy] = useState(false);
  const choice = JSON.stringify([sections, household_members]);
  const current = looked === choice ? seen : undefined;
  const sendable = current?.allowed && current.missing.length === 0;
  const more = sections.filter((one) => !relay.sections.includes(one));
  const less = relay.sections.filter((one) => !sections.includes(one));
  const consent = basisOf(consents);
  const covered = consent?.state === "effective" ? consent.sections : [];
  // Telling less keeps the basis of the relay; telling more needs a consent that covers it.
  const basis = (more.length === 0 && !newly && (less.length > 0 || fewer)) || !consent ? relay.basis : { consent_id: consent.id };
  const back = `/relays/${relay.id}`;

  const look = async (): Promise<void> => {
    setSeen(await call(api.POST("/api/v1/relays/{id}/amend/preview", { params: { path: { id: relay.id } }, body: { sections, basis, household_members } })));
    setLooked(choice);
  };
  const amend = async (disclosure_digest: string): Promise<void> => {
    await call(api.POST("/api/v1/relays/{id}/amend", { params: change(relay), body: { sections, basis, household_members, disclosure_digest } }));
    forget();
    await changed(client);
    announce(a.done);
    go(back);
  };
  const submit = async (): Promise<void> => {
    setSummary(undefined);
    form.clearErrors();
    const missing = sections.length === 0 ? t.relay.noSection : more.length + less.length === 0 && !newly && !fewer && !sections.includes("attachments") && !relay.corrected_at ? a.unchanged : "";
    if (missing) {
      form.setError("sections", { message: missing });
      setSummary({ text: "", fields: [{ name: "sections", detail: missing }] });
      return;
    }
    const silent = unexplained(chosen, members);
    if (silent.length > 0) {
      for (const { name: field, detail } of silent) form.setError(field as "sections", { message: detail });
      setSummary({ text: "", fields: silent });
      return;
    }
    setBusy(true);
    try {
      await (sendable ? amend(current.disclosure_digest) : look());
    } catch (error) {
      const refused = refuse(form, error);
      if (error instanceof Problem && error.kind === "preview-outdated") {
        refused.text = t.relay.outdated;
        await look().catch(() => setSeen(undefined));
      }
      if (error instanceof Problem && error.status === 412) refused.text = t.relay.stale412;
      setSummary(refused);
      await changed(client);
    } finally {
      setBusy(false);
    }
  };

  const there = filled(sheet.content);
  const options = list("section")
    .filter(({ code }) => there.includes(code as Section) || relay.sections.includes(code as Section))
    .map((one) => {
      const section = one.code as Section;
      const asked = covered.includes(section) ? t.relay.consented : t.relay.notConsented;
      return { ...one, note: relay.sections.includes(section) ? a.told : asked };
    });
  return (
    <FormProvider {...form}>
      <Title name={a.title} />
      <About label={sheet.label} />
      <RiskBadge flags={sheet.content?.risk?.flags} />
      <p>
        <Link href={back}>{t.relay.view.title(relay.number)}</Link>
      </p>
      <p>{a.help(name(relay.to_agency_id))}</p>
      <form
        className="sheet"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // A key that is pressed in a field at most shows the preview: only the button changes what is told.
          if (!sendable) void submit();
        }}
      >
        <ProblemSummary summary={summary} />
        <section>
          <ChoiceField name="sections" label={a.sections} help={a.sectionsHelp} required many options={options} />
          <Members members={members} />
        </section>
        {seen && !current && <p className="notice">{t.relay.stale}</p>}
        {current && (
          <>
            <Previews
              key={looked}
              sheet_id={sheet.id}
              seen={[{ plan: { to_agency_id: relay.to_agency_id, at: "", sections, request: "", household_members }, preview: current }]}
              told={relay.sections}
              refused={a.refused}
              consent={consent}
              keep={(_, kept) => {
                form.setValue("sections", kept);
                document.getElementById("look")?.focus();
              }}
            />
            {sendable && (
              <Facts
                facts={[
                  [a.more, more.map((code) => label("section", code)).join("、")],
                  [a.less, less.map((code) => label("section", code)).join("、")],
                ]}
              />
            )}
          </>
        )}
        <div className="foot">
          <button type="button" onClick={() => go(back)}>
            {t.cancel}
          </button>
          {sendable ? (
            <button type="button" className="primary" disabled={busy} onClick={() => void submit()}>
              {busy ? t.working : a.go}
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
