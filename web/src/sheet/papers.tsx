import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { notices, sheet as sheetQuery, useLabels } from "../api/queries";
import { inForce } from "../consent/notice";
import { t } from "../texts";
import { useRecipients } from "../ui/agencies";
import { ContentView, filled } from "../ui/content";
import { Loaded, Title } from "../ui/screen";
import { instant } from "../ui/wareki";
import { Blank } from "./blank";

type Sheet = Schemas["SheetResponse"];
type Section = Schemas["Section"];
type Kind = keyof typeof t.papers.kinds;

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
  const recipients = useRecipients();
  const { list } = useLabels();
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
        {recipients.map(({ id, name }) => (
          <li key={id}>{name}</li>
        ))}
      </ul>
      <h3>{p.what}</h3>
      <ul className="ticks">
        {list("section").filter(({ code }) => there.includes(code as Section) && code !== "history").map(({ code, label }) => (
          <li key={code}>{label}</li>
        ))}
      </ul>
      <h3>{p.exclusions}</h3>
      <p className="line" />
      <p className="line" />
      <p>{p.until}</p>
      <p>{p.sign}</p>
      <p>{p.date}</p>
      <p className="line">{p.name}</p>
      <p className="line">{p.proxy}</p>
      <p className="line">{p.witness}</p>
    </>
  );
}
