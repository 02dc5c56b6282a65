import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { useFormContext } from "react-hook-form";
import { api, call } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { day } from "../ui/wareki";
import type { SheetForm } from "./shape";

/** A whole day, as the service takes it. */
const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * Around the fields of name and birth: once both are complete, offers the sheets that are probably about the same person. The service notes this
 * as a search, so the same name and day are asked for once. `own` tells the sheet that is written.
 */
export function SamePerson({ own, children }: { own: () => string | undefined; children: ReactNode }) {
  const { getValues } = useFormContext<SheetForm>();
  const { label } = useLabels();
  const typed = (): { kana_prefix: string; birth_date: string } | undefined => {
    const { kana_family, kana_given, birth_date, birth_precision } = getValues("content.identity") ?? {};
    const isWhole = birth_date && DAY.test(birth_date) && (birth_precision || "day") === "day";
    if (!kana_family?.trim() || !kana_given?.trim() || !isWhole) return undefined;
    return { kana_prefix: kana_family.trim() + kana_given.trim(), birth_date };
  };
  // Of what stood there when the form was opened nobody asks.
  const [loaded] = useState(() => JSON.stringify(typed()));
  const asked = useRef<string | undefined>(loaded);
  const search = useMutation({
    mutationFn: (body: { kana_prefix: string; birth_date: string }) => call(api.POST("/api/v1/sheets/search", { body })),
    onError: () => {
      asked.current = undefined;
    },
  });
  const look = (): void => {
    const body = typed();
    const words = JSON.stringify(body);
    if (asked.current === words) return;
    asked.current = words;
    if (body) search.mutate(body);
    else search.reset();
  };
  const found = (search.data?.items ?? []).filter(({ id }) => id !== own());
  return (
    <>
      <div onBlur={look}>{children}</div>
      <div role="status">
        {found.length > 0 && (
          <div className="notice">
            <strong>{t.sheet.same.found(found.length)}</strong>
            <ul>
              {found.map((sheet) => (
                <li key={sheet.id}>
                  <a href={sheet.number ? `/sheets/${sheet.id}` : `/sheets/edit/${sheet.id}`} target="_blank" rel="noopener">
                    {sheet.number ?? t.sheet.draftTitle}
                  </a>{" "}
                  {day(sheet.received_at ?? sheet.updated_at)} {label("sheet_state", sheet.state)}
                </li>
              ))}
            </ul>
            <p>{t.sheet.same.help}</p>
          </div>
        )}
      </div>
    </>
  );
}
