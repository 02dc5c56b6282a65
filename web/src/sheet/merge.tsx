import { useState } from "react";
import { t } from "../texts";
import { Dialog } from "../ui/dialog";
import type { Merge } from "./autosave";
import { labelOf, useShown } from "./shown";

/** Shows both sides of every field that was changed here and elsewhere; the clerk chooses one for each. */
export function MergeDialog({ merge }: { merge: Merge }) {
  const shown = useShown();
  const [theirs, setTheirs] = useState<string[]>([]);
  return (
    <Dialog title={t.sheet.merge.title}>
      <p>{t.sheet.merge.help}</p>
      {merge.conflicts.map(({ path, mine, theirs: other }) => (
        <fieldset key={path} className="sides">
          <legend>{labelOf(path)}</legend>
          {(
            [
              [false, t.sheet.merge.mine, mine],
              [true, t.sheet.merge.theirs, other],
            ] as const
          ).map(([isTheirs, title, value]) => (
            <label key={title} className="choice side">
              <input
                type="radio"
                name={path}
                checked={theirs.includes(path) === isTheirs}
                onChange={() => setTheirs((now) => (isTheirs ? [...now, path] : now.filter((one) => one !== path)))}
              />
              <span>
                {title}
                <span className="value">{shown(path, value)}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <div className="actions">
        <button type="button" className="primary" onClick={() => merge.choose(theirs)}>
          {t.sheet.merge.done}
        </button>
      </div>
    </Dialog>
  );
}
