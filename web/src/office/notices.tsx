import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call, once, type Schemas } from "../api/client";
import { notices } from "../api/queries";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed } from "../ui/deed";
import { TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { day, today } from "../ui/wareki";

const n = t.office.notices;

/** The versions of the text that is shown to the resident. */
export default function Notices() {
  const found = useQuery(notices);
  const client = useQueryClient();
  return (
    <>
      <Title name={n.title}>
        <Deed<Schemas["NoticeRequest"]>
          primary
          open={n.add}
          title={n.add}
          go={t.save}
          done={n.saved}
          defaults={{ title: "", body: "", in_force_from: today() }}
          act={async (body) => {
            await call(api.POST("/api/v1/notices", { params: { header: once() }, body }));
            await client.invalidateQueries({ queryKey: ["notices"] });
          }}
        >
          <TextField name="title" label={n.name} required />
          <TextField name="body" label={n.body} rows={10} required />
          <DateField name="in_force_from" label={n.from} required />
        </Deed>
      </Title>
      <p>{n.help}</p>
      <Loaded of={found}>
        {({ items }) =>
          items.map((notice) => (
            <section key={notice.id} className="card">
              <h2>
                {n.version(notice.version)} {notice.title}
              </h2>
              <p>{t.consent.noticeFrom(day(notice.in_force_from))}</p>
              <p className="lines">{notice.body}</p>
            </section>
          ))
        }
      </Loaded>
    </>
  );
}
