import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { State } from "../ui/state";
import { day, instant } from "../ui/wareki";

const l = t.exception.list;

/** Exceptions in a list: no words. */
export function ExceptionTable({ items }: { items: readonly Schemas["ExceptionItem"][] }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t.home.number}</th>
          <th scope="col">{l.basis}</th>
          <th scope="col">{l.by}</th>
          <th scope="col">{l.to}</th>
          <th scope="col">{l.requestedAt}</th>
          <th scope="col">{t.home.state}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.id}>
            <th scope="row">
              <Link href={`/exceptions/${one.id}`}>{one.number}</Link>
            </th>
            <td data-label={l.basis}>{label("exception_code", one.code)}</td>
            <td data-label={l.by}>{name(one.requested_agency_id)}</td>
            <td data-label={l.to}>{name(one.to_agency_id)}</td>
            <td data-label={l.requestedAt}>{instant(one.requested_at)}</td>
            <td data-label={t.home.state}>
              <State list="exception_state" code={one.state} />
              {one.refusal_on_file && <strong className="late">{l.overRefusal}</strong>}
              {one.emergency && <strong className="late">{l.emergency}</strong>}
              {one.approve_by && ["used", "overdue"].includes(one.state) && <small> {l.approveBy(day(one.approve_by))}</small>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
