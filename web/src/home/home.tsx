import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { relaysIn, sheetsIn } from "../api/queries";
import { RelayTable } from "../relay/table";
import { useSession } from "../session/session";
import { SheetTable } from "../sheet/table";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { Title } from "../ui/screen";

type RelayState = Schemas["RelayState"];
type SheetState = Schemas["SheetState"];

/** What waits for a move of ours, most pressing first. */
const WAITING: [box: "inbox" | "outbox", state: RelayState, title: string][] = [
  ["inbox", "sent", t.home.groups.inboxSent],
  ["inbox", "received", t.home.groups.inboxReceived],
  ["outbox", "returned", t.home.groups.returned],
  ["outbox", "declined", t.home.groups.declined],
  ["inbox", "accepted", t.home.groups.inboxAccepted],
  ["outbox", "reported", t.home.groups.reported],
];

const SHEETS: [state: SheetState, title: string][] = [
  ["draft", t.home.groups.draft],
  ["registered", t.home.groups.registered],
  ["consent_pending", t.home.groups.consentPending],
];

/** The first screen of the day: everything that waits for this agency, by due date. */
export function Home() {
  const { session, post } = useSession();
  // Looked at again whenever the clerk comes back to it.
  const fresh = { refetchOnWindowFocus: true } as const;
  const relays = useQueries({ queries: WAITING.map(([box, state]) => ({ ...relaysIn(box, state), ...fresh })) });
  const sheets = useQueries({ queries: SHEETS.map(([state]) => ({ ...sheetsIn(state), ...fresh })) });
  const all = [...relays, ...sheets];
  const nothing = all.every(({ data }) => data?.items.length === 0);
  return (
    <>
      <Title name={t.home.title}>
        <Link href="/sheets/edit" className="button primary">
          {t.nav.newSheet}
        </Link>
      </Title>
      <p>{t.home.greeting(session.staff.name, post.agency_name)}</p>
      {all.some(({ error }) => error) && <Alert>{t.failed}</Alert>}
      {all.some(({ isPending }) => isPending) && (
        <p className="loading" role="status">
          {t.loading}
        </p>
      )}
      {nothing && (
        <div className="empty">
          <p>{t.home.nothing}</p>
          <p>{t.home.nothingHelp}</p>
        </div>
      )}
      {WAITING.map(([box, , title], index) => (
        <Group key={title} title={title} page={relays[index]?.data}>
          {(items) => <RelayTable items={items} box={box} />}
        </Group>
      ))}
      {SHEETS.map(([, title], index) => (
        <Group key={title} title={title} page={sheets[index]?.data}>
          {(items) => <SheetTable items={items} />}
        </Group>
      ))}
    </>
  );
}

/** A list with its count; nothing at all when it is empty. */
function Group<T>({ title, page, children }: { title: string; page?: { items: T[]; next?: string | null }; children: (items: T[]) => ReactNode }) {
  if (!page || page.items.length === 0) return null;
  return (
    <section className="group">
      <h2>
        {title}{" "}
        <span className="count">
          {t.home.count(page.items.length)}
          {page.next && t.home.orMore}
        </span>
      </h2>
      {children(page.items)}
    </section>
  );
}
