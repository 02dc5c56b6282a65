import { useQueryClient } from "@tanstack/react-query";
import { type CSSProperties, useState } from "react";
import { useWatch } from "react-hook-form";
import { api, call, match, once, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed } from "../ui/deed";
import { CheckField, ChoiceField, SelectField, TextField } from "../ui/field";
import { isNamed } from "../ui/kana";
import { Title } from "../ui/screen";
import { day, today } from "../ui/wareki";
import { Import } from "./import";

type Agency = Schemas["AgencyResponse"];

interface AgencyForm extends Omit<Schemas["AgencyRequest"], "agreement"> {
  has_agreement: boolean;
  agreement: Schemas["AgreementShape"];
}

const a = t.office.agencies;

/** All agencies, each below the one it belongs to, and how deep it stands. */
function tree(all: readonly Agency[]): { agency: Agency; parent?: Agency; level: number }[] {
  const known = new Map(all.map((agency) => [agency.id, agency]));
  const below = new Map<Agency | undefined, Agency[]>();
  for (const agency of all) {
    const parent = known.get(agency.parent_id ?? "");
    below.set(parent, [...(below.get(parent) ?? []), agency]);
  }
  const from = (parent: Agency | undefined, level: number): { agency: Agency; parent?: Agency; level: number }[] =>
    (below.get(parent) ?? []).flatMap((agency) => [{ agency, parent, level }, ...from(agency, level + 1)]);
  return from(undefined, 0);
}

/** The directory: names, what each handles, whether an agreement is in force. The administrator changes it here. */
export default function Agencies() {
  const { all } = useAgencies();
  const { label } = useLabels();
  const { post } = useSession();
  const [sought, setSought] = useState("");
  const isAdmin = post.role === "admin";
  const now = today();
  const shown = tree(all).filter(({ agency }) => isNamed(agency, sought));
  return (
    <>
      <Title name={a.title}>
        {isAdmin && (
          <div className="actions">
            <Import />
            <Edit />
          </div>
        )}
      </Title>
      <div className="field half">
        <label htmlFor="sought">{a.find}</label>
        <input id="sought" type="search" value={sought} onChange={(event) => setSought(event.target.value)} />
      </div>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{a.name}</th>
            <th scope="col">{a.class}</th>
            <th scope="col">{a.topics}</th>
            <th scope="col">{a.phone}</th>
            <th scope="col">{a.agreement}</th>
            {isAdmin && <td />}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ agency, parent, level }) => (
            <tr key={agency.id}>
              <th scope="row" className="branch" style={{ "--level": level } as CSSProperties}>
                <ruby>
                  {agency.name}
                  <rp>(</rp>
                  <rt>{agency.kana}</rt>
                  <rp>)</rp>
                </ruby>{" "}
                {agency.active_until && agency.active_until < now && <strong className="late">{a.ended}</strong>}
                <small>
                  {parent && a.under(parent.name)} {a.period(day(agency.active_from), day(agency.active_until))}
                </small>
              </th>
              <td data-label={a.class}>{label("agency_class", agency.class)}</td>
              <td data-label={a.topics}>{agency.topics.map((code) => label("topics", code)).join("、")}</td>
              <td data-label={a.phone} className="whole">
                {agency.phone}
              </td>
              <td data-label={a.agreement}>
                {agency.agreement ? `${agency.agreement.number} ${a.agreementUntil(day(agency.agreement.valid_until))}` : a.agreementNone}
              </td>
              {isAdmin && (
                <td>
                  <Edit agency={agency} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > 0 && shown.length === 0 && <p className="empty">{a.nobody}</p>}
    </>
  );
}

function Edit({ agency }: { agency?: Agency }) {
  const { all } = useAgencies();
  const { list } = useLabels();
  const client = useQueryClient();
  const act = async ({ has_agreement, agreement, ...rest }: AgencyForm): Promise<void> => {
    const body: Schemas["AgencyRequest"] = {
      ...rest,
      mailbox: rest.mailbox || null,
      phone: rest.phone || null,
      parent_id: rest.parent_id || null,
      active_until: rest.active_until || null,
      agreement: has_agreement ? agreement : null,
    };
    if (agency) {
      await call(api.PUT("/api/v1/agencies/{id}", { params: { path: { id: agency.id }, header: match(agency.revision) }, body }));
    } else {
      await call(api.POST("/api/v1/agencies", { params: { header: once() }, body }));
    }
    await client.invalidateQueries({ queryKey: ["agencies"] });
  };
  return (
    <Deed<AgencyForm>
      open={agency ? a.edit(agency.name) : a.add}
      brief={agency && a.editBrief}
      title={agency ? a.edit(agency.name) : a.add}
      go={t.save}
      done={a.saved}
      primary={!agency}
      defaults={{
        code: agency?.code ?? "",
        name: agency?.name ?? "",
        kana: agency?.kana ?? "",
        class: agency?.class ?? "ward",
        topics: agency?.topics ?? [],
        mailbox: agency?.mailbox ?? "",
        phone: agency?.phone ?? "",
        parent_id: agency?.parent_id ?? "",
        hub: agency?.hub ?? false,
        active_from: agency?.active_from ?? today(),
        active_until: agency?.active_until ?? "",
        has_agreement: Boolean(agency?.agreement),
        agreement: agency?.agreement ?? { number: "", valid_from: "", valid_until: "" },
      }}
      act={act}
    >
      <TextField name="name" label={a.name} required />
      <TextField name="kana" label={a.kana} required />
      <TextField name="code" label={a.code} help={a.codeHelp} required size="half" />
      <SelectField name="class" label={a.class} required options={list("agency_class")} />
      <ChoiceField name="topics" label={a.topics} help={a.topicsHelp} many options={list("topics")} />
      <TextField name="phone" label={a.phone} type="tel" size="half" />
      <TextField name="mailbox" label={a.mailbox} type="email" />
      <SelectField name="parent_id" label={a.parent} options={all.filter(({ id }) => id !== agency?.id).map(({ id, name }) => ({ code: id, label: name }))} />
      <CheckField name="hub" label={a.hub} />
      <DateField name="active_from" label={a.active_from} required />
      <DateField name="active_until" label={a.active_until} />
      <CheckField name="has_agreement" label={a.agreementHas} />
      <Agreement />
    </Deed>
  );
}

function Agreement() {
  const has = useWatch<AgencyForm, "has_agreement">({ name: "has_agreement" });
  if (!has) return null;
  return (
    <div className="nested">
      <TextField name="agreement.number" label={a["agreement.number"]} required />
      <DateField name="agreement.valid_from" label={a["agreement.valid_from"]} required />
      <DateField name="agreement.valid_until" label={a["agreement.valid_until"]} required />
    </div>
  );
}
