import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { staffOf, useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { t } from "../texts";

type Label = Schemas["SheetLabel"] | null | undefined;

const joined = (one: string | null | undefined, other: string | null | undefined): string => [one, other].filter(Boolean).join(" ");

/** Whom a sheet is about, as far as the service shows it to this reader: name, kana and age. */
export function Who({ label }: { label: Label }) {
  const person = label?.person;
  if (!person) return <span className="unopened">{t.who.unopened}</span>;
  const kana = joined(person.kana_family, person.kana_given);
  const name = joined(person.family_name, person.given_name);
  return (
    <span className="who-is">
      <span className="name">{name || kana || t.who.nameless}</span>
      {name && kana && <span className="kana">{kana}</span>}
      {typeof person.age === "number" && <span className="age">{person.age_is_about ? t.who.about(person.age) : t.who.age(person.age)}</span>}
    </span>
  );
}

/** The main topic of a sheet in words. */
export function MainTopic({ label }: { label: Label }) {
  const { label: name } = useLabels();
  return <>{name("topics", label?.main_topic)}</>;
}

/** Under the heading of a screen: whom it is about. */
export function About({ label }: { label: Label }) {
  return (
    <p className="about">
      <Who label={label} />
      {label?.main_topic && (
        <span className="main-topic">
          <MainTopic label={label} />
        </span>
      )}
    </p>
  );
}

/** Those who work in one's own agency, and the names of those who work or worked there by id. */
export function useColleagues(): { all: readonly Schemas["StaffResponse"][]; name: (id: string | null | undefined) => string } {
  const { post } = useSession();
  const { data } = useQuery(staffOf(post.agency_id));
  const all = (data?.items ?? []).filter(({ posts }) => posts.some((one) => one.agency_id === post.agency_id && !one.ended_at));
  const name = (id: string | null | undefined): string => {
    if (!id || !data) return "";
    const here = all.find((one) => one.id === id);
    if (here) return here.name;
    const gone = data.items.find((one) => one.id === id)?.name;
    return gone ? `${gone}(${t.who.gone})` : t.who.gone;
  };
  return { all, name };
}
