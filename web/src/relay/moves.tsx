import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, call, change, once, Problem, type Schemas } from "../api/client";
import { changed, staffOf, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { useRecipients } from "../ui/agencies";
import { useAnnounce } from "../ui/announce";
import { DateField } from "../ui/date";
import { Deed, DeedsOf, given } from "../ui/deed";
import { ChoiceField, SelectField, TextField } from "../ui/field";
import { whyOf } from "../ui/problems";

type Relay = Schemas["RelayResponse"];

/** The states in which nothing more happens to a relay. */
export const OVER: readonly Schemas["RelayState"][] = ["declined", "cancelled", "halted", "closed"];

/** One step without a form. */
function Step({ text, done, act }: { text: string; done?: string; act: () => Promise<unknown> }) {
  const client = useQueryClient();
  const announce = useAnnounce();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const step = async (): Promise<void> => {
    setBusy(true);
    setRefused(undefined);
    try {
      await act();
      if (done) announce(done);
    } catch (error) {
      const isStale = error instanceof Problem && error.status === 412;
      setRefused(isStale ? t.relay.stale412 : whyOf(error));
    }
    await changed(client);
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="primary" disabled={busy} onClick={() => void step()}>
        {busy ? t.working : text}
      </button>
      {refused && <Alert>{refused}</Alert>}
    </>
  );
}

/** What this reader can do with the relay now: the service says it, and the page only draws it. */
export function Moves({ relay, receives, sends }: { relay: Relay; receives: boolean; sends: boolean }) {
  return <DeedsOf state={relay.can}>{(can) => <MovesIn may={(operation) => can.includes(operation)} relay={relay} receives={receives} sends={sends} />}</DeedsOf>;
}

function MovesIn({ may, relay, receives, sends }: { may: (operation: string) => boolean; relay: Relay; receives: boolean; sends: boolean }) {
  // What closes the content to the receiver stands apart from the daily steps, so that no hand slips onto it.
  const grave = may("decline_relay") || may("cancel_relay");
  return (
    <>
      {may("receive_relay") && (
        <Step text={t.relay.receive} act={() => call(api.POST("/api/v1/relays/{id}/receive", { params: change(relay) }))} />
      )}
      {may("accept_relay") && <Accept relay={relay} primary={!may("receive_relay")} />}
      {may("return_relay") && <Return relay={relay} />}
      {may("report_relay") && <Report relay={relay} />}
      {receives && relay.accepted_at && <Onward relay={relay} />}
      {may("hand_back_relay") && <HandBack relay={relay} />}
      {may("accept_hand_back") && <TakeBack relay={relay} />}
      {may("decline_hand_back") && <LeaveThere relay={relay} />}
      {(receives || sends) && may("confirm_relay") && (
        <Step
          text={t.relay.confirm.open}
          done={relay.report ? t.relay.confirm.done[relay.report.kind] : undefined}
          act={() => call(api.POST("/api/v1/relays/{id}/confirm", { params: change(relay) }))}
        />
      )}
      {may("resend_relay") && (
        <>
          <Resend relay={relay} />
          <Link href={`/sheets/edit/${relay.sheet_id}`} className="button">
            {t.sheet.view.edit}
          </Link>
        </>
      )}
      {sends && relay.decline_reason && (
        <Link href={`/sheets/${relay.sheet_id}/relay${relay.recommended_agency_id ? `?to=${relay.recommended_agency_id}` : ""}`} className="button primary">
          {t.relay.next}
        </Link>
      )}
      {may("chase_relay") && <Chase relay={relay} />}
      {may("amend_relay") && (
        <Link href={`/relays/${relay.id}/amend`} className="button">
          {t.relay.amend.open}
        </Link>
      )}
      {sends && (
        <Link href={`/sheets/${relay.sheet_id}`} className="button">
          {t.relay.view.sheet}
        </Link>
      )}
      {grave && (
        <div className="grave">
          {may("decline_relay") && <Decline relay={relay} />}
          {may("cancel_relay") && <Cancel relay={relay} />}
        </div>
      )}
    </>
  );
}

/** For an agency that accepted the relay: it works on the sheet, and may pass it on. */
function Onward({ relay }: { relay: Relay }) {
  return (
    <>
      <Link href={`/sheets/${relay.sheet_id}`} className="button">
        {t.relay.view.sheet}
      </Link>
      <Link href={`/sheets/${relay.sheet_id}/relay?parent=${relay.id}`} className="button">
        {t.relay.onward}
      </Link>
    </>
  );
}

/** Asks the other side to act: a mail without content, once a day. It says so first, for a mail does not come back. */
export function Chase({ relay }: { relay: Pick<Relay, "id" | "number"> }) {
  const c = t.relay.chase;
  return (
    <Deed
      open={c.of(relay.number)}
      brief={c.open}
      title={c.of(relay.number)}
      help={c.help}
      go={c.go}
      done={c.done}
      defaults={{}}
      act={() => call(api.POST("/api/v1/relays/{id}/chase", { params: { path: { id: relay.id }, header: once() } }))}
    />
  );
}

function Accept({ relay, primary }: { relay: Relay; primary: boolean }) {
  const { session, post } = useSession();
  const colleagues = useQuery(staffOf(post.agency_id));
  const a = t.relay.accept;
  const options = (colleagues.data?.items ?? [])
    .filter(({ posts }) => posts.some(({ agency_id, role }) => agency_id === post.agency_id && ["counter", "manager", "hub"].includes(role)))
    .map(({ id, name }) => ({ code: id, label: name }));
  return (
    <Deed<{ assigned_staff_id: string; contact_by: string }>
      primary={primary}
      open={a.open}
      title={a.title}
      help={a.help}
      go={a.go}
      done={a.done}
      defaults={{ assigned_staff_id: session.staff.id, contact_by: "" }}
      act={(values) => call(api.POST("/api/v1/relays/{id}/accept", { params: change(relay), body: given(values) }))}
    >
      <SelectField name="assigned_staff_id" label={a.assigned} options={options} />
      <DateField name="contact_by" label={a.contact} />
    </Deed>
  );
}

function Decline({ relay }: { relay: Relay }) {
  const { list } = useLabels();
  const recipients = useRecipients();
  const d = t.relay.decline;
  return (
    <Deed<Schemas["DeclineRequest"]>
      open={d.open}
      title={d.title}
      help={d.help}
      go={d.go}
      done={d.done}
      defaults={{ reason: undefined, recommended_agency_id: "", note: "" }}
      act={(values) => call(api.POST("/api/v1/relays/{id}/decline", { params: change(relay), body: given(values) }))}
    >
      <SelectField name="reason" label={d.reason} required options={list("decline_reason")} />
      <SelectField
        name="recommended_agency_id"
        label={d.recommended}
        help={d.recommendedHelp}
        options={recipients.map(({ id, name }) => ({ code: id, label: name }))}
      />
      <TextField name="note" label={d.note} help={d.noteHelp} rows={2} />
    </Deed>
  );
}

/** Returns the relay. The missing sections may include those that were not sent at all. */
function Return({ relay }: { relay: Relay }) {
  const { list } = useLabels();
  const r = t.relay.return;
  return (
    <Deed<{ missing: string[]; note: string }>
      open={r.open}
      title={r.title}
      help={r.help}
      go={r.go}
      done={r.done}
      defaults={{ missing: [], note: "" }}
      act={(body) => call(api.POST("/api/v1/relays/{id}/return", { params: change(relay), body }))}
    >
      <ChoiceField
        name="missing"
        label={r.missing}
        many
        options={list("section").map(({ code, label }) => ({
          code: label,
          label,
          note: relay.sections.some((section) => section === code) ? undefined : r.unsent,
        }))}
      />
      <TextField name="note" label={r.note} required rows={3} />
    </Deed>
  );
}

function Report({ relay }: { relay: Relay }) {
  const { list } = useLabels();
  const r = t.relay.report;
  return (
    <Deed<Schemas["ReportRequest"]>
      primary
      open={r.open}
      title={r.title}
      go={r.go}
      done={r.done}
      defaults={{ kind: "final", result: undefined, text: "", contact_made_on: "" }}
      act={(values) => call(api.POST("/api/v1/relays/{id}/report", { params: change(relay), body: given(values) }))}
    >
      <ChoiceField name="kind" label={r.kind} help={r.kindHelp} required options={list("report_kind")} />
      <ChoiceField name="result" label={r.result} required options={list("result")} />
      <TextField name="text" label={r.text} help={r.textHelp} rows={5} />
      <DateField name="contact_made_on" label={r.contact} />
    </Deed>
  );
}

/** Offers the baton back. */
function HandBack({ relay }: { relay: Relay }) {
  const h = t.relay.handBack;
  return (
    <Deed<Schemas["HandBackRequest"]>
      open={h.open}
      title={h.open}
      help={h.help}
      go={h.go}
      done={h.done}
      defaults={{ reason: "" }}
      act={(body) => call(api.POST("/api/v1/relays/{id}/hand-back", { params: change(relay), body }))}
    >
      <TextField name="reason" label={h.reason} help={h.reasonHelp} required rows={4} limit={500} />
    </Deed>
  );
}

/** Takes the baton that was offered back. */
function TakeBack({ relay }: { relay: Relay }) {
  const { accept } = t.relay.handBack;
  return (
    <Deed
      primary
      open={accept.open}
      title={accept.open}
      help={accept.help}
      go={accept.open}
      done={accept.done}
      defaults={{}}
      act={() => call(api.POST("/api/v1/relays/{id}/hand-back/accept", { params: change(relay) }))}
    />
  );
}

/** Leaves the baton where it is. */
function LeaveThere({ relay }: { relay: Relay }) {
  const { decline } = t.relay.handBack;
  return (
    <Deed<Schemas["HandBackDeclineRequest"]>
      open={decline.open}
      title={decline.title}
      help={decline.help}
      go={decline.go}
      done={decline.done}
      defaults={{ note: "" }}
      act={(values) => call(api.POST("/api/v1/relays/{id}/hand-back/decline", { params: change(relay), body: given(values) }))}
    >
      <TextField name="note" label={decline.note} rows={3} limit={500} />
    </Deed>
  );
}

function Cancel({ relay }: { relay: Relay }) {
  const c = t.relay.cancel;
  return (
    <Deed<Schemas["CancelRequest"]>
      open={c.open}
      title={c.title}
      help={c.help}
      go={c.go}
      done={c.done}
      defaults={{ reason: "" }}
      act={(body) => call(api.POST("/api/v1/relays/{id}/cancel", { params: change(relay), body }))}
    >
      <TextField name="reason" label={c.reason} required rows={2} />
    </Deed>
  );
}

/** Sends what the sheet says now; the service checks it again before it goes. */
function Resend({ relay }: { relay: Relay }) {
  const r = t.relay.resend;
  // The decisions about members are sent again with the same reasons.
  const { household_members } = relay;
  const act = async (): Promise<unknown> => {
    const { disclosure_digest } = await call(
      api.POST("/api/v1/sheets/{id}/relays/preview", {
        params: { path: { id: relay.sheet_id } },
        body: {
          to_agency_id: relay.to_agency_id,
          sections: relay.sections,
          purpose: relay.purpose,
          basis: relay.basis,
          household_members,
          ...(relay.parent_relay_id ? { parent_relay_id: relay.parent_relay_id } : {}),
        },
      }),
    );
    return call(api.POST("/api/v1/relays/{id}/resend", { params: change(relay), body: { disclosure_digest, household_members } }));
  };
  return <Deed primary open={r.open} title={r.title} help={r.help} go={r.go} done={r.done} defaults={{}} act={act} />;
}
