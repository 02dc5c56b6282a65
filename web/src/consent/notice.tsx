import { Fragment } from "react";
import type { Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { day, today } from "../ui/wareki";

/** A version of the text that explains the sharing. */
export type Notice = Schemas["NoticeResponse"];
/** One wording of it: easy Japanese, furigana, another language. */
export type Variant = Schemas["VariantResponse"];

/** The version of the text that is in force on a day. */
export function inForce(notices: readonly Notice[] | undefined, on: string = today()): Notice | undefined {
  return notices
    ?.filter((one) => one.in_force_from <= on)
    .toSorted((a, b) => b.in_force_from.localeCompare(a.in_force_from) || b.version - a.version)[0];
}

/** The key of a variant in the form: its kind and language. */
export function keyOf({ kind, language }: Pick<Variant, "kind" | "language">): string {
  return `${kind} ${language}`;
}

/** The name of a variant. Other languages have their own name, so that a reader of the language finds it. */
export function useVariantName(): (variant: Pick<Variant, "kind" | "language">) => string {
  const { label } = useLabels();
  return ({ kind, language }) => {
    if (kind !== "other_language") return label("notice_variant", kind);
    const own = new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
    const here = new Intl.DisplayNames(["ja"], { type: "language" }).of(language) ?? language;
    return t.consent.language(own, here);
  };
}

/** A text whose furigana are written as `{漢字|かんじ}`. */
export function Ruby({ text }: { text: string }) {
  const pieces = text.split(/\{([^{}|]+)\|([^{}|]+)\}/);
  return pieces.map((piece, index) => {
    if (index % 3 === 2) return null;
    if (index % 3 === 0) return <Fragment key={index}>{piece}</Fragment>;
    return (
      <ruby key={index}>
        {piece}
        <rp>(</rp>
        <rt>{pieces[index + 1]}</rt>
        <rp>)</rp>
      </ruby>
    );
  });
}

/** The text as the resident reads it, large and plain. */
export function Told({ notice, variant }: { notice: Notice; variant: Variant }) {
  return (
    <>
      <article className={variant.kind === "furigana" ? "told ruby" : "told"} lang={variant.language}>
        <h3>
          <Ruby text={variant.title} />
        </h3>
        <p className="lines">
          <Ruby text={variant.body} />
        </p>
      </article>
      <p className="help">{t.consent.noticeFrom(day(notice.in_force_from))}</p>
    </>
  );
}
