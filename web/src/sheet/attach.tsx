import { useState } from "react";
import { api, call, once, Problem, type Schemas } from "../api/client";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { save } from "../ui/save";

type Attachment = Schemas["AttachmentResponse"];
type Kind = Schemas["AttachmentKind"];

/** The formats that the service takes; it checks the content itself. */
export const ACCEPTED = "application/pdf,image/jpeg,image/png";
const LARGEST = 10 * 1024 * 1024;

const ENDS: Record<string, readonly [string, ...string[]]> = {
  "application/pdf": [".pdf"],
  "image/jpeg": [".jpg", ".jpeg"],
  "image/png": [".png"],
};

/** Encodes a name for a header (RFC 8187): letters beyond ASCII, and the few that encodeURIComponent leaves although the header may not hold them. */
function encoded(name: string): string {
  return encodeURIComponent(name.normalize("NFC")).replaceAll(/['()*]/g, (one) => `%${one.codePointAt(0)?.toString(16).toUpperCase()}`);
}

/** Sends a file to a sheet. Its name is personal and goes in a header; errors about the file are shown at the field `file`. */
export async function attach(sheet_id: string, kind: Kind | "" | undefined, file: File | undefined): Promise<Attachment> {
  const wrong = [
    ...(file ? [] : [{ pointer: "/file", detail: t.files.add.missing }]),
    // A file that is too large is not sent at all: over a slow line the refusal would take minutes.
    ...(file && file.size > LARGEST ? [{ pointer: "/file", detail: t.files.add.large }] : []),
    ...(kind ? [] : [{ pointer: "/kind", detail: t.files.add.kindMissing }]),
  ];
  if (!kind || !file || wrong.length > 0) {
    throw new Problem({ detail: file && kind ? t.files.add.large : t.incomplete, errors: wrong.map((one) => ({ ...one, code: "page" })) }, 422);
  }
  try {
    return await call(
      api.POST("/api/v1/sheets/{id}/attachments", {
        params: { path: { id: sheet_id }, query: { kind }, header: once() },
        body: file as unknown as string,
        bodySerializer: (body) => body,
        headers: { "Content-Type": "application/octet-stream", "Content-Disposition": `attachment; filename*=UTF-8''${encoded(file.name)}` },
      }),
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const errors = error.errors.map((one) => ({ ...one, pointer: one.pointer || "/file" }));
    throw new Problem({ type: error.kind, detail: error.message, errors }, error.status);
  }
}

/** A file name whose ending fits the content, whatever it was before, so that the saved file opens with the right program. */
function named(name: string, media_type: string): string {
  const ends = ENDS[media_type];
  return !ends || ends.some((end) => name.toLowerCase().endsWith(end)) ? name : name + ends[0];
}

/** Fetches a file and gives it to the browser to save. Without `text` the button stands in a row that names the file. */
export function SaveFile({ id, name, text }: { id: string; name: string; text?: string }) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const take = async (): Promise<void> => {
    setBusy(true);
    setRefused(undefined);
    try {
      const bytes = (await call(api.GET("/api/v1/attachments/{id}", { params: { path: { id } }, parseAs: "blob" }))) as unknown as Blob;
      save(bytes, named(name, bytes.type));
    } catch (error) {
      setRefused((error instanceof Problem && error.message) || t.failed);
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" aria-label={text ? undefined : t.files.saveOf(name)} disabled={busy} onClick={() => void take()}>
        {busy ? t.working : (text ?? t.files.save)}
      </button>
      {refused && <Alert>{refused}</Alert>}
    </>
  );
}
