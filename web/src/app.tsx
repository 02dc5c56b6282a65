import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, Route, Router, Switch, useLocation } from "wouter";
import { Problem, type Schemas } from "./api/client";
import { useLabels } from "./api/queries";
import { Home } from "./home/home";
import { ChoosePost } from "./session/choose";
import { useSession } from "./session/session";
import { t } from "./texts";
import { Announcer, Said, useAnnounce } from "./ui/announce";
import { later } from "./ui/later";
import { leave } from "./ui/leaving";
import { NotFound, TO_FIELD } from "./ui/screen";

const SheetForm = later(() => import("./sheet/form"));
const SheetView = later(() => import("./sheet/view"));
const SheetSearch = later(() => import("./sheet/search"));
const ConsentForm = later(() => import("./consent/form"));
const ConsentNext = later(() => import("./consent/next"));
const ConsentView = later(() => import("./consent/view"));
const RelayForm = later(() => import("./relay/form"));
const RelayAmend = later(() => import("./relay/amend"));
const RelayView = later(() => import("./relay/view"));
const ExceptionForm = later(() => import("./exception/form"));
const ExceptionView = later(() => import("./exception/view"));
const Exceptions = later(() => import("./exception/list"));
const Relays = later(() => import("./relay/list"));
const Stops = later(() => import("./sheet/stops"));
const Papers = later(() => import("./sheet/papers"));
const Privacy = later(() => import("./office/privacy"));
const Disclosures = later(() => import("./office/disclosures"));
const Audit = later(() => import("./office/audit"));
const Agencies = later(() => import("./office/agencies"));
const Staff = later(() => import("./office/staff"));
const Clients = later(() => import("./office/clients"));
const Own = later(() => import("./session/own"));
const Load = later(() => import("./home/load"));
const Board = later(() => import("./home/board"));
const Notices = later(() => import("./office/notices"));

type Role = Schemas["Role"];

/** The menu of each role: its daily work. The service decides what a role may do. */
function menu(role: Role): [href: string, text: string][] {
  switch (role) {
    case "counter":
    case "manager":
      return [
        ["/", t.nav.home],
        ["/sheets/edit", t.nav.newSheet],
        ["/sheets", t.nav.sheets],
        ["/relays", t.nav.relays],
        ["/exceptions", t.nav.exceptions],
        ...(role === "manager" ? [["/staff", t.nav.staff] as [string, string]] : []),
      ];
    case "hub":
      return [
        ["/", t.nav.home],
        ["/relays", t.nav.hub],
        ["/sheets/edit", t.nav.newSheet],
        ["/sheets", t.nav.sheets],
      ];
    case "privacy_officer":
      return [
        ["/", t.nav.privacy],
        ["/exceptions", t.nav.exceptions],
        ["/disclosures", t.nav.disclosures],
        ["/audit", t.nav.audit],
        ["/agencies", t.nav.agencies],
        ["/staff", t.nav.staff],
        ["/clients", t.nav.clients],
      ];
    case "auditor":
      return [
        ["/", t.nav.audit],
        ["/disclosures", t.nav.disclosures],
        ["/exceptions", t.nav.exceptions],
        ["/relays", t.nav.relays],
        ["/agencies", t.nav.agencies],
      ];
    case "admin":
      return [
        ["/", t.nav.agencies],
        ["/staff", t.nav.staff],
        ["/clients", t.nav.clients],
        ["/notices", t.nav.notices],
      ];
  }
}

/** The first screen of each role. */
const START: Record<Role, () => ReactNode> = {
  counter: () => <Home />,
  manager: () => <Home more={<Load />} />,
  hub: () => <Home more={<Board />} />,
  privacy_officer: () => <Privacy />,
  auditor: () => <Audit />,
  admin: () => <Agencies />,
};

function Start({ role }: { role: Role }) {
  return START[role]();
}

