import type { ReactNode } from "react";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { ANSWERS } from "../ui/field";
import { ERAS } from "../ui/wareki";

const p = t.papers.blank;
const s = t.sheet;

const PHONES = [1, 2];
const MEMBERS = [1, 2, 3, 4, 5];
const LIFE = ["employment", "housing", "health_insurance", "pension", "public_assistance"] as const;
const MEMBER = ["relation", "name", "birth_date", "lives_together", "own_consent", "note"] as const;

function field(path: string): string {
  return s.fields[path] ?? path;
}

/** The form on paper, for a power cut: it asks everything that the form on the screen asks, in the same order. */
export function Blank() {
  const { list } = useLabels();
  return (
    <>
      <Leaf n={1} />
      <p>{p.help}</p>
      <Part title={s.parts.reception}>
        <Line label={field("received_at")} need>
          {p.at}
        </Line>
        <Line label={p.by} />
        <Ticks label={field("channel")} need of={list("channel")} />
        <Ticks label={field("route")} need of={list("route")} />
        <Ticks label={field("came")} need of={[{ code: "self", label: s.himself }, { code: "other", label: s.other }]} />
        {["name", "kana", "phone", "relation"].map((key) => (
          <Line key={key} label={field(`visitor.${key}`)} half />
        ))}
      </Part>
      <Part title={s.parts.topics}>
        <p className="help">
          {p.topics} {t.required}
        </p>
        <ul className="ticks">
          {list("topics").map(({ code, label }) => (
            <li key={code}>{label}</li>
          ))}
        </ul>
        <Line label={field("content.topics.other")} />
        <Room label={field("content.statement.subject_words")} need lines={7} />
        <Room label={field("content.statement.wish")} lines={2} />
      </Part>
      <Leaf n={2} />
      <Part title={s.parts.risk}>
        <Ticks label={field("content.risk.flags")} need of={[{ code: "none", label: s.noRisk }, ...list("risk")]} />
        <Line label={field("content.risk.note")} />
        <Ticks label={field("urgency")} need of={list("urgency")} />
      </Part>
      <Part title={s.parts.person}>
        <Ticks label={field("content.identity.identity_level")} need of={list("identity_level")} />
        {["kana_family", "kana_given", "family_name", "given_name"].map((key) => (
          <Line key={key} label={field(`content.identity.${key}`)} half />
        ))}
        <Line label={field("content.identity.birth_date")}>{p.born([...ERAS].toReversed().map(({ name }) => name))}</Line>
        <Ticks label={field("content.identity.sex")} of={list("sex")} />
      </Part>
      <Part title={s.parts.contact}>
        <p className="help">{s.help.safe}</p>
        {PHONES.map((n) => (
          <Phone key={n} n={n} />
        ))}
        {PHONES.map((n) => (
          <Line key={n} label={`${s.phone.title(n)} ${field("content.contact.phones.note")}`} half />
        ))}
        <Line label={field("content.identity.language")} half />
        <Ticks of={[{ code: "interpreter", label: field("content.identity.interpreter") }]} half />
        <Line label={field("content.contact.email")} />
        <Ticks label={field("address_secret")} need of={list("address_secret")} />
        <Line label={field("content.address.postal_code")} half />
        <Ticks of={[{ code: "none", label: field("content.address.no_fixed_abode") }]} half />
        <Line label={field("content.address.full")} />
      </Part>
      <Part title={s.parts.done}>
        <Room label={field("content.statement.done_here")} lines={3} />
      </Part>
      <Leaf n={3} />
      <Part title={s.parts.household}>
        <table>
          <thead>
            <tr>
              {MEMBER.map((key) => (
                <th key={key} scope="col">
                  {field(`content.household.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {MEMBERS.map((n) => (
              <tr key={n}>
                {MEMBER.map((key) => (
                  <td key={key}>
                    {key === "lives_together" && <Ticks of={[{ code: key, label: t.yes }]} />}
                    {key === "own_consent" && <Ticks of={list("own_consent")} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Part>
      <Part title={s.parts.life}>
        {LIFE.map((key) => (
          <Line key={key} label={field(`content.life.${key}`)} half />
        ))}
        <Line label={field("content.life.note")} half />
      </Part>
      <Part title={s.parts.arrears}>
        <Ticks label={field("content.arrears.kinds")} of={list("arrears")} />
        <Line label={field("content.arrears.note")} />
      </Part>
      <Part title={s.parts.health}>
        <Room label={field("content.health.note")} lines={2} />
      </Part>
      <Part title={s.parts.opinion}>
        <Room lines={2} />
      </Part>
      <Part title={s.parts.thirdParty}>
        <Line label={field("content.third_party.source")} />
        <Room label={field("content.third_party.text")} lines={2} />
      </Part>
    </>
  );
}

/** The head of a page, with a name by which loose pages can be put together. */
function Leaf({ n }: { n: number }) {
  return (
    <section className="blank leaf">
      <h2>{p.title(n, 3)}</h2>
      {n > 1 && <Line label={p.whose} half />}
      <Line label={p.number} half />
    </section>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="blank">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Phone({ n }: { n: number }) {
  const { list } = useLabels();
  return (
    <>
      <Line label={s.phone.title(n)} half />
      <Ticks of={list("phone_kind")} half />
      <Ticks label={field("content.contact.phones.safe_to_call")} of={ANSWERS} half />
      <Ticks label={field("content.contact.phones.safe_to_leave_message")} of={ANSWERS} half />
    </>
  );
}

interface Asked {
  label?: string;
  need?: boolean;
  half?: boolean;
}

function Label({ label, need }: Asked) {
  return (
    <span>
      {label} {need && <small>{t.required}</small>}
    </span>
  );
}

/** A line to write on, which may have printed content. */
function Line({ half, children, ...asked }: Asked & { children?: ReactNode }) {
  return (
    <p className={half ? "write half" : "write"}>
      <Label {...asked} /> {children}
    </p>
  );
}

/** A number of lines to write on. */
function Room({ lines, ...asked }: Asked & { lines: number }) {
  return (
    <>
      {asked.label && (
        <p>
          <Label {...asked} />
        </p>
      )}
      {Array.from({ length: lines }, (_, n) => (
        <p key={n} className="write" />
      ))}
    </>
  );
}

/** Boxes to tick. */
function Ticks({ of, half, ...asked }: Asked & { of: readonly { code: string; label: string }[] }) {
  return (
    <div className={half ? "squares half" : "squares"}>
      {asked.label && <Label {...asked} />}
      <ul className="ticks">
        {of.map(({ code, label }) => (
          <li key={code}>{label}</li>
        ))}
      </ul>
    </div>
  );
}
