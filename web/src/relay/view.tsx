import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { knowsNames, relay as relayQuery, staffOf, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { ContentView, Facts, Phones } from "../ui/content";
import { RiskBadge } from "../ui/risk";
import { Loaded, Title } from "../ui/screen";
import { RelayState, WithoutConsent } from "../ui/state";
import { day, instant } from "../ui/wareki";
import { About } from "../ui/who";
import { Corrected } from "./corrected";
import { Moves } from "./moves";
import { Reports } from "./reports";
import { isLate } from "./table";

type Relay = Schemas["RelayResponse"];

/** One relay as its sender and its receiver see it. */
export default function RelayView({ id }: { id: string }) {
  const relay = useQuery(relayQuery(id));
  return <Loaded screen of={relay}>{(found) => <View relay={found} />}</Loaded>;
}

function View({ relay }: { relay: Relay }) {
  const { post } = useSession();
  const { name } = useAgencies();
  const { label } = useLabels();
  const v = t.relay.view;
  const receives = relay.to_agency_id === post.agency_id;
  const sends = relay.from_agency_id === post.agency_id;
  const staff = useQuery({ ...staffOf(relay.to_agency_id), enabled: Boolean(relay.assigned_staff_id) && (receives || sends || knowsNames(post.role)) });
  const assigned = staff.data?.items.find(({ id }) => id === relay.assigned_staff_id)?.name;
  const works = ["counter", "manager", "hub"].includes(post.role);
  const phones = relay.content?.contact?.phones ?? [];
  return (
    <>
      <Title name={v.title(relay.number)}>
        <RelayState code={relay.state} receives={receives} />
        {isLate(relay) && <strong className="late">{t.home.overdue}</strong>}
      </Title>
      {relay.content && <About label={relay.label} />}
      <RiskBadge flags={relay.content?.risk?.flags} />
      <WithoutConsent of={relay.without_consent} />
      {phones.length > 0 && (
        <section className="notice call" aria-label={v.call}>
          <strong>{v.call}</strong>
          <Phones phones={phones} />
        </section>
      )}
      {relay.request && (
        <section className="request">
          <h2>{receives ? v.request : v.requested}</h2>
          <p className="lines">{relay.request}</p>
        </section>
      )}
      {relay.hand_back?.state === "offered" && <Offer offer={relay.hand_back} />}
      {works && (
        <div className="actions moves" role="group" aria-label={v.help}>
          <Moves relay={relay} receives={receives} sends={sends} />
        </div>
      )}
      <Facts
        facts={[
          [v.from, name(relay.from_agency_id)],
          [v.to, name(relay.to_agency_id)],
          [v.due, day(relay.reply_due)],
          [v.urgency, label("urgency", relay.urgency)],
          [v.handover, label("handover", relay.handover)],
          [v.assigned, assigned],
          [v.contactBy, day(relay.contact_by)],
          [v.decline, label("decline_reason", relay.decline_reason)],
          [v.recommended, name(relay.recommended_agency_id)],
          [v.missing, relay.missing.join("、")],
          [v.note, relay.note && <span key="note" className="lines">{relay.note}</span>],
        ]}
      />
      {relay.hand_back && relay.hand_back.state !== "offered" && <Offer offer={relay.hand_back} />}
      <Reports reports={relay.reports} />
      <section>
        <h2>{receives ? v.content : v.told}</h2>
        {relay.corrected_at && (
          <div className="notice" role="note">
            <p>
              <strong>{v.corrected(instant(relay.corrected_at))}</strong> {v.correctedHelp} <Link href={`/sheets/${relay.sheet_id}`}>{v.correctedNow}</Link>
            </p>
            {receives && <Corrected relay={relay} />}
          </div>
        )}
        {relay.content ? (
          <ContentView content={relay.content} withheld={relay.withheld} />
        ) : relay.state === "sent" && receives ? (
          <div className="empty">
            <p>{v.sealed}</p>
            <p>{v.sealedHelp}</p>
          </div>
        ) : (
          <p className="empty">{receives || sends ? v.gone : t.sheet.view.masked}</p>
        )}
        <Facts facts={[[t.relay.members.told, relay.household_members.map(({ reason }) => reason).join(" / ")]]} />
      </section>
      <details>
        <summary>{t.sheet.view.tabs.way}</summary>
        <div className="inside">
          <Facts
            facts={[
              [v.sent, instant(relay.sent_at)],
              [v.received, instant(relay.received_at)],
              [v.accepted, instant(relay.accepted_at)],
              [v.chased, day(relay.chased_on)],
              [v.purpose, label("purpose", relay.purpose)],
              [v.hop, v.hopN(relay.hop)],
              [
                v.basis,
                relay.basis.exception_id ? (
                  <Link key="basis" href={`/exceptions/${relay.basis.exception_id}`}>{v.basisException}</Link>
                ) : (
                  <Link key="basis" href={`/consents/${relay.basis.consent_id}`}>{v.basisConsent}</Link>
                ),
              ],
              [v.parent, relay.parent_relay_id && <Link key="parent" href={`/relays/${relay.parent_relay_id}`}>{t.show}</Link>],
            ]}
          />
        </div>
      </details>
    </>
  );
}

/** The last offer to hand the baton back. While it waits it stands above the moves, afterwards among the events. */
function Offer({ offer }: { offer: Schemas["HandBackResponse"] }) {
  const { label } = useLabels();
  const h = t.relay.handBack;
  return (
    <section className={offer.state === "offered" ? "notice" : undefined}>
      <h2>
        {h.title} <strong className="state">{label("hand_back_state", offer.state)}</strong>
      </h2>
      <Facts
        facts={[
          [h.offered, instant(offer.offered_at)],
          [h.reason, offer.reason && <span key="reason" className="lines">{offer.reason}</span>],
          [h.answered, instant(offer.answered_at)],
          [h.note, offer.note && <span key="note" className="lines">{offer.note}</span>],
        ]}
      />
    </section>
  );
}
