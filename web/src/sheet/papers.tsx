import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { notices, sheet as sheetQuery, useAgencies, useLabels } from "../api/queries";
import { inForce } from "../consent/notice";
import { useSession } from "../session/session";
import { t } from "../texts";
import { ContentView, filled } from "../ui/content";
import { Loaded, Title } from "../ui/screen";
import { instant } from "../ui/wareki";

type Sheet = Schemas["SheetResponse"];
type Section = Schemas["Section"];
type Kind = keyof typeof t.papers.kinds;

const BLANKS: readonly Section[] = ["identity", "contact", "address", "topics", "statement", "risk", "household", "life"];

/** What is printed on A4: the resident's copy, which the service writes; the sheet, the consent form to sign, the empty form. */
export default function Papers({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  const [kind, setKind] = useState<Kind>("consent");
  const p = t.papers;
  return (
    <Loaded screen of={sheet}>
      {(found) => (
        <>
          <div className="screen-only">
            <Title name={p.title} />
            <p>
              <Link href={`/sheets/${id}`}>{t.sheet.view.title(found.number ?? "")}</Link>
            </p>
            <h2>{p.slip}</h2>
            <p>{p.slipHelp}</p>
            <a className="button" href={`/api/v1/sheets/${id}/slip`} target="_blank" rel="noreferrer">
              {p.slipOpen}
            </a>
            <h2>{p.others}</h2>
            <p>{p.help}</p>
            <div className="field half">
              <label htmlFor="paper">{p.which}</label>
              <select id="paper" value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
                {Object.entries(p.kinds).map(([code, text]) => (
                  <option key={code} value={code}>
                    {text}
                  </option>
                ))}
              </select>
            </div>
            <button type="button" className="primary" onClick={() => window.print()}>
              {t.print}
            </button>
          </div>
          <article className="paper">
            {kind === "sheet" && <WholeSheet sheet={found} />}
            {kind === "consent" && <ConsentPaper sheet={found} />}
            {kind === "blank" && <Blank />}
            <p className="help">{p.printed(instant(new Date().toISOString()))}</p>
          </article>
        </>
      )}
    </Loaded>
  );
}

function WholeSheet({ sheet }: { sheet: Sheet }) {
  return (
    <>
      <h2>
        {t.papers.sheetTitle} {sheet.number}
      </h2>
      <p>{instant(sheet.received_at)}</p>
      <ContentView content={sheet.content ?? {}} withheld={sheet.withheld} />
    </>
  );
}

function ConsentPaper({ sheet }: { sheet: Sheet }) {
  const { all } = useAgencies();
  const { list } = useLabels();
  const { post } = useSession();
  const texts = useQuery(notices);
  const notice = inForce(texts.data?.items);
  const there = filled(sheet.content);
  const p = t.papers;
  return (
    <>
      <h2>
        {p.consentTitle} {sheet.number}
      </h2>
      <p className="lines">{notice?.body}</p>
      <h3>{p.who}</h3>
      <ul className="ticks">
        {all.filter(({ id }) => id !== post.agency_id).map(({ id, name }) => (
          <li key={id}>{name}</li>
        ))}
      </ul>
      <h3>{p.what}</h3>
      <ul className="ticks">
        {list("section").filter(({ code }) => there.includes(code as Section) && code !== "history").map(({ code, label }) => (
          <li key={code}>{label}</li>
        ))}
      </ul>
      <p>{p.until}</p>
      <p>{p.sign}</p>
      <p>{p.date}</p>
      <p className="line">{p.name}</p>
      <p className="line">{p.proxy}</p>
      <p className="line">{p.witness}</p>
    </>
  );
}

function Blank() {
  const { label, list } = useLabels();
  const p = t.papers;
  return (
    <>
      <h2>{p.blankTitle}</h2>
      {BLANKS.map((section) => (
        <section key={section} className="blank">
          <h3>{label("section", section)}</h3>
          {section === "topics" ? (
            <ul className="ticks">
              {list("topics").map(({ code, label: text }) => (
                <li key={code}>{text}</li>
              ))}
            </ul>
          ) : (
            <p className="space" />
          )}
        </section>
      ))}
    </>
  );
}
