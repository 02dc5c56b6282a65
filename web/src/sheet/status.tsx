import { t } from "../texts";
import type { Saving } from "./autosave";

const TIME = new Intl.DateTimeFormat("ja-JP", { timeStyle: "medium", timeZone: "Asia/Tokyo" });

/** Says whether what was typed is safe. */
export function SaveStatus({ saving, isDraft }: { saving: Saving; isDraft: boolean }) {
  const text = (): string => {
    const s = t.sheet.status;
    switch (saving.is) {
      case "clean":
        return isDraft ? s.new : s.none;
      case "dirty":
        return isDraft ? s.dirty : s.changes;
      case "saving":
        return s.saving;
      case "failed":
        return isDraft ? s.failed : s.failedChanges;
      case "refused":
        return s.refused(saving.why);
      case "saved":
        return saving.partly ? s.partly(TIME.format(saving.at)) : s.saved(TIME.format(saving.at));
    }
  };
  return (
    <p className={`status ${saving.is}`} role="status">
      {text()}
    </p>
  );
}
