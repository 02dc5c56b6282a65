import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies } from "../api/queries";
import { t } from "../texts";
import { State } from "../ui/state";
import { instant } from "../ui/wareki";

/** Sheets in a list: number, when, who holds it. No content. */
export function SheetTable({ items }: { items: readonly Schemas["SheetItem"][] }) {
  const { name } = useAgencies();
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t.home.number}</th>
          <th scope="col">{t.home.receivedAt}</th>
          <th scope="col">{t.sheet.view.holder}</th>
          <th scope="col">{t.home.urgency}</th>
          <th scope="col">{t.home.state}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((sheet) => (
          <tr key={sheet.id}>
            <th scope="row">
              {sheet.state === "draft" ? (
                <Link href={`/sheets/edit/${sheet.id}`}>{t.home.resume}</Link>
              ) : (
                <Link href={`/sheets/${sheet.id}`}>{sheet.number}</Link>
              )}
            </th>
            <td data-label={t.home.receivedAt}>{instant(sheet.received_at ?? sheet.updated_at)}</td>
            <td data-label={t.sheet.view.holder}>{name(sheet.holder_agency_id)}</td>
            <td data-label={t.home.urgency}>
              <State list="urgency" code={sheet.urgency} />
            </td>
            <td data-label={t.home.state}>
              <State list="sheet_state" code={sheet.state} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
