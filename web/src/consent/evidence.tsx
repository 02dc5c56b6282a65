import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useWatch } from "react-hook-form";
import { api, call, once, type Schemas } from "../api/client";
import { attachments, useLabels } from "../api/queries";
import { ACCEPTED, attach, SaveFile } from "../sheet/attach";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { ChoiceField, FileField } from "../ui/field";
import { Loaded } from "../ui/screen";
import { instant } from "../ui/wareki";
import { SignatureView } from "./signature";

type Consent = Schemas["ConsentResponse"];

/** Stands for a new file, in place of the id of an attached one. */
const FRESH = "fresh";

/** Says that the consent was signed, and shows the signature on demand; a form that was signed on paper is added here. */
export function Evidence({ consent }: { consent: Consent }) {
  const { label } = useLabels();
  const [open, setOpen] = useState(false);
  const c = t.consent.view;
  const found = useQuery({
    queryKey: ["sheet", "consent", consent.id, "evidence"],
    queryFn: () => call(api.GET("/api/v1/consents/{id}/evidence", { params: { path: { id: consent.id } } })),
    enabled: open,
  });
  const adds = consent.can.includes("add_evidence");
  if (consent.evidence.length === 0 && !adds) return null;
  return (
    <section>
      <h2>{c.evidence}</h2>
      {consent.evidence.length > 0 && (
        <>
          <ul>
            {consent.evidence.map((one) => (
              <li key={one.id}>
                {label("evidence_kind", one.kind)} {instant(one.added_at)}
              </li>
            ))}
          </ul>
          {open ? (
            <Loaded of={found}>
              {({ items }) =>
                items.map((one) =>
                  one.signature ? (
                    <SignatureView key={one.id} signature={one.signature} />
                  ) : (
                    one.attachment_id && (
                      <p key={one.id}>
                        <SaveFile id={one.attachment_id} name={c.evidenceFile} text={c.evidenceScan} />
                      </p>
                    )
                  ),
                )
              }
            </Loaded>
          ) : (
            <>
              <p className="help">{c.evidenceHelp}</p>
              <button type="button" onClick={() => setOpen(true)}>
                {consent.evidence.some(({ kind }) => kind === "signature") ? c.evidenceOpen : c.evidenceShow}
              </button>
            </>
          )}
        </>
      )}
      {adds && <AddScan consent={consent} />}
    </section>
  );
}

interface ScanForm {
  which: string;
  file: FileList;
}

/** Adds the form that was signed on paper: a file that is attached already, or a new one, which is then attached as well. */
export function AddScan({ consent }: { consent: Consent }) {
  // The file is attached but is no evidence yet: a second try only adds the evidence.
  const sent = useRef<{ file: File; id: string }>(undefined);
  const s = t.consent.scan;
  const idOf = async (file: File | undefined): Promise<string> => {
    if (file && sent.current?.file === file) return sent.current.id;
    const { id } = await attach(consent.sheet_id, "consent_form", file);
    if (file) sent.current = { file, id };
    return id;
  };
  return (
    <div className="actions">
      <Deed<ScanForm>
        open={s.open}
        title={s.title}
        help={s.help}
        go={s.go}
        done={s.done}
        defaults={{ which: FRESH }}
        act={async ({ which, file }) => {
          const attachment_id = which === FRESH ? await idOf(file?.[0]) : which;
          await call(api.POST("/api/v1/consents/{id}/evidence", { params: { path: { id: consent.id }, header: once() }, body: { attachment_id } }));
          sent.current = undefined;
        }}
      >
        <Which consent={consent} />
      </Deed>
    </div>
  );
}

function Which({ consent }: { consent: Consent }) {
  const found = useQuery(attachments(consent.sheet_id));
  const which = useWatch<ScanForm, "which">({ name: "which" });
  const s = t.consent.scan;
  const used = consent.evidence.map(({ attachment_id }) => attachment_id);
  return (
    <Loaded of={found}>
      {({ items }) => {
        const there = items.filter(({ id, kind, withdrawn_at }) => kind === "consent_form" && !withdrawn_at && !used.includes(id));
        return (
          <>
            {there.length > 0 && (
              <ChoiceField
                name="which"
                label={s.which}
                required
                options={[...there.map(({ id, name, added_at }) => ({ code: id, label: name ?? t.files.unnamed, note: instant(added_at) })), { code: FRESH, label: s.fresh }]}
              />
            )}
            {which === FRESH && <FileField name="file" label={t.files.add.file} help={t.files.add.help} required accept={ACCEPTED} />}
          </>
        );
      }}
    </Loaded>
  );
}
