import { Fragment, type ReactNode } from "react";
import type { Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { t } from "../texts";
import { birth, instant } from "./wareki";

type Content = Schemas["Content"];
type Section = Schemas["Section"];

/** The order in which a sheet is read. */
export const SECTIONS = [
  "identity", "contact", "address", "topics", "statement", "risk", "household", "life", "arrears", "health", "opinion", "third_party", "history", "attachments",
] as const satisfies readonly Section[];

/** Which sections of a content hold anything. */
export function filled(content: Content | null | undefined): Section[] {
  return SECTIONS.filter((section) => {
    const value = content?.[section];
    return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined;
  });
}

/** The sheet section by section. At the end it names the sections that the reader was not granted, filled or not, and those shown as they stood. `of` tells several contents on one screen apart. */
export function ContentView({ content, withheld = [], only, of }: { content: Content; withheld?: readonly Schemas["Withheld"][]; only?: readonly Section[]; of?: string }) {
  const { label } = useLabels();
  const earlier = withheld.filter(({ code }) => code === "consent_narrowed");
  const closed = withheld.filter(({ code }) => code !== "consent_narrowed");
  const kept = new Set(closed.map(({ section }) => section));
  const there = filled(content);
  const shown = SECTIONS.filter((section) => (only ? only.includes(section) : there.includes(section)) && !kept.has(section));
  return (
    <div className="content">
      {shown.map((section) => (
        <section key={section} aria-label={[of, label("section", section)].filter(Boolean).join(" ")}>
          <h3>{label("section", section)}</h3>
          {there.includes(section) ? (
            <SectionView section={section} content={content} />
          ) : (
            <p className="help">{t.sheet.view.empty}</p>
          )}
        </section>
      ))}
      <Named title={t.sheet.view.earlier} help={t.sheet.view.earlierHelp} of={earlier} />
      <Named title={t.sheet.view.withheld} help={t.sheet.view.withheldHelp} of={closed} />
    </div>
  );
}

/** A list of sections by name only. */
function Named({ title, help, of }: { title: string; help: string; of: readonly Schemas["Withheld"][] }) {
  const { label } = useLabels();
  if (of.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <p className="help">{help}</p>
      <ul className="withheld">
        {of.map(({ section }) => (
          <li key={section}>{label("section", section)}</li>
        ))}
      </ul>
    </section>
  );
}

/** Pairs of label and value, without the empty ones. */
export function Facts({ facts }: { facts: readonly (readonly [label: string, value: ReactNode])[] }) {
  const there = facts.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return (
    <dl className="facts">
      {there.map(([label, value]) => (
        <Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

function lines(text: string | null | undefined): ReactNode {
  return text ? <span className="lines">{text}</span> : undefined;
}

function SectionView({ section, content }: { section: (typeof SECTIONS)[number]; content: Content }) {
  const { label } = useLabels();
  const agencies = useAgencies();
  const field = (path: string): string => t.sheet.fields[`content.${path}`] ?? path;
  const labels = (list: string, codes: readonly string[] | null | undefined): string =>
    (codes ?? []).map((code) => label(list, code)).join("、");
  const { identity, contact, address, topics, statement, risk, household, life, arrears, health, opinion, third_party, history, attachments } = content;
  switch (section) {
    case "identity":
      return (
        <>
          {identity && (identity.family_name || identity.given_name) && (
            <p className="person">
              <ruby>
                {[identity.family_name, identity.given_name].filter(Boolean).join("　")}
                <rp>(</rp>
                <rt>{[identity.kana_family, identity.kana_given].filter(Boolean).join("　")}</rt>
                <rp>)</rp>
              </ruby>
            </p>
          )}
          <Facts
            facts={[
              [field("identity.birth_date"), birth(identity?.birth_date, identity?.birth_precision)],
              [field("identity.sex"), label("sex", identity?.sex)],
              [field("identity.identity_level"), label("identity_level", identity?.identity_level)],
              [field("identity.language"), identity?.language],
              [field("identity.interpreter"), identity?.interpreter ? t.yes : undefined],
              [field("identity.ref_ids"), identity?.ref_ids?.map(({ system, id }) => `${system} ${id}`).join("、")],
            ]}
          />
        </>
      );
    case "contact":
      return (
        <>
          <Phones phones={contact?.phones ?? []} />
          <Facts facts={[[field("contact.email"), contact?.email]]} />
        </>
      );
    case "address":
      return (
        <Facts
          facts={[
            [field("address.postal_code"), address?.postal_code && `〒${address.postal_code.slice(0, 3)}-${address.postal_code.slice(3)}`],
            [field("address.full"), address?.full],
            [field("address.no_fixed_abode"), address?.no_fixed_abode ? t.yes : undefined],
          ]}
        />
      );
    case "topics":
      return (
        <>
          <ul className="plain">
            {topics?.codes.map((code) => (
              <li key={code}>
                {code === topics.main ? "◎" : "○"} {label("topics", code)}
              </li>
            ))}
          </ul>
          <Facts facts={[[field("topics.other"), topics?.other]]} />
        </>
      );
    case "statement":
      return (
        <Facts
          facts={[
            [field("statement.subject_words"), lines(statement?.subject_words)],
            [field("statement.wish"), lines(statement?.wish)],
            [field("statement.done_here"), lines(statement?.done_here)],
          ]}
        />
      );
    case "risk":
      return (
        <Facts
          facts={[
            [field("risk.flags"), risk?.flags?.length === 0 ? t.none : labels("risk", risk?.flags)],
            [field("risk.note"), lines(risk?.note)],
          ]}
        />
      );
    case "household":
      return (
        <ul>
          {household?.map((member, index) => (
            <li key={index}>
              {[
                member.relation,
                member.name,
                birth(member.birth_date),
                member.lives_together ? field("household.lives_together") : undefined,
                `${field("household.own_consent")}: ${label("own_consent", member.own_consent ?? "unknown")}`,
              ]
                .filter(Boolean)
                .join(" ")}
              {member.note && <p className="lines">{member.note}</p>}
            </li>
          ))}
        </ul>
      );
    case "life":
      return (
        <Facts
          facts={[
            ...(["employment", "housing", "health_insurance", "pension", "public_assistance"] as const).map(
              (key) => [field(`life.${key}`), life?.[key]] as const,
            ),
            [field("life.note"), lines(life?.note)],
          ]}
        />
      );
    case "arrears":
      return (
        <Facts
          facts={[
            [field("arrears.kinds"), labels("arrears", arrears?.kinds)],
            [field("arrears.note"), lines(arrears?.note)],
          ]}
        />
      );
    case "health":
      return <Facts facts={[[field("health.note"), lines(health?.note)]]} />;
    case "opinion":
      return <Facts facts={[[field("opinion.text"), lines(opinion?.text)]]} />;
    case "third_party":
      return (
        <Facts facts={(third_party ?? []).map((told) => [told.source, lines(told.text)] as const)} />
      );
    case "attachments":
      return (
        <>
          <ul>
            {attachments?.map((file) => (
              <li key={file.id}>
                {label("attachment_kind", file.kind)} {label("media_type", file.media_type)} {t.files.bytes(file.size)} {instant(file.added_at)}
              </li>
            ))}
          </ul>
          <p className="help screen-only">{t.sheet.view.files}</p>
        </>
      );
    case "history":
      return (
        <ul>
          {history?.map((item) => (
            <li key={item.relay_id}>
              {instant(item.sent_at)} {t.sheet.way.pictureText(agencies.name(item.from_agency_id), agencies.name(item.to_agency_id), label("relay_state", item.state))}
              {item.result && ` ${label("result", item.result)}`}
              {item.report_text && <p className="lines">{item.report_text}</p>}
            </li>
          ))}
        </ul>
      );
  }
}

/** Telephone numbers with their permitted uses, in words. */
export function Phones({ phones }: { phones: readonly Schemas["Phone"][] }) {
  const { label } = useLabels();
  const v = t.relay.view;
  return (
    <ul className="phones">
      {phones.map((phone) => (
        <li key={phone.number}>
          <strong>{phone.number}</strong> {label("phone_kind", phone.kind)}
          <Safe is={phone.safe_to_call} yes={v.callYes} no={v.callNo} unasked={v.callUnasked} />
          <Safe is={phone.safe_to_leave_message} yes={v.messageYes} no={v.messageNo} unasked={v.messageUnasked} />
          {phone.note && <span>{phone.note}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Yes, no, or not asked. */
function Safe({ is, yes, no, unasked }: { is: boolean | null | undefined; yes: string; no: string; unasked: string }) {
  if (is === true) return <span className="mark ok">{yes}</span>;
  return is === false ? <span className="mark stop">{no}</span> : <span className="mark">{unasked}</span>;
}
