import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { useAsked } from "../ui/asked";
import { Group, Pages, useRelays } from "../ui/pages";
import { Title } from "../ui/screen";
import { useRelayWords } from "../ui/state";
import { Chase, OVER } from "./moves";
import { isLate, RelayTable } from "./table";

type State = Schemas["RelayState"];

/** The states in which somebody must act and can be chased. */
const CHASED: readonly State[] = ["sent", "received", "accepted", "returned"];

function chase(relay: Schemas["RelayItem"]): ReactNode {
  return CHASED.includes(relay.state) && <Chase relay={relay} />;
}

/** All relays of the agency; for the hub all relays that are under way, bounced and late ones first. */
export default function Relays() {
  const { post } = useSession();
  return post.role === "hub" || post.role === "auditor" ? <Overview /> : <Mine />;
}

function Mine() {
  const { list } = useLabels();
  const [asked, setBox] = useAsked("box");
  const box = asked === "outbox" ? "outbox" : "inbox";
  const [state, setState] = useAsked("state");
  const found = useRelays({ box, state: (state || undefined) as State | undefined });
  const words = useRelayWords(box === "inbox");
  const l = t.relay.list;
  return (
    <>
      <Title name={l.title} />
      <div className="row filters">
        <div className="field half">
          <label htmlFor="box">{l.box}</label>
          <select id="box" value={box} onChange={(event) => setBox(event.target.value)}>
            <option value="inbox">{l.inbox}</option>
            <option value="outbox">{l.outbox}</option>
          </select>
        </div>
        <div className="field half">
          <label htmlFor="state">{l.state}</label>
          <select id="state" value={state} onChange={(event) => setState(event.target.value)}>
            <option value="">{l.all}</option>
            {list("relay_state").map(({ code }) => (
              <option key={code} value={code}>
                {words(code)}
              </option>
            ))}
          </select>
        </div>
      </div>
      <Pages of={found}>{(items) => (items.length > 0 ? <RelayTable items={items} box={box} /> : <p className="empty">{l.empty}</p>)}</Pages>
    </>
  );
}

/** Bounced relays are asked for separately, because by due date they may stand far behind the first page. Late ones stand at its beginning. */
function Overview() {
  const chases = useSession().post.role === "hub";
  const found = useRelays({});
  const bounced = useRelays({ state: "returned" });
  const l = t.relay.list;
  return (
    <>
      <Title name={l.hubTitle} />
      <p>{l.hubHelp}</p>
      <Pages of={bounced}>{(items) => <Part title={l.bounced} items={items} more={bounced.hasNextPage} chases={chases} />}</Pages>
      <Pages of={found}>
        {(items) => {
          const rest = items.filter(({ state }) => state !== "returned");
          const open = rest.filter(({ state }) => !OVER.includes(state));
          const late = open.filter(isLate);
          if (items.length === 0) return <p className="empty">{l.empty}</p>;
          return (
            <>
              <Part title={l.late} items={late} more={found.hasNextPage && late.length === rest.length} chases={chases} />
              <Part title={l.others} items={open.filter((relay) => !late.includes(relay))} more={found.hasNextPage} chases={chases} />
              <Part title={l.over} items={rest.filter(({ state }) => OVER.includes(state))} more={found.hasNextPage} chases={false} />
            </>
          );
        }}
      </Pages>
    </>
  );
}

/** A group of relays; the hub may chase each of them. */
function Part({ title, items, more, chases }: { title: string; items: readonly Schemas["RelayItem"][]; more: boolean; chases: boolean }) {
  return (
    <Group title={title} count={items.length} more={more}>
      <RelayTable items={items} deed={chases ? chase : undefined} />
    </Group>
  );
}
