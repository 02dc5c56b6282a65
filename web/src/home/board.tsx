import { useQuery } from "@tanstack/react-query";
import { api, call } from "../api/client";
import { useAgencies } from "../api/queries";
import { t } from "../texts";
import { Loaded } from "../ui/screen";

const b = t.home.board;
/** The counts of a row. */
const COUNTS = ["open", "unanswered", "overdue", "declined", "answered"] as const;

/** For who coordinates: how the relays of the last year go, by receiver, those that are late first. */
export default function Board() {
  const { name } = useAgencies();
  const found = useQuery({ queryKey: ["relays", "board"], queryFn: () => call(api.GET("/api/v1/board")) });
  return (
    <section className="group">
      <h2>{b.title}</h2>
      <p className="help">{b.help}</p>
      <Loaded of={found}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{b.empty}</p>
          ) : (
            <table className="list counts">
              <thead>
                <tr>
                  <th scope="col">{t.home.to}</th>
                  {COUNTS.map((count) => (
                    <th key={count} scope="col">
                      {b[count]}
                    </th>
                  ))}
                  <th scope="col">{b.median}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((row) => (
                  <tr key={row.agency_id}>
                    <th scope="row">{name(row.agency_id)}</th>
                    {COUNTS.map((count) => (
                      <td key={count} data-label={b[count]}>
                        {count === "overdue" && row.overdue > 0 ? <strong className="late">{row.overdue}</strong> : row[count]}
                      </td>
                    ))}
                    <td data-label={b.median}>{typeof row.median_days === "number" ? b.days(row.median_days) : t.none}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </section>
  );
}
