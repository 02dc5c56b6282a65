import { useQueries } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";
import { t } from "../texts";
import { differing, leaves } from "./differences";
import { labelOf, useShown } from "./shown";

type Sheet = Schemas["SheetResponse"];

/** The last revisions are compared; who needs earlier ones asks the API. */
const SHOWN = 20;

/** Each revision beside the one before it: only the fields that changed. */
export function Revisions({ sheet }: { sheet: Sheet }) {
  const last = sheet.content_revision;
  const numbers = Array.from({ length: Math.min(last, SHOWN) }, (_, index) => last - index);
  const found = useQueries({
    queries: numbers.map((n) => ({
      queryKey: ["sheet", sheet.id, "revision", n],
      queryFn: () => call(api.GET("/api/v1/sheets/{id}/revisions/{n}", { params: { path: { id: sheet.id, n } } })),
    })),
  });
  const shown = useShown();
  const r = t.sheet.revisions;
  return (
    <>
      <p>{r.help}</p>
      {numbers.map((n, index) => {
        const [here, before] = [found[index], found[index + 1]];
        const now = leaves({ content: here?.data?.content });
        const then = leaves({ content: before?.data?.content });
        const paths = before?.data && here?.data ? differing(then, now) : [];
        return (
          <section key={n} className="card">
            <h3>
              {r.one(n)} {index === 0 && <small>{r.current}</small>}
            </h3>
            {here?.error && <p className="help">{r.unreadable}</p>}
            {before && paths.length === 0 && here?.data && <p className="help">{r.none}</p>}
            {paths.length > 0 && (
              <table className="list">
                <caption>{r.compare}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t.sheet.merge.field}</th>
                    <th scope="col">{r.before}</th>
                    <th scope="col">{r.after}</th>
                  </tr>
                </thead>
                <tbody>
                  {paths.map((path) => (
                    <tr key={path}>
                      <th scope="row">{labelOf(path)}</th>
                      <td data-label={r.before}>
                        <del>{shown(path, then.get(path))}</del>
                      </td>
                      <td data-label={r.after}>
                        <ins>{shown(path, now.get(path))}</ins>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </section>
        );
      })}
    </>
  );
}
