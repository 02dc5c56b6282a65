import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { api, call, change, type Schemas } from "../api/client";
import { consents, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { ConsentFacts } from "../consent/view";
import { useSession } from "../session/session";
import { t } from "../texts";
import { ContentView, Facts } from "../ui/content";
import { Deed, DeedsOf, given } from "../ui/deed";
import { TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { RiskBadge } from "../ui/risk";
import { State, WithoutConsent } from "../ui/state";
import { instant } from "../ui/wareki";
import { About, useColleagues } from "../ui/who";
import { AddressReleases } from "./address";
import { Assign } from "./assign";
import { Files } from "./files";
import { HouseholdSheets } from "./household";
import { Revisions } from "./revisions";
import { Way } from "./way";

type Sheet = Schemas["SheetResponse"];

const v = t.sheet.view;
const TABS = ["content", "consents", "way", "files", "address", "revisions"] as const;

/** One sheet: its content, the consents, the way of the baton, the revisions, and the next steps. */
export default function SheetView({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  return <Loaded screen of={sheet}>{(found) => <View sheet={found} />}</Loaded>;
}

function View({ sheet }: { sheet: Sheet }) {
  const { post } = useSession();
  const { name } = useAgencies();
  const colleagues = useColleagues();
  const { label } = useLabels();
  const asked = new URLSearchParams(useSearch()).get("tab");
  const works = ["counter", "manager", "hub"].includes(post.role);
  const isOrigin = sheet.origin_agency_id === post.agency_id;
  const shows: Record<(typeof TABS)[number], boolean> = {
    content: true,
    consents: works,
    way: true,
    files: works,
    address: works && isOrigin && Boolean(sheet.address_secret && sheet.address_secret !== "none"),
    revisions: works && isOrigin,
  };
  const tabs = TABS.filter((one) => shows[one]);
  const tab = tabs.find((one) => one === asked) ?? "content";
  return (
    <>
      <Title name={sheet.number ? v.title(sheet.number) : t.sheet.draftTitle}>
        <State list="sheet_state" code={sheet.state} />
        <State list="urgency" code={sheet.urgency} />
      </Title>
      {sheet.content && <About label={sheet.label} />}
      <RiskBadge flags={sheet.content?.risk?.flags} />
      <WithoutConsent of={sheet.without_consent} />
      {sheet.warnings.length > 0 && (
        <div className="notice bad" role="note">
          <strong>{v.warnings}</strong>
          <ul>
            {sheet.warnings.map(({ pointer, detail }) => (
              <li key={pointer}>{detail}</li>
            ))}
          </ul>
        </div>
      )}
      <Facts
        facts={[
          [v.holder, name(sheet.holder_agency_id)],
          [v.origin, name(sheet.origin_agency_id)],
          [t.who.assignee, works && (colleagues.name(sheet.assigned_staff_id) || t.none)],
          [v.tabs.consents, sheet.consent_state && [label("consent_state", sheet.consent_state), sheet.state === "closed" ? t.consent.view.unused : ""].join("")],
          [t.sheet.fields.received_at ?? "", instant(sheet.received_at)],
          [t.sheet.fields.channel ?? "", [label("channel", sheet.channel), label("route", sheet.route)].filter(Boolean).join("、")],
          [t.sheet.fields.address_secret ?? "", sheet.address_secret && sheet.address_secret !== "none" && <strong key="secret">{label("address_secret", sheet.address_secret)}</strong>],
          [
            t.sheet.fields["visitor.name"] ?? "",
            sheet.visitor && [sheet.visitor.name, sheet.visitor.relation, sheet.visitor.phone].filter(Boolean).join(" "),
          ],
        ]}
      />
      <DeedsOf state={sheet.can}>{(can) => <Moves sheet={sheet} can={can} />}</DeedsOf>
      <nav className="tabs" aria-label={t.sheet.jump}>
        {tabs.map((one) => (
          <Link key={one} href={`/sheets/${sheet.id}?tab=${one}`} aria-current={one === tab ? "page" : undefined}>
            {v.tabs[one]}
          </Link>
        ))}
      </nav>
      <h2>{v.tabs[tab]}</h2>
      {tab === "content" &&
        (sheet.content ? (
          <>
            <ContentView content={sheet.content} withheld={sheet.withheld} />
            <p className="help">{v.tail}</p>
            {sheet.can.includes("link_sheet") && <HouseholdSheets sheet={sheet} />}
          </>
        ) : (
          <p className="empty">{v.masked}</p>
        ))}
      {tab === "consents" && <Consents sheet={sheet} />}
      {tab === "way" && <Way sheet={sheet} works={works} />}
      {tab === "files" && <Files sheet={sheet} />}
      {tab === "address" && <AddressReleases sheet={sheet} />}
      {tab === "revisions" && <Revisions sheet={sheet} />}
    </>
  );
}

function Moves({ sheet, can }: { sheet: Sheet; can: readonly string[] }) {
  const [, go] = useLocation();
  const may = (operation: string): boolean => can.includes(operation);
  const consented = sheet.consent_state === "effective";
  if (can.length === 0) return null;
  return (
    <div className="actions moves">
      {may("revise_sheet") && !sheet.number && (
        <Link href={`/sheets/edit/${sheet.id}`} className="button primary">
          {t.home.resume}
        </Link>
      )}
      {may("send_relay") && (
        <>
          <Link href={`/sheets/${sheet.id}/relay`} className={consented ? "button primary" : "button"}>
            {v.relay}
          </Link>
          <Link href={`/sheets/${sheet.id}/consent`} className={consented ? "button" : "button primary"}>
            {v.consent}
          </Link>
          {may("revise_sheet") && (
            <Link href={`/sheets/edit/${sheet.id}`} className="button">
              {v.edit}
            </Link>
          )}
          <Link href={`/sheets/${sheet.id}/papers`} className="button">
            {v.slip}
          </Link>
          {may("close_sheet") && (
            <Deed<Schemas["ClosureRequest"]>
              open={v.close}
              title={v.closeTitle}
              help={v.closeHelp}
              go={v.close}
              done={v.done}
              defaults={{ reason: "", evaluation: "" }}
              act={(values) => call(api.POST("/api/v1/sheets/{id}/closure", { params: change(sheet), body: given(values) }))}
            >
              <About label={sheet.label} />
              <TextField name="reason" label={v.reason} required />
              <TextField name="evaluation" label={v.evaluation} rows={4} />
            </Deed>
          )}
        </>
      )}
      {may("assign_sheet") && <Assign sheet={sheet} />}
      {may("reopen_sheet") && (
        <Deed<Schemas["ReasonRequest"]>
          open={v.reopen}
          title={v.reopenTitle}
          go={v.reopen}
          done={v.done}
          defaults={{ reason: "" }}
          act={(body) => call(api.POST("/api/v1/sheets/{id}/reopen", { params: change(sheet), body }))}
        >
          <About label={sheet.label} />
          <TextField name="reason" label={v.reason} required />
        </Deed>
      )}
      {may("void_sheet") && (
        <Deed<Schemas["ReasonRequest"]>
          open={v.void}
          title={v.voidTitle}
          help={v.voidHelp}
          go={v.void}
          done={v.done}
          defaults={{ reason: "" }}
          act={(body) => call(api.POST("/api/v1/sheets/{id}/void", { params: change(sheet), body }))}
          then={() => go("/")}
        >
          <About label={sheet.label} />
          <TextField name="reason" label={v.reason} required />
        </Deed>
      )}
    </div>
  );
}

function Consents({ sheet }: { sheet: Sheet }) {
  const found = useQuery(consents(sheet.id));
  return (
    <Loaded of={found}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="empty">{t.consent.view.none}</p>
        ) : (
          items
            .toSorted((a, b) => b.version - a.version)
            .map((consent) => (
              <section key={consent.id} className="card">
                <h3>
                  <Link href={`/consents/${consent.id}`}>{t.consent.view.title(consent.version)}</Link>{" "}
                  <State list="consent_state" code={consent.state} />
                  {sheet.state === "closed" && t.consent.view.unused}
                </h3>
                <ConsentFacts consent={consent} />
              </section>
            ))
        )
      }
    </Loaded>
  );
}
