import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies } from "../api/queries";
import { t } from "../texts";
import { State } from "../ui/state";
import { day, today } from "../ui/wareki";

type Item = Schemas["RelayItem"];

const OPEN: Schemas["RelayState"][] = ["sent", "received", "accepted", "returned", "declined"];

/** Whether somebody should have answered by now. */
export function isLate(relay: Pick<Item, "overdue_since" | "reply_due" | "state">): boolean {
  return Boolean(relay.overdue_since) || (OPEN.includes(relay.state) && relay.reply_due < today());
}

/** Relays in a list: number, the other side, due date. No content. */
export function RelayTable({ items, box, deed }: { items: readonly Item[]; box?: "inbox" | "outbox"; deed?: (relay: Item) => ReactNode }) {
  const { name } = useAgencies();
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t.home.number}</th>
          {box !== "outbox" && <th scope="col">{t.home.from}</th>}
          {box !== "inbox" && <th scope="col">{t.home.to}</th>}
          <th scope="col">{t.home.due}</th>
          <th scope="col">{t.home.urgency}</th>
          <th scope="col">{t.home.state}</th>
          {deed && <td />}
        </tr>
      </thead>
      <tbody>
        {items.map((relay) => (
          <tr key={relay.id}>
            <th scope="row">
              <Link href={`/relays/${relay.id}`}>{relay.number}</Link>
            </th>
            {box !== "outbox" && <td data-label={t.home.from}>{name(relay.from_agency_id)}</td>}
            {box !== "inbox" && <td data-label={t.home.to}>{name(relay.to_agency_id)}</td>}
            <td data-label={t.home.due}>
              {day(relay.reply_due)}
              {isLate(relay) && <strong className="late">{t.home.overdue}</strong>}
              {deed && relay.chased_on && <p className="help">{t.relay.chase.last(day(relay.chased_on))}</p>}
            </td>
            <td data-label={t.home.urgency}>
              <State list="urgency" code={relay.urgency} />
            </td>
            <td data-label={t.home.state}>
              <State list="relay_state" code={relay.state} />
            </td>
            {deed && <td>{deed(relay)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
