import { useState } from "react";
import { Link } from "wouter";
import { api, call, once, type Schemas } from "../api/client";
import { now } from "../api/clock";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Deed } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { Pages, usePages } from "../ui/pages";
import { State } from "../ui/state";
import { day, instant } from "../ui/wareki";
import { instantOf, localTime } from "./shape";

type Sheet = Schemas["SheetResponse"];

const w = t.sheet.way;
/** Readings are noted like deeds, but people rarely look for them. */
const READINGS = /\.(read|listed|searched|previewed)$/;
/** Attempts that the service refused: here they are told without blame, and the auditors' screen names them. */
const REFUSED = /refused$/;
const WAITING: readonly Schemas["RelayState"][] = ["sent", "received", "returned"];
const HOLDING: readonly Schemas["RelayState"][] = ["accepted", "reported", "closed"];

/** The way of the baton: who held it, as a picture and as a list; then what was done. */
export function Way({ sheet, works }: { sheet: Sheet; works: boolean }) {
  const { name } = useAgencies();
  const found = usePages(["sheet", sheet.id, "timeline"], (after) =>
    call(api.GET("/api/v1/sheets/{id}/timeline", { params: { path: { id: sheet.id }, query: { limit: 100, after } } })),
  );
  const [reads, setReads] = useState(false);
  const { path } = sheet;
  const way = sheet.way ?? [];
  const said = ({ kind, label }: Schemas["TimelineItem"]): string => (REFUSED.test(kind) ? w.refused : label);
  return (
    <>
      {way.length > 0 && (
        <section>
          <h3>{w.title}</h3>
          <Facts
            facts={[
              [w.now, name(sheet.holder_agency_id)],
              [w.open, String(way.filter(({ state }) => WAITING.includes(state)).length)],
              [w.hops, String(path?.hops ?? 0)],
              [w.bounces, String(path?.bounces ?? 0)],
              [w.loops, path?.loops ? String(path.loops) : ""],
            ]}
          />
          <ol className="baton" aria-label={w.picture}>
            <li className="start">
              <strong>{name(sheet.origin_agency_id)}</strong> {sheet.holder_agency_id === sheet.origin_agency_id && <Holder />}
              <Branches way={way} under={null} holder={sheet.holder_agency_id} />
            </li>
          </ol>
        </section>
      )}
      {works && <Entries sheet={sheet} />}
      <section>
        <h3>{w.timeline}</h3>
        <Pages of={found}>
          {(items) => (
            <>
            <label className="choice">
              <input type="checkbox" checked={reads} onChange={(event) => setReads(event.target.checked)} />
              <span>{w.reads}</span>
            </label>
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{w.when}</th>
                  <th scope="col">{w.what}</th>
                  <th scope="col">{w.who}</th>
                </tr>
              </thead>
              <tbody>
                {items.filter(({ kind }) => reads || !READINGS.test(kind)).map((item, index) => (
                  <tr key={index}>
                    <td data-label={w.when}>{instant(item.at)}</td>
                    <td data-label={w.what}>
                      {item.relay_id ? <Link href={`/relays/${item.relay_id}`}>{said(item)}</Link> : said(item)}
                    </td>
                    <td data-label={w.who}>{name(item.agency_id)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            </>
          )}
        </Pages>
      </section>
    </>
  );
}

function Holder() {
  return <strong className="state">{w.now}</strong>;
}

/** The relays that continue one relay, each with the relays that continue it in turn. */
function Branches({ way, under, holder }: { way: readonly Schemas["Step"][]; under: string | null; holder: string }) {
  const { name } = useAgencies();
  const here = way.filter(({ parent_relay_id }) => (parent_relay_id ?? null) === under);
  if (here.length === 0) return null;
  return (
    <ol>
      {here.map(({ relay_id, to_agency_id, state, sent_at }) => (
        <li key={relay_id} className={state}>
          <span className="when">{day(sent_at)}</span>
          <span aria-hidden="true">→ </span>
          <strong>{name(to_agency_id)}</strong> <State list="relay_state" code={state} />{" "}
          {to_agency_id === holder && HOLDING.includes(state) && <Holder />} {WAITING.includes(state) && <em>{w.waits}</em>}{" "}
          <Link href={`/relays/${relay_id}`}>{t.show}</Link>
          <Branches way={way} under={relay_id} holder={holder} />
        </li>
      ))}
    </ol>
  );
}

interface EntryForm {
  occurred_at: string;
  method: Schemas["EntryMethod"];
  section: Schemas["Section"];
  text: string;
}

function Entries({ sheet }: { sheet: Sheet }) {
  const { name } = useAgencies();
  const { label, list } = useLabels();
  const found = usePages(["sheet", sheet.id, "entries"], (after) =>
    call(api.GET("/api/v1/sheets/{id}/entries", { params: { path: { id: sheet.id }, query: { after } } })),
  );
  const open = !["closed", "voided", "draft"].includes(sheet.state);
  return (
    <section>
      <h3>{w.entries}</h3>
      {open && (
        <Deed<EntryForm>
          open={w.addEntry}
          title={w.addEntry}
          go={t.save}
          done={w.added}
          defaults={{ occurred_at: localTime(now()), method: "interview", section: "statement", text: "" }}
          act={({ occurred_at, ...body }) =>
            call(
              api.POST("/api/v1/sheets/{id}/entries", {
                params: { path: { id: sheet.id }, header: once() },
                body: { ...body, occurred_at: instantOf(occurred_at) },
              }),
            )
          }
        >
          <TextField name="occurred_at" label={w.occurred} type="datetime-local" required size="half" />
          <SelectField name="method" label={w.method} required options={list("entry_method")} />
          <SelectField name="section" label={w.section} help={w.sectionHelp} required options={list("section")} />
          <TextField name="text" label={w.text} rows={5} required />
        </Deed>
      )}
      <Pages of={found}>
        {(items) =>
          items.length === 0 ? (
            <p className="help">{w.noEntries}</p>
          ) : (
            <ul className="entries">
              {items.map((entry) => (
                <li key={entry.id}>
                  <p>
                    {instant(entry.occurred_at)} {label("entry_method", entry.method)} {name(entry.agency_id)}
                  </p>
                  <p className="lines">{entry.text}</p>
                </li>
              ))}
            </ul>
          )
        }
      </Pages>
    </section>
  );
}
