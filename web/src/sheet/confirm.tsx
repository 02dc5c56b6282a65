import { useFormContext } from "react-hook-form";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Dialog } from "../ui/dialog";
import { labelOf } from "./shown";
import type { SheetForm } from "./shape";

const c = t.sheet.confirm;

/** What a sheet says in short, before it is registered for good. */
export function ConfirmDialog({ go, back }: { go: () => void; back: () => void }) {
  const { label } = useLabels();
  const { came, channel, route, urgency, no_risk, content } = useFormContext<SheetForm>().getValues();
  const { identity, topics, risk } = content;
  const name = [identity?.family_name, identity?.given_name].filter(Boolean).join(" ");
  const risks = (risk?.flags ?? []).map((flag) => label("risk", flag)).join("、");
  const code = (list: string, value: string | null | undefined): string => (value ? label(list, value) : "");
  const who = [name || t.who.nameless, code("identity_level", identity?.identity_level)].filter(Boolean).join("、");
  return (
    <Dialog title={c.title} close={back}>
      <Facts
        facts={[
          [t.who.person, who],
          [labelOf("channel"), code("channel", channel) || c.missing],
          [labelOf("came"), came === "other" ? t.sheet.other : t.sheet.himself],
          [labelOf("route"), code("route", route) || c.missing],
          [t.who.topic, code("topics", topics?.main) || c.missing],
          [labelOf("content.risk.flags"), risks ? <strong key="risks" className="risks">{risks}</strong> : no_risk ? t.none : c.missing],
          [labelOf("urgency"), code("urgency", urgency) || c.missing],
        ]}
      />
      <p>{c.final}</p>
      <div className="actions">
        <button type="button" onClick={back}>
          {c.back}
        </button>
        <button type="button" className="primary" onClick={go}>
          {c.go}
        </button>
      </div>
    </Dialog>
  );
}
