import { useQueries, useQuery } from "@tanstack/react-query";
import { api, call, once, type Schemas } from "../api/client";
import { attachments, knowsNames, staffOf, useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { ChoiceField, FileField, TextField } from "../ui/field";
import { Loaded } from "../ui/screen";
import { instant } from "../ui/wareki";
import { ACCEPTED, attach, SaveFile } from "./attach";

type Attachment = Schemas["AttachmentResponse"];

const f = t.files;

/** The files of a sheet that this agency may see, and the way to add one. */
export function Files({ sheet }: { sheet: Schemas["SheetResponse"] }) {
  const { list } = useLabels();
  const found = useQuery(attachments(sheet.id));
  return (
    <>
      <p>{f.help}</p>
      {sheet.can.includes("add_attachment") && (
        <div className="actions">
          <Deed<{ kind: Schemas["AttachmentKind"]; file: FileList }>
            open={f.add.open}
            title={f.add.open}
            help={f.add.help}
            go={f.add.go}
            done={f.add.done}
            defaults={{}}
            act={({ kind, file }) => attach(sheet.id, kind, file?.[0])}
          >
            <FileField name="file" label={f.add.file} required accept={ACCEPTED} />
            <ChoiceField name="kind" label={f.kind} required options={list("attachment_kind")} />
          </Deed>
        </div>
      )}
      <Loaded of={found}>{({ items }) => (items.length > 0 ? <FileTable items={items} /> : <p className="empty">{f.none}</p>)}</Loaded>
    </>
  );
}

function FileTable({ items }: { items: readonly Attachment[] }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  const { post } = useSession();
  const agencies = [...new Set(items.map(({ agency_id }) => agency_id))].filter((id) => id === post.agency_id || knowsNames(post.role));
  const staff = useQueries({ queries: agencies.map(staffOf) }).flatMap(({ data }) => data?.items ?? []);
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{f.name}</th>
          <th scope="col">{f.kind}</th>
          <th scope="col">{f.size}</th>
          <th scope="col">{f.by}</th>
          <th scope="col">{f.at}</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.id}>
            <th scope="row">{one.name ?? f.unnamed}</th>
            <td data-label={f.kind}>{label("attachment_kind", one.kind)}</td>
            <td data-label={f.size}>
              {label("media_type", one.media_type)} {f.bytes(one.size)}
            </td>
            <td data-label={f.by}>
              {name(one.agency_id)} {staff.find(({ id }) => id === one.staff_id)?.name}
            </td>
            <td data-label={f.at}>{instant(one.added_at)}</td>
            <td>
              {one.withdrawn_at ? (
                f.withdrawn(instant(one.withdrawn_at), one.withdrawal_reason ?? "")
              ) : (
                <>
                  <SaveFile id={one.id} name={one.name ?? f.unnamed} />
                  {one.can.includes("withdraw_attachment") && <Withdrawal file={one} />}
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Withdrawal({ file }: { file: Attachment }) {
  const w = f.withdrawal;
  return (
    <Deed<{ reason: string }>
      open={w.open(file.name ?? f.unnamed)}
      brief={w.brief}
      title={w.title}
      help={w.help}
      go={w.go}
      done={w.done}
      defaults={{ reason: "" }}
      act={({ reason }) => call(api.POST("/api/v1/attachments/{id}/withdrawal", { params: { path: { id: file.id }, header: once() }, body: { reason } }))}
    >
      <TextField name="reason" label={w.reason} required rows={2} />
    </Deed>
  );
}
