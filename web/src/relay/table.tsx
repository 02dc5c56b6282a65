import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useAgencies } from "../api/queries";
import { Urgency } from "../sheet/table";
import { t } from "../texts";
import { RelayState } from "../ui/state";
import { day, today } from "../ui/wareki";
import { MainTopic, useColleagues, Who } from "../ui/who";

type Item = Schemas["RelayItem"];

const OPEN: Schemas["RelayState"][] = ["sent", "received", "accepted", "returned", "declined"];

/** Whether somebody should have answered by now. */
export function isLate(relay: Pick<Item, "overdue_since" | "reply_due" | "state">): boolean {
  return Boolean(relay.overdue_since) || (OPEN.includes(relay.state) && relay.reply_due < today());
}

/** Relays in a list: whom each is about, as far as this reader may see it, the other side, due date. Those of the inbox are told in the receiver's words. */
export function RelayTable({ items, box, deed }: { items: readonly Item[]; box?: "inbox" | "outbox"; deed?: (relay: Item) => ReactNode }) {
  const { name } = useAgencies();
  const colleagues = useColleagues();
  return (
    <table className="list relays">
      <thead>
        <tr>
          <th scope="col">{t.home.number}</th>
          <th scope="col">{t.who.person}</th>
          <th scope="col">{t.who.topic}</th>
          {box !== "outbox" && <th scope="col">{t.home.from}</th>}
          {box !== "inbox" && <th scope="col">{t.home.to}</th>}
          <th scope="col">{t.home.due}</th>
          {box && <th scope="col">{t.who.assignee}</th>}
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
            <td data-label={t.who.person}>
              <Who label={relay.label} />
            </td>
            <td data-label={t.who.topic}>
              <MainTopic label={relay.label} />
            </td>
            {box !== "outbox" && <td data-label={t.home.from}>{name(relay.from_agency_id)}</td>}
            {box !== "inbox" && <td data-label={t.home.to}>{name(relay.to_agency_id)}</td>}
            <td data-label={t.home.due}>
              {day(relay.reply_due)}
              {isLate(relay) && <strong className="late">{t.home.overdue}</strong>}
              {deed && relay.chased_on && <p className="help">{t.relay.chase.last(day(relay.chased_on))}</p>}
            </td>
            {box && <td data-label={t.who.assignee}>{colleagues.name(relay.assigned_staff_id)}</td>}
            <td data-label={t.home.state}>
              <RelayState code={relay.state} receives={box === "inbox"} /> <Urgency code={relay.urgency} />
            </td>
            {deed && <td>{deed(relay)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
