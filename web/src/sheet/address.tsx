import { useQueries, useQuery } from "@tanstack/react-query";
import { useSearch } from "wouter";
import { api, call, once, Problem, type Schemas } from "../api/client";
import { addressRelease, addressReleases, staffOf, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { useRecipients } from "../ui/agencies";
import { Facts } from "../ui/content";
import { Deed, given } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { Loaded } from "../ui/screen";
import { instant } from "../ui/wareki";

type Sheet = Schemas["SheetResponse"];
type Release = Schemas["AddressReleaseResponse"];

const a = t.address;

/** At the origin of a secret address: which agencies may be told it all the same, who asked, and who decided. */
export function AddressReleases({ sheet }: { sheet: Sheet }) {
  const found = useQuery(addressReleases(sheet.id));
  return (
    <>
      <p>{a.help}</p>
      {sheet.can.includes("request_address_release") && (
        <div className="actions">
          <Ask sheet={sheet} />
        </div>
      )}
      <Loaded of={found}>
        {(items) => (items.length > 0 ? <Releases ids={items.map(({ id }) => id)} /> : <p className="empty">{a.none}</p>)}
      </Loaded>
    </>
  );
}

function Ask({ sheet }: { sheet: Sheet }) {
  const asked = new URLSearchParams(useSearch());
  const options = useRecipients().map(({ id, name }) => ({ code: id, label: name }));
  return (
    <Deed<{ to_agency_id: string; named_staff: string; reason: string }>
      open={a.ask.open}
      title={a.ask.open}
      help={a.ask.help}
      go={a.ask.go}
      done={a.ask.done}
      defaults={{ to_agency_id: asked.get("to") ?? "", named_staff: "", reason: "" }}
      act={async (body) => {
        // The service would accept the request without a name, but here a person must answer for what is told.
        if (!body.named_staff.trim()) throw new Problem({ detail: t.incomplete, errors: [{ pointer: "/named_staff", code: "page", detail: a.ask.namedMissing }] }, 422);
        await call(api.POST("/api/v1/sheets/{id}/address-releases", { params: { path: { id: sheet.id }, header: once() }, body }));
      }}
    >
      <SelectField name="to_agency_id" label={a.ask.to} required options={options} />
      <TextField name="named_staff" label={a.ask.named} help={a.ask.namedHelp} required size="half" limit={100} />
      <TextField name="reason" label={a.ask.reason} help={a.ask.reasonHelp} required rows={4} limit={500} />
    </Deed>
  );
}

function Releases({ ids }: { ids: readonly string[] }) {
  const found = useQueries({ queries: ids.map(addressRelease) });
  return found.map((one, index) => (
    <Loaded key={ids[index]} of={one}>
      {(release) => <ReleaseCard release={release} />}
    </Loaded>
  ));
}

function ReleaseCard({ release }: { release: Release }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const { post } = useSession();
  const colleagues = useQuery(staffOf(post.agency_id));
  const by = (at: string | null | undefined, staff_id: string | null | undefined): string =>
    at ? `${instant(at)} ${colleagues.data?.items.find(({ id }) => id === staff_id)?.name ?? ""}` : "";
  const decided = by(release.decided_at, release.decided_by);
  return (
    <section className="card">
      <h3>
        {name(release.to_agency_id)} <strong className={`state ${release.state}`}>{label("address_release_state", release.state)}</strong>
      </h3>
      <Facts
        facts={[
          [a.ask.named, release.named_staff],
          [a.ask.reason, release.reason && <span key="reason" className="lines">{release.reason}</span>],
          [a.requested, by(release.requested_at, release.requested_by)],
          [a.decided[release.state], decided],
          [a.decisionReason, release.decision_reason],
          [a.revoked, by(release.revoked_at, release.revoked_by)],
          [a.endedBy, release.ended_by && label("address_release_end", release.ended_by)],
          [a.revocationReason, release.revocation_reason],
        ]}
      />
      <Moves release={release} />
    </section>
  );
}

/** The next steps that this reader can take now. */
function Moves({ release }: { release: Release }) {
  const { session } = useSession();
  const { name } = useAgencies();
  const waits = !release.decided_at && !release.revoked_at;
  const decides = release.can.includes("approve_address_release");
  const own = release.requested_by === session.staff.id;
  const to = () => ({ path: { id: release.id }, header: once() });
  const takeBack = waits ? a.withdraw : a.revoke;
  const reason = <TextField name="reason" label={a.reason} rows={3} limit={500} />;
  return (
    <>
      {waits && own && <p>{a.own}</p>}
      <div className="actions">
        {decides && (
          <>
            <Deed<{ reason: string }>
              primary
              open={a.approve.open}
              title={a.approve.title}
              help={a.approve.help(name(release.to_agency_id), release.named_staff ?? "")}
              go={a.approve.open}
              done={a.approve.done}
              defaults={{ reason: "" }}
              act={(values) => call(api.POST("/api/v1/address-releases/{id}/approve", { params: to(), body: given(values) }))}
            >
              {reason}
            </Deed>
            <Deed<{ reason: string }>
              open={a.reject.open}
              title={a.reject.title}
              go={a.reject.open}
              done={a.reject.done}
              defaults={{ reason: "" }}
              act={(values) => call(api.POST("/api/v1/address-releases/{id}/reject", { params: to(), body: given(values) }))}
            >
              {reason}
            </Deed>
          </>
        )}
        {release.can.includes("revoke_address_release") && !decides && (
          <Deed<{ reason: string }>
            open={takeBack.open}
            title={takeBack.title}
            help={takeBack.help}
            go={takeBack.open}
            done={takeBack.done}
            defaults={{ reason: "" }}
            act={(values) => call(api.POST("/api/v1/address-releases/{id}/revoke", { params: to(), body: given(values) }))}
          >
            {reason}
          </Deed>
        )}
      </div>
    </>
  );
}
