import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import type { Schemas } from "../api/client";
import { sheet as sheetQuery } from "../api/queries";
import { differing, leaves } from "../sheet/differences";
import { labelOf, useShown } from "../sheet/shown";
import { t } from "../texts";
import { Facts } from "../ui/content";
import { Loaded } from "../ui/screen";

type Relay = Schemas["RelayResponse"];

const v = t.relay.view;

/** What grows by itself is no correction. */
const GROWING: readonly Schemas["Section"][] = ["history", "attachments"];

/** Shows what was corrected since a relay was sent, field by field: as it was told, and as it is now. Reading the sheet leaves a trace, so it waits for the button. */
export function Corrected({ relay }: { relay: Relay }) {
  const [asked, setAsked] = useState(false);
  const sheet = useQuery({ ...sheetQuery(relay.sheet_id), enabled: asked });
  if (!asked)
    return (
      <button type="button" onClick={() => setAsked(true)}>
        {v.correctedShow}
      </button>
    );
  return <Loaded of={sheet}>{({ content }) => <Changes relay={relay} now={content} />}</Loaded>;
}

function Changes({ relay, now }: { relay: Relay; now: Schemas["Content"] | null | undefined }) {
  const shown = useShown();
  const sections = relay.sections.filter((section) => !GROWING.includes(section));
  const told = (content: Schemas["Content"] | null | undefined): Map<string, unknown> =>
    leaves({ content: Object.fromEntries(sections.map((section) => [section, content?.[section]])) });
  const [then, here] = [told(relay.content), told(now)];
  const paths = differing(then, here);
  if (paths.length === 0) return <p>{v.correctedNone}</p>;
  return (
    <Facts
      facts={paths.map((path) => [
        labelOf(path),
        <Fragment key={path}>
          {v.correctedThen}: <del>{shown(path, then.get(path))}</del>
          <br />
          {v.correctedHere}: <ins>{shown(path, here.get(path))}</ins>
        </Fragment>,
      ])}
    />
  );
}
