import { Link } from "wouter";
import { api, call } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { useAsked } from "../ui/asked";
import { Pages, usePages } from "../ui/pages";
import { Title } from "../ui/screen";
import { instant } from "../ui/wareki";

const d = t.exception.disclosures;

/** All disclosures: when, by whom, to whom, which sections, and on what basis. No content. */
export default function Disclosures() {
  const { name } = useAgencies();
  const { label, list } = useLabels();
  const { post } = useSession();
  const [basis, setBasis] = useAsked("basis");
  const found = usePages(["disclosures", basis], (after) =>
    call(api.GET("/api/v1/disclosures", { params: { query: { basis: basis || undefined, after } } })),
  );
  return (
    <>
      <Title name={d.title} />
      <p>{d.help}</p>
      <div className="field">
        <label htmlFor="basis">{d.basis}</label>
        <select id="basis" value={basis} onChange={(event) => setBasis(event.target.value)}>
          <option value="">{d.all}</option>
          <option value="consent">{t.relay.view.basisConsent}</option>
          <option value="exception">{d.exceptions}</option>
          {list("exception_code").map(({ code, label: text }) => (
            <option key={code} value={code}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <Pages of={found}>
        {(items) =>
          items.length === 0 ? (
            <p className="empty">{d.empty}</p>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{d.at}</th>
                  <th scope="col">{t.home.number}</th>
                  <th scope="col">{d.from}</th>
                  <th scope="col">{d.to}</th>
                  <th scope="col">{d.sections}</th>
                  <th scope="col">{d.basis}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.event_id}>
                    <td data-label={d.at}>{instant(one.at)}</td>
                    <td data-label={t.home.number}>
                      {post.role === "auditor" && one.sheet_id ? <Link href={`/sheets/${one.sheet_id}?tab=way`}>{one.number}</Link> : one.number}
                    </td>
                    <td data-label={d.from}>{name(one.from_agency_id)}</td>
                    <td data-label={d.to}>{name(one.to_agency_id)}</td>
                    <td data-label={d.sections}>
                      {[...one.sections.map((code) => label("section", code)), ...(one.request ? [t.relay.request] : []), ...(one.files > 0 ? [d.files(one.files)] : []), ...(one.household_members > 0 ? [d.members(one.household_members)] : [])].join("、")}
                    </td>
                    <td data-label={d.basis}>
                      {one.basis.exception_id ? <Link href={`/exceptions/${one.basis.exception_id}`}>{one.basis_label}</Link> : one.basis_label}
                      {one.basis_invalid && <p className="late">{d.invalid}</p>}
                      {one.address_released && <p className="late">{d.released}</p>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Pages>
    </>
  );
}
