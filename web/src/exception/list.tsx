import { api, call, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { useAsked } from "../ui/asked";
import { Pages, usePages } from "../ui/pages";
import { Title } from "../ui/screen";
import { ExceptionTable } from "./table";

const l = t.exception.list;

/** The exceptions that the reader's agency asked for; privacy officer and auditor see those of the whole municipality. */
export default function Exceptions() {
  const { list } = useLabels();
  const [state, setState] = useAsked("state");
  const found = usePages(["exceptions", state], (after) =>
    call(api.GET("/api/v1/exceptions", { params: { query: { state: (state || undefined) as Schemas["ExceptionState"] | undefined, after } } })),
  );
  return (
    <>
      <Title name={l.title} />
      <p>{l.help}</p>
      <div className="field half">
        <label htmlFor="state">{l.state}</label>
        <select id="state" value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">{t.relay.list.all}</option>
          {list("exception_state").map(({ code, label }) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Pages of={found}>{(items) => (items.length > 0 ? <ExceptionTable items={items} /> : <p className="empty">{l.empty}</p>)}</Pages>
    </>
  );
}
