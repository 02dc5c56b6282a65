import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, once, Problem } from "../api/client";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { useAnnounce } from "../ui/announce";
import { Dialog } from "../ui/dialog";

const i = t.office.agencies.import;

/** Imports a whole directory from a table: it is checked first, row by row, and then taken over as a whole. */
export function Import() {
  const client = useQueryClient();
  const announce = useAnnounce();
  const [open, setOpen] = useState(false);
  const [file, setFile] = useState<File>();
  const [sound, setSound] = useState<number>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const close = (): void => {
    setOpen(false);
    setFile(undefined);
    setSound(undefined);
    setProblem(undefined);
  };
  const send = async (dry_run: boolean): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const done = await call(
        api.POST("/api/v1/agencies/import", {
          params: { query: { dry_run }, header: once() },
          // The file is sent as it lies on the disk: the service checks whether it is UTF-8.
          body: file as unknown as string,
          bodySerializer: (body) => body,
          headers: { "Content-Type": "text/csv" },
        }),
      );
      if (dry_run) {
        setSound(done.rows);
      } else {
        await client.invalidateQueries({ queryKey: ["agencies"] });
        announce(i.done(done.rows));
        close();
      }
    } catch (error) {
      setSound(undefined);
      setProblem(error instanceof Problem ? error : new Problem({ detail: t.failed }, 0));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {i.open}
      </button>
      {open && (
        <Dialog title={i.title} close={close}>
          <p>{i.help}</p>
          <p>
            <a href="/api/v1/agencies/import/template" download="agencies.csv">
              {i.template}
            </a>
          </p>
          <p className="code">{i.heading}</p>
          <div className="field">
            <label htmlFor="table">
              {i.file} <span className="need must">{t.required}</span>
            </label>
            <input
              id="table"
              type="file"
              accept=".csv,text/csv"
              onChange={(event) => {
                setFile(event.target.files?.[0]);
                setSound(undefined);
                setProblem(undefined);
              }}
            />
          </div>
          {problem && (
            <Alert>
              {problem.errors.length > 0 ? i.wrong(problem.errors.length) : problem.message}
              <ul>
                {problem.errors.map(({ pointer, detail }) => (
                  <li key={pointer + detail}>{detail}</li>
                ))}
              </ul>
            </Alert>
          )}
          <p role="status">{sound !== undefined && i.sound(sound)}</p>
          <div className="actions">
            <button type="button" onClick={close}>
              {t.cancel}
            </button>
            {sound === undefined ? (
              <button type="button" className="primary" disabled={busy || !file} onClick={() => void send(true)}>
                {busy ? t.working : i.check}
              </button>
            ) : (
              <button type="button" className="primary" disabled={busy} onClick={() => void send(false)}>
                {busy ? t.working : i.go(sound)}
              </button>
            )}
          </div>
        </Dialog>
      )}
    </>
  );
}
