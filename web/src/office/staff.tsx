import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, once, type Schemas } from "../api/client";
import { staffOf, useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { day, today } from "../ui/wareki";

type Person = Schemas["StaffResponse"];
interface PostForm {
  agency_id: string;
  role: Schemas["Role"];
  valid_from: string;
  valid_until: string;
}

const s = t.office.staff;

/** People and their posts, agency by agency. */
export default function Staff() {
  const { all } = useAgencies();
  const [agency, setAgency] = useState("");
  const shown = agency || all[0]?.id;
  return (
    <>
      <Title name={s.title}>
        <AddPerson agency_id={shown} />
      </Title>
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
      {shown && <People agency_id={shown} />}
    </>
  );
}

function People({ agency_id }: { agency_id: string }) {
  const { name } = useAgencies();
  const { label } = useLabels();
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
                  <th scope="row">{person.name}</th>
                  <td data-label={s.login}>{person.login}</td>
                  <td data-label={s.posts}>
                    <ul className="plain">
                      {person.posts.map((post) => (
                        <li key={post.id}>
                          {name(post.agency_id)} {label("role", post.role)} {day(post.valid_from)}–{day(post.valid_until)}
                        </li>
                      ))}
                    </ul>
                  </td>
                  <td>
                    <AddPost person={person} agency_id={agency_id} />
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

function postOf({ agency_id, role, valid_from, valid_until }: PostForm): Schemas["PostRequest"] {
  return { agency_id, role, valid_from, valid_until: valid_until || null };
}

function AddPerson({ agency_id }: { agency_id: string | undefined }) {
  const client = useQueryClient();
  return (
    <Deed<PostForm & { name: string; login: string; password: string }>
      primary
      open={s.add}
      title={s.add}
      go={t.save}
      done={s.saved}
      defaults={{ name: "", login: "", password: "", agency_id: agency_id ?? "", role: "counter", valid_from: today(), valid_until: "" }}
      act={async ({ name, login, password, ...post }) => {
        const body = { name, login, password, posts: [postOf(post)] };
        await call(api.POST("/api/v1/staff", { params: { header: once() }, body }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    >
      <TextField name="name" label={s.name} required />
      <TextField name="login" label={s.login} help={s.loginHelp} required size="half" />
      <TextField name="password" label={s.password} help={s.passwordHelp} type="password" autoComplete="new-password" required size="half" />
      <PostFields />
    </Deed>
  );
}

function AddPost({ person, agency_id }: { person: Person; agency_id: string }) {
  const client = useQueryClient();
  return (
    <Deed<PostForm>
      open={s.addPost}
      title={s.addPostTo(person.name)}
      go={t.save}
      done={s.saved}
      defaults={{ agency_id, role: "counter", valid_from: today(), valid_until: "" }}
      act={async (post) => {
        await call(api.POST("/api/v1/staff/{id}/posts", { params: { path: { id: person.id }, header: once() }, body: postOf(post) }));
        await client.invalidateQueries({ queryKey: ["staff"] });
      }}
    >
      <PostFields />
    </Deed>
  );
}
