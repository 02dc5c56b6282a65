import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { now } from "../api/clock";
import { consent as consentQuery, notices, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { instant } from "../ui/wareki";
import { About, Who } from "../ui/who";
import { AddScan } from "./evidence";
import { keyOf, Ruby } from "./notice";
import { grants } from "./request";
import { Said } from "./said";
import { useThen } from "./sentence";
import { StillTold } from "./view";

type Consent = Schemas["ConsentResponse"];
type Sheet = Schemas["SheetResponse"];

const n = t.consent.next;

/** After a consent is recorded: print the copy, add what was signed on paper, relay. Below stands the copy as it is printed. */
export default function ConsentNext({ id }: { id: string }) {
  const consent = useQuery(consentQuery(id));
  return <Loaded screen of={consent}>{(found) => <OfSheet consent={found} />}</Loaded>;
}

function OfSheet({ consent }: { consent: Consent }) {
  const sheet = useQuery(sheetQuery(consent.sheet_id));
  return <Loaded screen of={sheet}>{(found) => <Next consent={consent} sheet={found} />}</Loaded>;
}

function Next({ consent, sheet }: { consent: Consent; sheet: Sheet }) {
  const { post } = useSession();
  const relays = grants(consent.decision) && sheet.can.includes("send_relay");
  const waits = n.witness[consent.witness.state];
  return (
    <>
      <div className="screen-only">
        <Title name={n.title} />
        <About label={sheet.label} />
        <RiskBadge flags={sheet.content?.risk?.flags} />
        {waits && <p className="notice">{waits}</p>}
        <StillTold consent={consent} isOrigin={sheet.origin_agency_id === post.agency_id} />
        <div className="ways">
          <Way title={n.print} help={n.printHelp}>
            <button type="button" onClick={() => window.print()}>
              {t.print}
            </button>
          </Way>
          {consent.can.includes("add_evidence") && (
            <Way title={n.scan} help={n.scanHelp}>
              <AddScan consent={consent} />
            </Way>
          )}
          {relays && (
            <Way title={n.relay} help={n.relayHelp}>
              <Link href={`/sheets/${sheet.id}/relay`} className="button primary">
                {t.sheet.view.relay}
              </Link>
            </Way>
          )}
        </div>
        <p>
          <Link href={`/sheets/${sheet.id}`}>{t.consent.view.backToSheet(sheet.number ?? "")}</Link>
        </p>
      </div>
      <Copy consent={consent} sheet={sheet} />
    </>
  );
}

function Way({ title, help, children }: { title: string; help: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      <p className="help">{help}</p>
      {children}
    </section>
  );
}

/** The copy of a consent: whose it is, what was decided, the text that was shown, and where to sign while nothing proves it yet. */
function Copy({ consent, sheet }: { consent: Consent; sheet: Sheet }) {
  const { all, name } = useAgencies();
  const { label } = useLabels();
  const then = useThen(consent);
  const texts = useQuery(notices);
  const shown = consent.notice_variant;
  const text = shown && texts.data?.items.find(({ id }) => id === consent.notice_id)?.variants.find((one) => keyOf(one) === keyOf(shown));
  const phone = all.find(({ id }) => id === consent.recorded_agency_id)?.phone;
  const signs = consent.method === "signature_paper" && consent.evidence.length === 0;
  return (
    <article className="paper">
      <h2>{n.copy}</h2>
      <p className="about">
        <Who label={sheet.label} />
      </p>
      <Said of={consent} lifted={consent.lifted_exclusions.map(({ agency_id }) => agency_id)} called={then} />
      <Facts
        facts={[
          [t.consent.view.obtained, instant(consent.obtained_at)],
          [t.consent.method, label("consent_method", consent.method)],
          [t.consent.view.state, label("consent_state", consent.state)],
          [n.sheet, sheet.number],
          [n.agency, [name(consent.recorded_agency_id), phone].filter(Boolean).join(" ")],
        ]}
      />
      {text && (
        <section lang={text.language}>
          <h3>
            <Ruby text={text.title} />
          </h3>
          <p className="lines">
            <Ruby text={text.body} />
          </p>
        </section>
      )}
      {signs && (
        <>
          <p>{t.papers.sign}</p>
          <p className="line">{t.papers.date}</p>
          <p className="line">{t.papers.name}</p>
          <p className="line">{t.papers.proxy}</p>
        </>
      )}
      <p className="help">{t.papers.printed(instant(now().toISOString()))}</p>
    </article>
  );
}
