import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { day, instant } from "../ui/wareki";

const r = t.relay.view;

/** What the receiver reported, the newest first; without the permission to report back, only whether it goes on. */
export function Reports({ reports }: { reports: readonly Schemas["ReportResponse"][] }) {
  const { label } = useLabels();
  if (reports.length === 0) return null;
  return (
    <section className="report">
      <h2>{r.report}</h2>
      <ol className="reports" reversed>
        {reports.toReversed().map((report) => (
          <li key={report.reported_at}>
            <p>
              <strong>{label("result", report.result) || label("outcome", report.outcome)}</strong> {label("report_kind", report.kind)} {instant(report.reported_at)}{" "}
              <span className="help">{report.confirmed_at ? r.confirmed(instant(report.confirmed_at)) : r.unconfirmed}</span>
            </p>
            {report.text && <p className="lines">{report.text}</p>}
            <Facts facts={[[r.contactMade, day(report.contact_made_on)]]} />
          </li>
        ))}
      </ol>
    </section>
  );
}
