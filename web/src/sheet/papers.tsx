import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { now } from "../api/clock";
import { notices, sheet as sheetQuery, useLabels } from "../api/queries";
import { inForce } from "../consent/notice";
import { t } from "../texts";
import { useRecipients } from "../ui/agencies";
import { ContentView, filled } from "../ui/content";
import { Loaded, Title } from "../ui/screen";
import { instant } from "../ui/wareki";
import { Who } from "../ui/who";
import { Blank } from "./blank";

type Sheet = Schemas["SheetResponse"];
type Section = Schemas["Section"];
type Kind = keyof typeof t.papers.kinds;

const p = t.papers;

/** The papers on A4: for a sheet, or blank ones for a power cut. */
export default function Papers({ id }: { id?: string }) {
  if (id) return <OfSheet id={id} />;
  return (
    <Screen kinds={["blank", "consent"]}>
      <p>{p.beforehand}</p>
    </Screen>
  );
}

/** The papers of a sheet: the resident's copy, which the service writes, the sheet, the consent form to sign, and the empty form. */
function OfSheet({ id }: { id: string }) {
  const sheet = useQuery(sheetQuery(id));
  return (
    <Loaded screen of={sheet}>
      {(found) => (
        <Screen sheet={found} kinds={["consent", "sheet", "blank"]}>
          <p>
            <Link href={`/sheets/${id}`}>{t.sheet.view.title(found.number ?? "")}</Link>
          </p>
          <h2>{p.slip}</h2>
          <p>{p.slipHelp}</p>
          <a className="button" href={`/api/v1/sheets/${id}/slip`} target="_blank" rel="noreferrer">
            {p.slipOpen}
          </a>
          <h2>{p.others}</h2>
        </Screen>
      )}
    </Loaded>
  );
}

/** Chooses among the papers, shows and prints one. */
function Screen({ sheet, kinds, children }: { sheet?: Sheet; kinds: [Kind, ...Kind[]]; children: ReactNode }) {
  const [kind, setKind] = useState(kinds[0]);
  return (
    <>
      <div className="screen-only">
        <Title name={p.title} />
        {children}
        <p>{p.help}</p>
        <div className="field half">
          <label htmlFor="paper">{p.which}</label>
          <select id="paper" value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
            {kinds.map((code) => (
              <option key={code} value={code}>
                {p.kinds[code]}
              </option>
            ))}
          </select>
        </div>
        <button type="button" className="primary" onClick={() => window.print()}>
          {t.print}
        </button>
      </div>
      <article className="paper">
        {kind === "sheet" && sheet && <WholeSheet sheet={sheet} />}
        {kind === "consent" && <ConsentPaper sheet={sheet} />}
        {kind === "blank" && <Blank />}
        <p className="help">{p.printed(instant(now().toISOString()))}</p>
      </article>
    </>
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

/** The consent form to sign. For a sheet it lists the sections that hold something, otherwise all that may be told. */
function ConsentPaper({ sheet }: { sheet: Sheet | undefined }) {
  const recipients = useRecipients();
  const { list } = useLabels();
  const texts = useQuery(notices);
  const notice = inForce(texts.data?.items);
  const there = sheet ? filled(sheet.content) : undefined;
  return (
    <>
      <h2>
        {p.consentTitle} {sheet?.number}
      </h2>
      {sheet && (
        <p className="about">
          <Who label={sheet.label} />
        </p>
      )}
      <p className="lines">{notice?.body}</p>
      <h3>{p.who}</h3>
      <ul className="ticks">
        {recipients.map(({ id, name }) => (
          <li key={id}>{name}</li>
        ))}
      </ul>
      <h3>{p.what}</h3>
      <ul className="ticks">
        {list("section").filter(({ code }) => code !== "history" && (!there || there.includes(code as Section))).map(({ code, label }) => (
          <li key={code}>{label}</li>
        ))}
      </ul>
      <h3>{p.exclusions}</h3>
      <p className="line" />
      <p className="line" />
      {[p.onward, p.report].map(({ asked, answers }) => (
        <div key={asked} className="squares">
          <strong>{asked}</strong>
          <ul className="ticks">
            {answers.map((answer) => (
              <li key={answer}>{answer}</li>
            ))}
          </ul>
        </div>
      ))}
      <p>{p.until}</p>
      <p>{p.sign}</p>
      <p>{p.date}</p>
      <p className="line">{p.name}</p>
      <p className="line">{p.proxy}</p>
      <p className="line">{p.witness}</p>
    </>
  );
}
