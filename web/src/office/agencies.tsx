import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type CSSProperties, useState } from "react";
import { useWatch } from "react-hook-form";
import { api, call, change, match, once, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";
import { DateField } from "../ui/date";
import { Deed } from "../ui/deed";
import { CheckField, ChoiceField, SelectField, TextField, UNTOUCHED } from "../ui/field";
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

/** All agencies, each below the one that it belongs to, with its depth. */
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

/** The earlier names of an agency, and the coming ones. */
function otherNames({ names }: Agency): string {
  const now = Date.now();
  const isPast = (until: string | null | undefined): boolean => Boolean(until && Date.parse(until) <= now);
  const told = names.map(({ name, until }, index) => {
    const from = names[index - 1]?.until;
    if (isPast(until)) return a.before(name, day(until));
    return from && !isPast(from) ? a.toCome(name, day(from)) : "";
  });
  return told.join("");
}

/** The directory: names, topics, and whether an agreement is in force. The administrator changes it here. */
export default function Agencies() {
  const { all, name } = useAgencies();
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
        <input id="sought" type="search" {...UNTOUCHED} value={sought} onChange={(event) => setSought(event.target.value)} />
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
                {agency.mail_failed_at && <strong className="late">{a.mailFailed}</strong>}
                <small>
                  {otherNames(agency)}
                  {parent && a.under(parent.name)} {agency.successor_id && a.heir(name(agency.successor_id))}
                  {a.period(day(agency.active_from), day(agency.active_until))}
                </small>
              </th>
              <td data-label={a.class}>
                {label("agency_class", agency.class)}
                <Pending agency={agency} />
              </td>
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

/** A change that waits for a second person, and what that person can decide. */
function Pending({ agency }: { agency: Agency }) {
  const { pending } = agency;
  const { name } = useAgencies();
  const { label } = useLabels();
  const { post, session } = useSession();
  const client = useQueryClient();
  if (!pending) return null;
  const { agreement, ending } = pending;
  const stand = a.pending(
    label("agency_class", pending.class),
    agreement ? `${agreement.number} ${a.agreementUntil(day(agreement.valid_until))}` : a.agreementNone,
  );
  const told = stand + (ending ? a.pendingEnding(day(ending.active_until), name(ending.successor_id)) : "");
  const params = change(agency);
  const anew = (): Promise<void> => client.invalidateQueries({ queryKey: ["agencies"] });
  const confirm = async (): Promise<void> => {
    await call(api.POST("/api/v1/agencies/{id}/pending/confirm", { params }));
    await anew();
  };
  const reject = async (): Promise<void> => {
    await call(api.POST("/api/v1/agencies/{id}/pending/reject", { params }));
    await anew();
  };
  const decides = post.role === "admin" || post.role === "privacy_officer";
  return (
    <div className="notice">
      <p>
        {agency.confirmed ? a.waits : a.waitsNew} {told}
      </p>
      {decides && (
        <div className="actions">
          {pending.asked_by === session.staff.id ? (
            <small>{a.waitsForOther}</small>
          ) : (
            <Deed open={a.confirm} title={a.confirmTitle(agency.name)} go={a.confirm} done={a.confirmed} defaults={{}} act={confirm}>
              <p>{told}</p>
            </Deed>
          )}
          <Deed open={a.reject} title={a.rejectTitle(agency.name)} go={a.reject} done={a.rejected} defaults={{}} act={reject}>
            <p>{told}</p>
          </Deed>
        </div>
      )}
    </div>
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
      successor_id: rest.successor_id || null,
      name_from: rest.name_from || null,
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
  const others = all.filter(({ id }) => id !== agency?.id).map(({ id, name }) => ({ code: id, label: name }));
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
        successor_id: agency?.successor_id ?? "",
        name_from: "",
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
      {agency && <DateField name="name_from" label={a.name_from} help={a.nameFromHelp} />}
      <TextField name="code" label={a.code} help={a.codeHelp} required size="half" />
      <SelectField
        name="class"
        label={a.class}
        help={agency?.class_fixed ? a.classFixed : undefined}
        required
        options={list("agency_class").filter(({ code }) => !agency?.class_fixed || code === agency.class)}
      />
      <ChoiceField name="topics" label={a.topics} help={a.topicsHelp} many options={list("topics")} />
      <TextField name="phone" label={a.phone} type="tel" size="half" />
      <TextField name="mailbox" label={a.mailbox} type="email" />
      <SelectField name="parent_id" label={a.parent} options={others} />
      <CheckField name="hub" label={a.hub} />
      <DateField name="active_from" label={a.active_from} required />
      <DateField name="active_until" label={a.active_until} />
      {agency && <Open id={agency.id} />}
      {agency && <SelectField name="successor_id" label={a.successor_id} help={a.successorHelp} options={others} />}
      <CheckField name="has_agreement" label={a.agreementHas} />
      <Agreement />
    </Deed>
  );
}

/** What is in the hands of an agency that will end: without a successor nobody would look after it. */
function Open({ id }: { id: string }) {
  const until = useWatch<AgencyForm, "active_until">({ name: "active_until" });
  const shown = useQuery({
    queryKey: ["agencies", id],
    queryFn: () => call(api.GET("/api/v1/agencies/{id}", { params: { path: { id } } })),
    enabled: Boolean(until),
  });
  const open = shown.data?.open;
  if (!until || !open) return null;
  const left = (Object.keys(a.openCounts) as (keyof typeof a.openCounts)[]).filter((kind) => open[kind] > 0);
  if (left.length === 0) return <p>{a.openNone}</p>;
  return (
    <p className="notice">
      {a.open} {left.map((kind) => a.openCount(a.openCounts[kind], open[kind])).join("、")} {a.openNeeds}
    </p>
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
