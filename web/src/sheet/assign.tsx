import { useRef } from "react";
import { api, call, once, Problem, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { SelectField } from "../ui/field";
import { whyOf } from "../ui/problems";
import { About, useColleagues } from "../ui/who";

const a = t.sheet.assign;

interface Asked {
  staff_id: string;
  reason: string;
}

function assign(id: string, { staff_id, reason }: Asked): Promise<unknown> {
  const body = { staff_id: staff_id || undefined, reason: reason as Schemas["AssignmentReason"] };
  return call(api.POST("/api/v1/sheets/{id}/assignee", { params: { path: { id }, header: once() }, body }));
}

function Fields() {
  const { list } = useLabels();
  const { all } = useColleagues();
  const people = all.map(({ id, name }) => ({ code: id, label: name }));
  return (
    <>
      <SelectField name="staff_id" label={t.who.assignee} options={people} none={a.nobody} />
      <SelectField name="reason" label={a.reason} options={list("assignment_reason")} required />
    </>
  );
}

/** Names the colleague who works on a sheet from now on. */
export function Assign({ sheet }: { sheet: Pick<Schemas["SheetResponse"], "id" | "label" | "assigned_staff_id"> }) {
  return (
    <Deed<Asked> open={a.open} title={a.title} help={a.help} go={a.go} done={a.done} defaults={{ staff_id: sheet.assigned_staff_id ?? "", reason: "" }} act={(asked) => assign(sheet.id, asked)}>
      <About label={sheet.label} />
      <Fields />
    </Deed>
  );
}

/** Names one colleague for all picked sheets. What cannot be handed over stays picked, and the dialog says why. */
export function HandOver({ sheets, done }: { sheets: readonly Schemas["SheetItem"][]; done: (ids: readonly string[]) => void }) {
  const handed = useRef<string[]>([]);
  if (sheets.length === 0) return <p className="help">{a.pickSome}</p>;
  const act = async (asked: Asked): Promise<void> => {
    handed.current = [];
    let refused = 0;
    let why: unknown;
    for (const { id } of sheets) {
      try {
        await assign(id, asked);
        handed.current.push(id);
      } catch (error) {
        // What does not hold for the first holds for none of them.
        if (handed.current.length === 0 && error instanceof Problem && error.status === 422) throw error;
        refused += 1;
        why ??= error;
      }
    }
    if (refused === 0) return;
    done(handed.current);
    throw new Problem({ detail: a.left(refused, whyOf(why)) }, 409);
  };
  return (
    <div className="actions">
      <Deed<Asked>
        open={a.picked(sheets.length)}
        title={a.picked(sheets.length)}
        help={a.help}
        go={a.go}
        done={a.done}
        defaults={{ staff_id: "", reason: "" }}
        act={act}
        then={() => done(handed.current)}
      >
        <Fields />
      </Deed>
    </div>
  );
}
