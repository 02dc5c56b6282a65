import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { instant } from "../ui/wareki";
import { useSession } from "./session";

const s = t.session;

/** The person's own account: the password, and where they are logged in. */
export default function Own() {
  return (
    <>
      <Title name={s.own} />
      <ChangePassword />
      <Sessions />
    </>
  );
}

function Sessions() {
  const client = useQueryClient();
  const { session } = useSession();
  const { label } = useLabels();
  const found = useQuery({ queryKey: ["sessions"], queryFn: () => call(api.GET("/api/v1/sessions")) });
  const post = (id: string): string => {
    const held = session.posts.find((one) => one.id === id);
    return held ? `${held.agency_name} ${label("role", held.role)}` : "";
  };
  return (
    <section>
      <h2>{s.open}</h2>
      <p>{s.openHelp}</p>
      <Loaded of={found}>
        {({ items }) => (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{s.since}</th>
                <th scope="col">{s.lastUsed}</th>
                <th scope="col">{s.post}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id}>
                  <th scope="row">{instant(one.created_at)}</th>
                  <td data-label={s.lastUsed}>{instant(one.last_used_at)}</td>
                  <td data-label={s.post}>{post(one.acting_post_id)}</td>
                  <td>
                    {one.current ? (
                      s.here
                    ) : (
                      <Deed
                        open={s.endSince(instant(one.created_at))}
                        brief={s.end}
                        title={s.endSince(instant(one.created_at))}
                        go={s.end}
                        done={s.ended}
                        defaults={{}}
                        act={async () => {
                          await call(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id: one.id } } }));
                          await client.invalidateQueries({ queryKey: ["sessions"] });
                        }}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </section>
  );
}

function ChangePassword() {
  const { session } = useSession();
  return (
    <Deed<{ old_password: string; new_password: string }>
      open={s.changePassword}
      title={s.changePassword}
      help={s.changeHelp}
      go={t.save}
      done={s.changed}
      defaults={{ old_password: "", new_password: "" }}
      act={(body) => call(api.PUT("/api/v1/session/password", { body }))}
    >
      {/* Tells a password manager whose password it is. */}
      <input hidden readOnly autoComplete="username" value={session.staff.name} />
      <TextField name="old_password" label={s.oldPassword} required type="password" autoComplete="current-password" size="half" />
      <TextField name="new_password" label={s.newPassword} help={s.newPasswordHelp} required type="password" autoComplete="new-password" size="half" />
    </Deed>
  );
}
