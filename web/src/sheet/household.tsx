import { useRef } from "react";
import { useLocation } from "wouter";
import { api, call, once, Problem, type Schemas } from "../api/client";
import { now } from "../api/clock";
import { t } from "../texts";
import { Deed } from "../ui/deed";
import { SelectField, TextField } from "../ui/field";
import { itemsOf, Pages, useSheets } from "../ui/pages";
import { About } from "../ui/who";
import { plainNumber } from "./number";
import { blank, requestOf, type SheetForm } from "./shape";
import { SheetTable } from "./table";

type Sheet = Schemas["SheetResponse"];

const h = t.sheet.household;

/** 世帯: the other sheets of the household, for the agency that recorded them; and the ways to add one. */
export function HouseholdSheets({ sheet }: { sheet: Sheet }) {
  const found = useSheets({ household_of: sheet.id });
  const others = itemsOf(found).filter(({ id }) => id !== sheet.id);
  return (
    <section aria-labelledby="household-sheets">
      <h2 id="household-sheets">{h.title}</h2>
      <Pages of={found}>{() => (others.length > 0 ? <SheetTable items={others} /> : <p className="help">{h.empty}</p>)}</Pages>
      <div className="actions">
        <Begin sheet={sheet} />
        <Deed<{ number: string }> open={h.link} title={h.link} help={h.linkHelp} go={h.link} done={h.linked} defaults={{ number: "" }} act={({ number }) => linkByNumber(sheet.id, number, others.length > 0)}>
          <About label={sheet.label} />
          <TextField name="number" label={h.number} required clean={plainNumber} />
        </Deed>
        {others.length > 0 && (
          <Deed
            open={h.part}
            title={h.part}
            help={h.partHelp}
            go={h.part}
            done={h.parted}
            defaults={{}}
            act={() => call(api.DELETE("/api/v1/sheets/{id}/household", { params: { path: { id: sheet.id } } }))}
          >
            <About label={sheet.label} />
          </Deed>
        )}
      </div>
    </section>
  );
}

function link(id: string, sheet_id: string): Promise<unknown> {
  return call(api.POST("/api/v1/sheets/{id}/household", { params: { path: { id }, header: once() }, body: { sheet_id } }));
}

/** The sheet that is alone joins the other one, so that nobody leaves a household. */
async function linkByNumber(id: string, number: string, shares: boolean): Promise<void> {
  const { items } = await call(api.POST("/api/v1/sheets/search", { body: { number: plainNumber(number) } }));
  const [found] = items;
  if (!found) throw new Problem({ detail: h.unknown, errors: [{ pointer: "/number", code: "unknown", detail: h.unknown }] }, 422);
  await (shares ? link(found.id, id) : link(id, found.id));
}

/** Begins a sheet about a member of the household with what this sheet says of them. */
function Begin({ sheet }: { sheet: Sheet }) {
  const [, go] = useLocation();
  const members = sheet.content?.household ?? [];
  // Where only the link was refused, the next try links the sheet that is there.
  const made = useRef<{ id: string; of: string }>(undefined);
  const act = async ({ member }: { member: string }): Promise<void> => {
    if (made.current?.of !== member) {
      const body = requestOf(begun(sheet, members[Number(member)], member), "draft");
      const { id } = await call(api.POST("/api/v1/sheets", { params: { header: once() }, body }));
      made.current = { id, of: member };
    }
    await link(made.current.id, sheet.id);
    go(`/sheets/edit/${made.current.id}`);
  };
  return (
    <Deed<{ member: string }> open={h.begin} title={h.begin} help={h.beginHelp} go={h.begin} done={h.begun} defaults={{ member: "" }} act={act}>
      <About label={sheet.label} />
      <SelectField name="member" label={h.member} options={members.map((one, index) => ({ code: String(index), label: [one.relation, one.name].filter(Boolean).join(" ") }))} none={h.another} />
    </Deed>
  );
}

/** The form of the new sheet: the member, the place if they live together, and the others of the household with the person of this sheet. */
function begun(sheet: Sheet, member: Schemas["Member"] | undefined, chosen: string): SheetForm {
  const form = blank(now());
  const { identity, address, household } = sheet.content ?? {};
  const [family = "", ...given] = (member?.name ?? "").trim().split(/\s+/);
  const person = [identity?.family_name, identity?.given_name].filter(Boolean).join(" ");
  const others = (household ?? []).filter((_, index) => String(index) !== chosen);
  // A member of a household has a whole birth date or none.
  const birth_date = (identity?.birth_precision ?? "day") === "day" ? identity?.birth_date : undefined;
  const together = member?.lives_together ?? false;
  return {
    ...form,
    // How this person comes is not known yet.
    channel: undefined,
    route: undefined,
    address_secret: sheet.address_secret ?? form.address_secret,
    content: {
      ...form.content,
      identity: { family_name: family, given_name: given.join(" "), birth_date: member?.birth_date },
      address: together && address ? address : {},
      // How the others stand to this person nobody has said yet.
      household: [{ name: person, birth_date, lives_together: together }, ...others.map(({ name, birth_date: born }) => ({ name, birth_date: born, lives_together: false }))].map((one) => ({
        ...one,
        relation: h.family,
        own_consent: "unknown" as const,
      })),
    },
  };
}
