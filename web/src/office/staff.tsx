import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, once, type Schemas } from "../api/client";
import { useSession } from "../session/session";
import { staffOf, useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { ShownOnce } from "../ui/once";
import { Loaded, Title } from "../ui/screen";
import { day, instant, today } from "../ui/wareki";

type Person = Schemas["StaffResponse"];
type Code = Schemas["CodeResponse"];
type Post = Schemas["PostResponse"];
interface PostForm {
  replaces_post_id?: string;
  agency_id: string;
  role: Schemas["Role"];
  valid_from: string;
  valid_until: string;
}

const s = t.office.staff;

/** People and their posts, agency by agency. */
export default function Staff() {
  const { all } = useAgencies();
  const { post } = useSession();
  const [agency, setAgency] = useState("");
  const [code, setCode] = useState<{ name: string; code: Code }>();
  const shown = agency || (post.role === "manager" ? post.agency_id : all[0]?.id);
  return (
    <>
      <Title name={s.title}>{post.role === "admin" && <AddPerson agency_id={shown} show={(name, made) => setCode({ name, code: made })} />}</Title>
      {code && (
        <ShownOnce title={s.codeTitle(code.name)} help={s.codeOnce} close={() => setCode(undefined)}>
          <p>
            <strong>{code.code.code}</strong>
          </p>
          <p>{s.codeUntil(instant(code.code.expires_at))}</p>
        </ShownOnce>
      )}
      <div className="field half">
        <label htmlFor="agency">{s.agency}</label>
        <select id="agency" value={shown ?? ""} onChange={(event) => setAgency(event.target.value)}>
          {all.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <p>{s.pendingHelp}</p>
      {shown && <People agency_id={shown} show={(name, made) => setCode({ name, code: made })} />}
    </>
  );
}

type Show = (name: string, code: Code) => void;

function People({ agency_id, show }: { agency_id: string; show: Show }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const { post: own, session } = useSession();
  const said = (post: Post): string => `${name(post.agency_id)} ${label("role", post.role)} ${day(post.valid_from)}–${day(post.valid_until)}`;
  const found = useQuery(staffOf(agency_id));
  return (
    <Loaded of={found}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="empty">{s.empty}</p>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{s.name}</th>
                <th scope="col">{s.login}</th>
                <th scope="col">{s.posts}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {items.map((person) => (
                <tr key={person.id}>
                  <th scope="row">
                    {person.name} {person.invited && <strong>{s.invited}</strong>}
                    {person.disabled && <strong>{s.disabled}</strong>}
                  </th>
                  <td data-label={s.login}>{person.login}</td>
                  <td data-label={s.posts}>
                    <ul className="plain">
                      {person.posts.map((post) => (
                        <li key={post.id}>
                          {said(post)} {post.ended_at && <strong>{s.over}</strong>}
                          {post.pending && <strong>{s.pending}</strong>}
                          {post.pending && ![person.id, post.made_by_staff_id].includes(session.staff.id) && (
                            <ConfirmPost person={person} post={post} said={said(post)} />
                          )}
                          {!post.ended_at && (own.role !== "manager" || post.agency_id === own.agency_id) && (
                            <EndPost person={person} post={post} said={said(post)} />
                          )}
                        </li>
                      ))}
                    </ul>
                  </td>
                  <td>
                    {own.role === "admin" && person.id !== session.staff.id && (
                      <>
                        <AddPost person={person} agency_id={agency_id} said={said} />
                        {!person.disabled && <IssueCode person={person} show={show} />}
                        <EndSessions person={person} />
                        <Disable person={person} />
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      }
    </Loaded>
  );
}

function PostFields() {
  const { all } = useAgencies();
  const { list } = useLabels();
  return (
    <>
      <SelectField name="agency_id" label={s.agency} required options={all.map(({ id, name }) => ({ code: id, label: name }))} />
      <SelectField name="role" label={s.role} required options={list("role")} />
      <DateField name="valid_from" label={s.valid_from} required />
      <DateField name="valid_until" label={s.valid_until} />
    </>
  );
}

function postOf({ agency_id, role, valid_from, valid_until, replaces_post_id }: PostForm): Schemas["PostRequest"] {
  return { agency_id, role, valid_from, valid_until: valid_until || null, replaces_post_id: replaces_post_id || null };
}

function AddPerson({ agency_id, show }: { agency_id: string | undefined; show: Show }) {
  const client = useQueryClient();
  return (
    <Deed<PostForm & { name: string; login: string }>
      primary
      open={s.add}
      title={s.add}
      go={t.save}
      done={s.saved}
      defaults={{ name: "", login: "", agency_id: agency_id ?? "", role: "counter", valid_from: today(), valid_until: "" }}
      act={async ({ name, login, ...post }) => {
        const body = { name, login, posts: [postOf(post)] };
        const { invitation } = await call(api.POST("/api/v1/staff", { params: { header: once() }, body }));
        await client.invalidateQueries({ queryKey: ["staff"] });
        if (invitation) show(name, invitation);
      }}
    >
      <TextField name="name" label={s.name} required />
      <TextField name="login" label={s.login} help={s.loginHelp} required size="half" />
      <PostFields />
    </Deed>
  );
}

function AddPost({ person, agency_id, said }: { person: Person; agency_id: string; said: (post: Post) => string }) {
  const client = useQueryClient();
  return (
    <Deed<PostForm>
      open={s.addPost}
      title={s.addPostTo(person.name)}
      go={t.save}
      done={s.saved}
      defaults={{ agency_id, role: "counter", valid_from: today(), valid_until: "", replaces_post_id: "" }}
      act={async (post) => {
        await call(api.POST("/api/v1/staff/{id}/posts", { params: { path: { id: person.id }, header: once() }, body: postOf(post) }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    >
      <PostFields />
      <SelectField
        name="replaces_post_id"
        label={s.replaces}
        help={s.replacesHelp}
        options={person.posts.filter((post) => !post.ended_at && !post.pending).map((post) => ({ code: post.id, label: said(post) }))}
      />
    </Deed>
  );
}

function ConfirmPost({ person, post, said }: { person: Person; post: Post; said: string }) {
  const client = useQueryClient();
  return (
    <Deed
      open={s.confirmPost(person.name, said)}
      brief={s.confirm}
      title={s.confirm}
      help={s.confirmHelp(person.name, said)}
      go={s.confirm}
      done={s.confirmed}
      defaults={{}}
      act={async () => {
        const params = { path: { id: person.id, post_id: post.id }, header: once() };
        await call(api.POST("/api/v1/staff/{id}/posts/{post_id}/confirm", { params }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    />
  );
}

function IssueCode({ person, show }: { person: Person; show: Show }) {
  return (
    <Deed
      open={s.codeFor(person.name)}
      brief={s.code}
      title={s.codeFor(person.name)}
      help={s.codeHelp}
      go={s.code}
      done={s.codeMade}
      defaults={{}}
      act={async () => show(person.name, await call(api.POST("/api/v1/staff/{id}/code", { params: { path: { id: person.id }, header: once() } })))}
    />
  );
}

function EndPost({ person, post, said }: { person: Person; post: Post; said: string }) {
  const client = useQueryClient();
  return (
    <Deed<{ on: string }>
      open={s.endPost(person.name, said)}
      brief={s.end}
      title={s.endPost(person.name, said)}
      help={s.endHelp}
      go={s.end}
      done={s.postEnded}
      defaults={{ on: "" }}
      act={async ({ on }) => {
        const params = { path: { id: person.id, post_id: post.id }, header: once() };
        await call(api.POST("/api/v1/staff/{id}/posts/{post_id}/end", { params, body: { on: on || null } }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    >
      {!post.pending && <DateField name="on" label={s.on} />}
    </Deed>
  );
}

function EndSessions({ person }: { person: Person }) {
  return (
    <Deed
      open={s.endSessionsOf(person.name)}
      brief={s.endSessions}
      title={s.endSessionsOf(person.name)}
      go={s.endSessions}
      done={s.sessionsEnded}
      defaults={{}}
      act={() => call(api.DELETE("/api/v1/staff/{id}/sessions", { params: { path: { id: person.id } } }))}
    >
      <OpenSessions id={person.id} />
    </Deed>
  );
}

/** The number of open sessions, asked for when the form opens. */
function OpenSessions({ id }: { id: string }) {
  const found = useQuery({ queryKey: ["sessions", id], queryFn: () => call(api.GET("/api/v1/staff/{id}/sessions", { params: { path: { id } } })) });
  return <Loaded of={found}>{({ items }) => <p>{s.endSessionsHelp(items.length)}</p>}</Loaded>;
}

function Disable({ person }: { person: Person }) {
  const client = useQueryClient();
  const params = { path: { id: person.id }, header: once() };
  const back = person.disabled;
  return (
    <Deed
      open={back ? s.enableOf(person.name) : s.disableOf(person.name)}
      brief={back ? s.enable : s.disable}
      title={back ? s.enableOf(person.name) : s.disableOf(person.name)}
      help={back ? s.enableHelp : s.disableHelp}
      go={back ? s.enable : s.disable}
      done={back ? s.isEnabled : s.isDisabled}
      defaults={{}}
      act={async () => {
        await call(back ? api.POST("/api/v1/staff/{id}/enable", { params }) : api.POST("/api/v1/staff/{id}/disable", { params }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    />
  );
}