function Header() {
  const { session, post, choose, leave } = useSession();
  const [location, go] = useLocation();
  const { label } = useRole();
  const announce = useAnnounce();
  const button = useRef<HTMLButtonElement>(null);
  // On a narrow screen the menu is folded, and every new screen folds it again.
  const [opened, setOpened] = useState<string>();
  const open = opened === location;
  const failed = () => announce(t.failed);
  useEffect(() => {
    if (!open) return undefined;
    const pressed = ({ key }: KeyboardEvent): void => {
      if (key !== "Escape") return;
      setOpened(undefined);
      button.current?.focus();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [open]);
  return (
    <header className={open ? "open" : undefined}>
      <a className="skip" href="#main">
        {t.nav.skip}
      </a>
      <div className="bar">
        <Link href="/" className="brand">
          {t.name}
        </Link>
        {session.posts.length > 1 ? (
          <select
            className="post"
            aria-label={t.session.post}
            value={post.id}
            onChange={(event) => {
              void choose(event.target.value).then(() => go("/"), failed);
            }}
          >
            {session.posts.map((one) => (
              <option key={one.id} value={one.id}>
                {one.agency_name} {label(one.role)}
              </option>
            ))}
          </select>
        ) : (
          <span className="post">
            {post.agency_name} <span>{label(post.role)}</span>
          </span>
        )}
        <button type="button" className="menu" ref={button} aria-expanded={open} aria-controls="menu" onClick={() => setOpened(open ? undefined : location)}>
          {t.nav.menu}
        </button>
        <div className="self">
          <span>{session.staff.name}</span>
          <Link href="/own" className="button quiet">
            {t.session.own}
          </Link>
          <button type="button" className="quiet" onClick={() => void leave().catch(failed)}>
            {t.session.leave}
          </button>
        </div>
      </div>
      <nav id="menu" aria-label={t.nav.label}>
        {menu(post.role).map(([href, text]) => (
          <Link key={href} href={href} aria-current={location === href ? "page" : undefined} onClick={() => setOpened(undefined)}>
            {text}
          </Link>
        ))}
      </nav>
    </header>
  );
}

function useRole(): { label: (role: Role) => string } {
  const { label } = useLabels();
  return { label: (role) => label("role", role) };
}

/** The key `/` leads a role that may search to the search field, unless it is pressed in a field. */
function useSlash(role: Role): void {
  const [location, go] = useLocation();
  useEffect(() => {
    if (!menu(role).some(([href]) => href === "/sheets")) return undefined;
    const pressed = (event: KeyboardEvent): void => {
      const inField = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog");
      if (event.key === "/" && !inField && !event.isComposing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        // A search that is already on the screen stays.
        const here = location === "/sheets";
        go(here ? location + window.location.search : "/sheets", { replace: here, state: TO_FIELD });
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [go, location, role]);
}

/** Keeps the answers of the service. */
function kept(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A reading is an event in the audit trail, so only an act of the person may cause one.
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // The API client itself tries again while the service is away.
        networkMode: "always",
        retry: (count, error) => !(error instanceof Problem) && count < 1,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Everything behind the log-in. When another post is chosen, nothing of the earlier post is left. */
export default function App() {
  const { post, undecided } = useSession();
  return (
    <Router aroundNav={leave}>
      <Desk key={post.id}>{undecided ? <ChoosePost /> : <Frame />}</Desk>
    </Router>
  );
}

function Desk({ children }: { children: ReactNode }) {
  const [client] = useState(kept);
  return (
    <QueryClientProvider client={client}>
      <Announcer>{children}</Announcer>
    </QueryClientProvider>
  );
}

/** The frame and the screens. */
function Frame() {
  const { post } = useSession();
  useSlash(post.role);
  return (
    <>
      <Header />
      <Said />
      <main id="main" tabIndex={-1}>
        <Switch>
          <Route path="/">
            <Start role={post.role} />
          </Route>
          <Route path="/sheets" component={SheetSearch} />
          <Route path="/papers">
            <Papers />
          </Route>
          <Route path="/sheets/edit/:id?">{({ id }) => <SheetForm id={id} />}</Route>
          <Route path="/sheets/:id">{({ id }) => <SheetView id={id} key={id} />}</Route>
          <Route path="/sheets/:id/consent">{({ id }) => <ConsentForm id={id} key={id} />}</Route>
          <Route path="/sheets/:id/relay">{({ id }) => <RelayForm id={id} key={id} />}</Route>
          <Route path="/sheets/:id/stops">{({ id }) => <Stops id={id} key={id} />}</Route>
          <Route path="/sheets/:id/papers">{({ id }) => <Papers id={id} key={id} />}</Route>
          <Route path="/consents/:id">{({ id }) => <ConsentView id={id} key={id} />}</Route>
          <Route path="/consents/:id/next">{({ id }) => <ConsentNext id={id} key={id} />}</Route>
          <Route path="/relays" component={Relays} />
          <Route path="/relays/:id">{({ id }) => <RelayView id={id} key={id} />}</Route>
          <Route path="/relays/:id/amend">{({ id }) => <RelayAmend id={id} key={id} />}</Route>
          <Route path="/sheets/:id/exception">{({ id }) => <ExceptionForm id={id} key={id} />}</Route>
          <Route path="/exceptions" component={Exceptions} />
          <Route path="/exceptions/:id">{({ id }) => <ExceptionView id={id} key={id} />}</Route>
          <Route path="/disclosures" component={Disclosures} />
          <Route path="/audit" component={Audit} />
          <Route path="/agencies" component={Agencies} />
          <Route path="/staff" component={Staff} />
          <Route path="/clients" component={Clients} />
          <Route path="/notices" component={Notices} />
          <Route path="/own" component={Own} />
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </main>
    </>
  );
}
