import { useQuery } from "@tanstack/react-query";
import { api, call, once, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Deed } from "../ui/deed";
import { ChoiceField, TextField } from "../ui/field";
import { Loaded, Title } from "../ui/screen";
import { day, instant } from "../ui/wareki";

type Stop = Schemas["StopNoticeResponse"];

/** The stop notices of a sheet: what may not be used any more, who is asked what became of the copies, and their answers. */
export default function Stops({ id }: { id: string }) {
  const found = useQuery({
    queryKey: ["sheet", id, "stops"],
    queryFn: () => call(api.GET("/api/v1/sheets/{id}/stop-notices", { params: { path: { id } } })),
  });
  return (
    <Loaded screen of={found}>
      {({ items }) => (
        <>
          <Title name={t.stop.title} />
          <p>{items.length > 0 ? t.stop.help : t.stop.none}</p>
          {items.map((stop) => (
            <StopSection key={stop.id} stop={stop} />
          ))}
        </>
      )}
    </Loaded>
  );
}

function StopSection({ stop }: { stop: Stop }) {
  const { name } = useAgencies();
  const { label, list } = useLabels();
  const { post } = useSession();
  const s = t.stop;
  const { answer } = stop;
  return (
    <section>
      <h2>
        {name(stop.agency_id)} <strong className="state">{label("stop_state", stop.state)}</strong>
      </h2>
      <Facts
        facts={[
          [s.cause, label("stop_cause", stop.cause)],
          [s.sections, stop.sections.map((code) => label("section", code)).join("、")],
          [s.due, !answer && day(stop.due)],
          [s.answered, answer && instant(answer.answered_at)],
          [s.disposition, answer && label("disposition", answer.disposition)],
          [s.ground, answer?.legal_ground],
          [s.note, answer?.note],
        ]}
      />
      {!answer && stop.agency_id === post.agency_id && (
        <Deed<{ disposition: Schemas["Disposition"]; legal_ground: string; note: string }>
          primary
          open={s.open}
          title={s.open}
          go={s.open}
          done={s.done}
          defaults={{ legal_ground: "", note: "" }}
          act={({ disposition, legal_ground, note }) =>
            call(
              api.POST("/api/v1/stop-notices/{id}/answer", {
                params: { path: { id: stop.id }, header: once() },
                body: { disposition, legal_ground: legal_ground || null, note: note || null },
              }),
            )
          }
        >
          <ChoiceField name="disposition" label={s.disposition} required options={list("disposition")} />
          <TextField name="legal_ground" label={s.ground} help={s.groundHelp} />
          <TextField name="note" label={s.note} rows={3} />
        </Deed>
      )}
    </section>
  );
}
