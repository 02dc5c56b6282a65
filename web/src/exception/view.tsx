import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, call, change, type Schemas } from "../api/client";
import { exception as exceptionQuery, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Deed } from "../ui/deed";
import { TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { State } from "../ui/state";
import { day, instant } from "../ui/wareki";

type Exception = Schemas["ExceptionResponse"];

const e = t.exception;

/** One exception: its reasons, how far it has come, and what can be done with it. */
export default function ExceptionView({ id }: { id: string }) {
  const found = useQuery(exceptionQuery(id));
  return <Loaded screen of={found}>{(exception) => <View exception={exception} />}</Loaded>;
}

function words(text: string | null | undefined) {
  return text && <span className="lines">{text}</span>;
}

function View({ exception }: { exception: Exception }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const { post } = useSession();
  const v = e.view;
  const { request_record: record } = exception;
  const works = exception.requested_agency_id === post.agency_id;
  return (
    <>
      <Title name={v.title(exception.number)}>
        <State list="exception_state" code={exception.state} />
        {exception.emergency && <strong className="late">{e.list.emergency}</strong>}
      </Title>
      {(exception.refusal_on_file || exception.repeated || exception.warnings.length > 0) && (
        <div className="notice bad" role="note">
          <strong>{t.attention}</strong>
          <ul>
            {exception.refusal_on_file && <li>{v.refusal}</li>}
            {exception.repeated && <li>{v.repeated}</li>}
            {exception.warnings.filter(({ code }) => code !== "repeated").map(({ pointer, detail }) => (
              <li key={pointer}>{detail}</li>
            ))}
          </ul>
        </div>
      )}
      <div className="actions moves">
        <Moves exception={exception} />
        {works && (
          <Link href={`/sheets/${exception.sheet_id}`} className="button">
            {v.sheet}
          </Link>
        )}
      </div>
      <Facts
        facts={[
          [e.code, label("exception_code", exception.code)],
          [v.article, exception.article],
          [e.to, name(exception.to_agency_id)],
          [e.sections, exception.sections.map((code) => label("section", code)).join("、")],
          [e.facts, words(exception.facts)],
          [e.consent_status, label("consent_status", exception.consent_status)],
          [e.why_no_consent, words(exception.why_no_consent)],
          [e.harm_assessment, words(exception.harm_assessment)],
          [e.restriction, words(exception.restriction)],
          [e.later_consent_plan, words(exception.later_consent_plan)],
          [e.record, record && `${record.requester} ${day(record.dated)} ${record.document_number}`],
          [v.requested, `${instant(exception.requested_at)} ${name(exception.requested_agency_id)}`],
          [v.approved, exception.approval && instant(exception.approval.at)],
          [v.approveBy, !exception.approval && !exception.rejection && day(exception.approve_by)],
          [v.overdue, instant(exception.overdue_since)],
          [v.rejected, exception.rejection && instant(exception.rejection.at)],
          [v.rejectionReason, words(exception.rejection_reason)],
          [v.used, exception.relay_id && (works ? <Link key="used" href={`/relays/${exception.relay_id}`}>{instant(exception.used_at)}</Link> : instant(exception.used_at))],
          [v.followUp, exception.follow_up && instant(exception.follow_up.at)],
          [e.followUp.text, words(exception.follow_up_text)],
        ]}
      />
      {!exception.facts && <p className="help">{v.masked}</p>}
    </>
  );
}

/** The next steps that this reader can take now. */
function Moves({ exception }: { exception: Exception }) {
  const { session, post } = useSession();
  const may = (operation: string): boolean => exception.can.includes(operation);
  const undecided = !exception.approval && !exception.rejection;
  const usable = !exception.relay_id && !exception.rejection && (exception.approval || exception.emergency);
  return (
    <>
      {usable && exception.requested_agency_id === post.agency_id && (
        <Link href={`/sheets/${exception.sheet_id}/relay?exception=${exception.id}`} className="button primary">
          {e.view.use}
        </Link>
      )}
      {undecided && exception.requested_by === session.staff.id && <p>{e.view.own}</p>}
      {may("reject_exception") && (
        <>
          {may("approve_exception") && <Deed
            primary
            open={e.approve.open}
            title={e.approve.open}
            help={e.approve.help}
            go={e.approve.open}
            done={e.approve.done}
            defaults={{}}
            act={() => call(api.POST("/api/v1/exceptions/{id}/approve", { params: change(exception) }))}
          />}
          <Deed<{ reason: string }>
            open={e.reject.open}
            title={e.reject.open}
            help={e.reject.help}
            go={e.reject.open}
            done={e.reject.done}
            defaults={{ reason: "" }}
            act={(body) => call(api.POST("/api/v1/exceptions/{id}/reject", { params: change(exception), body }))}
          >
            <TextField name="reason" label={e.reject.reason} required rows={3} />
          </Deed>
        </>
      )}
      {may("follow_up_exception") && (
        <Deed<{ text: string }>
          primary
          open={e.followUp.open}
          title={e.followUp.open}
          help={e.followUp.help}
          go={e.followUp.open}
          done={e.followUp.done}
          defaults={{ text: "" }}
          act={(body) => call(api.POST("/api/v1/exceptions/{id}/follow-up", { params: change(exception), body }))}
        >
          <TextField name="text" label={e.followUp.text} required rows={4} />
        </Deed>
      )}
    </>
  );
}
