import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { Link, useLocation } from "wouter";
import type { Schemas } from "../api/client";
import { now } from "../api/clock";
import { changed, sheet as sheetQuery } from "../api/queries";
import { t } from "../texts";
import { useAnnounce } from "../ui/announce";
import { ProblemSummary, refuse, type Summary } from "../ui/problems";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { useAutosave } from "./autosave";
import { ConfirmDialog } from "./confirm";
import { MergeDialog } from "./merge";
import { More } from "./more";
import { Parts } from "./parts";
import { blank, formOf, type SheetForm } from "./shape";
import { labelOf } from "./shown";
import { SaveStatus } from "./status";

type Sheet = Schemas["SheetResponse"];

/** A new sheet, a continued draft, or a registered sheet that is corrected: one page in the order of a conversation. */
export default function SheetFormScreen({ id }: { id?: string }) {
  // A new sheet gets its id with the first saving; then the form goes on under the sheet's address.
  const [fresh, setFresh] = useState<{ id?: string; n: number }>({ n: 0 });
  if (id === undefined && fresh.id !== undefined) setFresh({ n: fresh.n + 1 });
  const arrived = useCallback((made: string) => {
    setFresh(({ n }) => ({ id: made, n }));
    window.history.replaceState(null, "", `/sheets/edit/${made}`);
  }, []);
  if (id === undefined || id === fresh.id) return <Form key={`new-${fresh.n}`} arrived={arrived} />;
  return <Existing key={id} id={id} />;
}

function Existing({ id }: { id: string }) {
  // This is never taken from the cache: the form begins with the service's revision.
  const found = useQuery({ ...sheetQuery(id), queryKey: ["edited", id], staleTime: Number.POSITIVE_INFINITY, gcTime: 0 });
  return <Loaded screen of={found}>{(sheet) => <Form loaded={sheet} arrived={() => undefined} />}</Loaded>;
}

function Form({ loaded, arrived }: { loaded?: Sheet; arrived: (id: string) => void }) {
  const form = useForm<SheetForm>({ defaultValues: loaded ? formOf(loaded) : blank(now()), shouldFocusError: false });
  const [, go] = useLocation();
  const announce = useAnnounce();
  const client = useQueryClient();
  const [summary, setSummary] = useState<Summary>();
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(false);
  const { saving, merge, taken, save, discard, kept } = useAutosave(form, loaded, arrived);
  const flags = useWatch({ control: form.control, name: "content.risk.flags" });
  const isDraft = loaded === undefined || loaded.state === "draft";

  useEffect(() => {
    if (taken > 0) announce(t.sheet.merge.taken);
  }, [taken, announce]);

  const submit = async (): Promise<void> => {
    setAsked(false);
    setBusy(true);
    setSummary(undefined);
    form.clearErrors();
    try {
      const sheet = await save("registered");
      await changed(client);
      announce(isDraft ? t.sheet.registered(sheet.number ?? "") : t.sheet.saved);
      go(`/sheets/${sheet.id}`);
    } catch (error) {
      const refused = refuse(form, error);
      // The labels are those of a merge, because some fields are part of another.
      setSummary({ ...refused, fields: refused.fields.map((field) => ({ ...field, label: labelOf(field.name) })) });
    } finally {
      setBusy(false);
    }
  };
  const throwAway = async (): Promise<void> => {
    if (!window.confirm(t.sheet.discardSure)) return;
    await discard();
    await changed(client);
    announce(t.sheet.discarded);
    go("/");
  };
  const title = loaded ? (isDraft ? t.sheet.draftTitle : t.sheet.editTitle(loaded.number ?? "")) : t.sheet.newTitle;
  return (
    <FormProvider {...form}>
      <Title name={title}>{!loaded && <Link href="/papers">{t.papers.blanks}</Link>}</Title>
      <RiskBadge flags={flags} />
      <p>{isDraft ? t.sheet.formHelp : t.sheet.editHelp}</p>
      {merge && <MergeDialog merge={merge} />}
      {asked && <ConfirmDialog go={() => void submit()} back={() => setAsked(false)} />}
      <form
        className="sheet compact"
        noValidate
        // Enter also ends a word of an input method, so only the button does the deed.
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <ProblemSummary summary={summary} />
        {/* Words that are typed while the sheet is being registered would be lost. */}
        <div inert={busy}>
          <Parts own={() => kept()?.id} />
          <More />
        </div>
        <div className="foot">
          <SaveStatus saving={saving} isDraft={isDraft} />
          {isDraft && kept() && (
            <button type="button" className="quiet" onClick={() => void throwAway()}>
              {t.sheet.discard}
            </button>
          )}
          <button type="button" className="primary" disabled={busy} onClick={() => (isDraft ? setAsked(true) : void submit())}>
            {busy ? t.working : isDraft ? t.sheet.register : t.sheet.saveRevision}
          </button>
        </div>
      </form>
    </FormProvider>
  );
}
