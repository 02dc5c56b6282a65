import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, once, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { ChoiceField, SelectField, TextField } from "../ui/field";
import { ShownOnce } from "../ui/once";
import { itemsOf, More, usePages } from "../ui/pages";
import { Loaded, Title } from "../ui/screen";
import { day, instant } from "../ui/wareki";

type System = Schemas["ClientResponse"];
type Made = { id: string; name: string; secret: string };

const c = t.office.clients;

/** Department systems. The person who adds one has seen its secret, so another person must confirm it; the same holds for a new secret. */
export default function Clients() {
  const { post } = useSession();
  const [made, setMade] = useState<Made>();
  // Another person may confirm what waits here, so the list is asked for again.
  const again = { refetchOnWindowFocus: true };
  const found = usePages(["clients"], (after) => call(api.GET("/api/v1/clients", { params: { query: { after } } })), again);
  const isAdmin = post.role === "admin";
  return (
    <>
      <Title name={c.title}>{isAdmin && <Add show={setMade} />}</Title>
      {made && (
        <ShownOnce title={c.secretOf(made.name)} help={c.secretOnce} close={() => setMade(undefined)}>
          <dl className="facts">
            <dt>client_id</dt>
            <dd>{made.id}</dd>
            <dt>client_secret</dt>
            <dd>
              <strong>{made.secret}</strong>
            </dd>
          </dl>
        </ShownOnce>
      )}
      <p>{c.help}</p>
      <Loaded of={found}>
        {() =>
          itemsOf(found).length === 0 ? (
            <p className="empty">{c.empty}</p>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{c.name}</th>
                  <th scope="col">{c.agency}</th>
                  <th scope="col">{c.scopes}</th>
                  <td />
                </tr>
              </thead>
              <tbody>
                {itemsOf(found).map((system) => (
                  <Row key={system.id} system={system} isAdmin={isAdmin} show={setMade} />
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
      <More of={found} />
    </>
  );
}

function Row({ system, isAdmin, show }: { system: System; isAdmin: boolean; show: (made: Made) => void }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const { session } = useSession();
  const waits = system.pending || system.secret_pending;
  return (
    <tr>
      <th scope="row">
        {system.name} {system.pending && <strong className="state">{c.pending}</strong>}
        {system.secret_pending && <strong className="state">{c.secretPending}</strong>}
        {system.revoked_at && <strong className="state">{c.revokedOn(day(system.revoked_at))}</strong>}
        <small> {system.id}</small>
      </th>
      <td data-label={c.agency}>{name(system.agency_id)}</td>
      <td data-label={c.scopes}>
        <ul className="plain">
          {system.scopes.map((scope) => (
            <li key={scope}>{label("scope", scope)}</li>
          ))}
        </ul>
        {system.earlier_secret_until && <p>{c.earlier(instant(system.earlier_secret_until))}</p>}
      </td>
      <td>
        {waits && system.asked_by_staff_id !== session.staff.id && (
          <Do system={system} step="confirm" open={c.confirmOf(system.name)} brief={c.confirm} help={system.pending ? c.confirmHelp : c.confirmSecretHelp} done={c.confirmed} />
        )}
        {isAdmin && !system.pending && !system.revoked_at && <Rotate system={system} show={show} />}
        {!system.revoked_at && (
          <Do system={system} step="revoke" open={c.revokeOf(system.name)} brief={c.revoke} help={c.revokeHelp} done={c.revoked} />
        )}
      </td>
    </tr>
  );
}

function Add({ show }: { show: (made: Made) => void }) {
  const client = useQueryClient();
  const { all } = useAgencies();
  const { list } = useLabels();
  return (
    <Deed<{ name: string; agency_id: string; scopes: Schemas["Scope"][] }>
      primary
      open={c.add}
      title={c.add}
      help={c.addHelp}
      go={t.save}
      done={c.saved}
      defaults={{ name: "", agency_id: "", scopes: [] }}
      act={async (body) => {
        const { id, name, client_secret } = await call(api.POST("/api/v1/clients", { params: { header: once() }, body }));
        await client.invalidateQueries({ queryKey: ["clients"] });
        if (client_secret) show({ id, name, secret: client_secret });
      }}
    >
      <TextField name="name" label={c.name} required />
      <SelectField name="agency_id" label={c.agency} required options={all.map(({ id, name }) => ({ code: id, label: name }))} />
      <ChoiceField name="scopes" label={c.scopes} required many options={list("scope")} />
    </Deed>
  );
}

function Rotate({ system, show }: { system: System; show: (made: Made) => void }) {
  const client = useQueryClient();
  const { id, name } = system;
  return (
    <Deed<{ hours: string }>
      open={c.rotateOf(name)}
      brief={c.rotate}
      title={c.rotateOf(name)}
      help={c.rotateHelp}
      go={c.rotate}
      done={c.rotated}
      defaults={{ hours: "24" }}
      act={async ({ hours }) => {
        const params = { path: { id }, header: once() };
        const { client_secret } = await call(api.POST("/api/v1/clients/{id}/rotate", { params, body: { overlap_hours: Number(hours) } }));
        await client.invalidateQueries({ queryKey: ["clients"] });
        if (client_secret) show({ id, name, secret: client_secret });
      }}
    >
      <SelectField name="hours" label={c.overlap} required none={null} options={Object.entries(c.overlaps).map(([code, label]) => ({ code, label }))} />
    </Deed>
  );
}

/** A deed that needs only a confirmation. */
function Do({ system, step, open, brief, help, done }: { system: System; step: "confirm" | "revoke"; open: string; brief: string; help: string; done: string }) {
  const client = useQueryClient();
  const params = { path: { id: system.id }, header: once() };
  return (
    <Deed
      open={open}
      brief={brief}
      title={open}
      help={help}
      go={brief}
      done={done}
      defaults={{}}
      act={async () => {
        await call(step === "confirm" ? api.POST("/api/v1/clients/{id}/confirm", { params }) : api.POST("/api/v1/clients/{id}/revoke", { params }));
        await client.invalidateQueries({ queryKey: ["clients"] });
      }}
    />
  );
}
