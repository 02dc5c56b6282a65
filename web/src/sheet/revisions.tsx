import { useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";
import { type Page, staffOf } from "../api/queries";
import { t } from "../texts";
import { Pages, usePages } from "../ui/pages";
import { instant } from "../ui/wareki";
import { differing, leaves } from "./differences";
import { labelOf, useShown } from "./shown";

type Sheet = Schemas["SheetResponse"];

/** The number of revisions that are read before somebody asks for more: each names only the one before it, and each reading is noted. */
const AT_ONCE = 5;

async function read(id: string, from: number): Promise<Page<Sheet>> {
  const items: Sheet[] = [];
  let n: number | null | undefined = from;
  while (n && items.length < AT_ONCE) {
    const one: Sheet = await call(api.GET("/api/v1/sheets/{id}/revisions/{n}", { params: { path: { id, n } } }));
    items.push(one);
    n = one.previous_revision;
  }
  return { items, next: n ? String(n) : undefined };
}

/** The fields that somebody wrote, without the state of the sheet. */
function written({ content, visitor, received_at, channel, route, urgency, address_secret }: Sheet): Map<string, unknown> {
  return leaves({ content, visitor, received_at, channel, route, urgency, address_secret });
}

/** Each revision: when and by whom it was written, and which fields it changed. */
export function Revisions({ sheet }: { sheet: Sheet }) {
  const found = usePages(
    ["sheet", sheet.id, "revisions", sheet.content_revision],
    (after) => read(sheet.id, after ? Number(after) : sheet.content_revision),
    { staleTime: Number.POSITIVE_INFINITY },
  );
  const staff = useQuery(staffOf(sheet.origin_agency_id)).data?.items;
  const r = t.sheet.revisions;
  return (
    <>
      <p>{r.help}</p>
      <Pages of={found}>
        {(items) =>
          items.map((one, index) => {
            const before = items[index + 1];
            return (
              <section key={one.revision} className="card">
                <h3>
                  {r.one(one.revision)} {index === 0 && <small>{r.current}</small>}
                </h3>
                {one.written_at && (
                  <p>
                    {r.written(instant(one.written_at), one.written_by ? staff?.find(({ id }) => id === one.written_by)?.name : r.system)}
                  </p>
                )}
                {before && <Changed now={one} before={before} />}
                {!one.previous_revision && <p className="help">{r.first}</p>}
              </section>
            );
          })
        }
      </Pages>
    </>
  );
}

function Changed({ now, before }: { now: Sheet; before: Sheet }) {
  const shown = useShown();
  const [here, then] = [written(now), written(before)];
  const paths = differing(then, here);
  const r = t.sheet.revisions;
  if (paths.length === 0) return <p className="help">{r.none}</p>;
  return (
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
              <ins>{shown(path, here.get(path))}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
