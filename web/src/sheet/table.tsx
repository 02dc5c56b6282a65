import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies } from "../api/queries";
import { t } from "../texts";
import { State } from "../ui/state";
import { short } from "../ui/wareki";
import { MainTopic, useColleagues, Who } from "../ui/who";

/** Which rows are picked. */
interface Pick {
  picked: ReadonlySet<string>;
  change: (picked: ReadonlySet<string>) => void;
}

/** Sheets in a list: whom each is about, as far as this reader may see it, when it came, and in whose hands it is. With `pick`, rows can be picked. */
export function SheetTable({ items, pick }: { items: readonly Schemas["SheetItem"][]; pick?: Pick }) {
  const { name } = useAgencies();
  const colleagues = useColleagues();
  return (
    <table className="list sheets">
      <thead>
        <tr>
          {pick && (
            <td className="pick">
              <input
                type="checkbox"
                aria-label={t.sheet.assign.pickAll}
                checked={items.every(({ id }) => pick.picked.has(id))}
                onChange={({ target }) => pick.change(new Set(target.checked ? items.map(({ id }) => id) : []))}
              />
            </td>
          )}
          <th scope="col">{t.home.number}</th>
          <th scope="col">{t.who.person}</th>
          <th scope="col">{t.who.topic}</th>
          <th scope="col">{t.home.receivedAt}</th>
          <th scope="col">{t.sheet.view.holder}</th>
          <th scope="col">{t.who.assignee}</th>
          <th scope="col">{t.home.state}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((sheet) => (
          <tr key={sheet.id}>
            {pick && (
              <td className="pick">
                <input
                  type="checkbox"
                  aria-label={t.sheet.assign.pick(sheet.number ?? t.home.resume)}
                  checked={pick.picked.has(sheet.id)}
                  onChange={({ target }) => pick.change(new Set(target.checked ? [...pick.picked, sheet.id] : [...pick.picked].filter((id) => id !== sheet.id)))}
                />
              </td>
            )}
            <th scope="row">
              {sheet.state === "draft" ? (
                <Link href={`/sheets/edit/${sheet.id}`}>{t.home.resume}</Link>
              ) : (
                <Link href={`/sheets/${sheet.id}`}>{sheet.number}</Link>
              )}
            </th>
            <td data-label={t.who.person}>
              <Who label={sheet.label} />
            </td>
            <td data-label={t.who.topic}>
              <MainTopic label={sheet.label} />
            </td>
            <td data-label={t.home.receivedAt}>{short(sheet.received_at ?? sheet.updated_at)}</td>
            <td data-label={t.sheet.view.holder}>{name(sheet.holder_agency_id)}</td>
            <td data-label={t.who.assignee}>{colleagues.name(sheet.assigned_staff_id)}</td>
            <td data-label={t.home.state}>
              <State list="sheet_state" code={sheet.state} /> <Urgency code={sheet.urgency} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The urgency, where it says something. */
export function Urgency({ code }: { code: Schemas["Urgency"] | null | undefined }) {
  return code && code !== "normal" ? <State list="urgency" code={code} /> : null;
}
