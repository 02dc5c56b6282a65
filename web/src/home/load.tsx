import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, call } from "../api/client";
import { t } from "../texts";
import { Loaded } from "../ui/screen";
import { useColleagues } from "../ui/who";

const l = t.home.load;

/** For the manager: how much each person of the agency works on, those who are late first. */
export default function Load() {
  const { name } = useColleagues();
  const found = useQuery({ queryKey: ["tasks", "load"], queryFn: () => call(api.GET("/api/v1/load")) });
  return (
    <section className="group">
      <h2>{l.title}</h2>
      <Loaded of={found}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="help">{l.empty}</p>
          ) : (
            <table className="list counts">
              <thead>
                <tr>
                  <th scope="col">{t.who.assignee}</th>
                  <th scope="col">{l.sheets}</th>
                  <th scope="col">{l.tasks}</th>
                  <th scope="col">{l.overdue}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((row) => (
                  <tr key={row.staff_id}>
                    <th scope="row">
                      <Link href={`/sheets?state=open&assignee=${row.staff_id ?? "nobody"}`}>{name(row.staff_id) || l.nobody}</Link>
                    </th>
                    <td data-label={l.sheets}>{row.sheets}</td>
                    <td data-label={l.tasks}>{row.tasks}</td>
                    <td data-label={l.overdue}>{row.overdue > 0 ? <strong className="late">{row.overdue}</strong> : row.overdue}</td>
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
