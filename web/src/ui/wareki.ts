/** 和暦 and 西暦: Intl formats them, and this file parses them. */

import { now } from "../api/clock";
import { t } from "../texts";

/** Each era with the Gregorian year before its first year, and its first day. */
export const ERAS = [
  { code: "R", name: "令和", offset: 2018, from: "2019-05-01" },
  { code: "H", name: "平成", offset: 1988, from: "1989-01-08" },
  { code: "S", name: "昭和", offset: 1925, from: "1926-12-25" },
  { code: "T", name: "大正", offset: 1911, from: "1912-07-30" },
  { code: "M", name: "明治", offset: 1867, from: "1868-01-25" },
] as const;

/** Formats instants in the Japanese way. The formatter is made when it is first needed: three of them would delay the log-in by 50 ms. */
function inJapan(locale: string, options: Intl.DateTimeFormatOptions): (at: Date) => string {
  let format: Intl.DateTimeFormat | undefined;
  return (at) => (format ??= new Intl.DateTimeFormat(locale, { ...options, timeZone: "Asia/Tokyo" })).format(at);
}

const DAY = inJapan("ja-JP-u-ca-japanese", { era: "long", year: "numeric", month: "long", day: "numeric", weekday: "short" });
const TIME = inJapan("ja-JP", { hour: "2-digit", minute: "2-digit" });
const ISO = inJapan("sv-SE", {});

/** A day `2026-11-21` or an instant as 令和8年11月21日(土); before 明治, where no era here fits, as 西暦49年4月1日. */
export function day(value: string | null | undefined): string {
  if (!value) return "";
  const at = new Date(value.length === 10 ? `${value}T12:00:00+09:00` : value);
  const iso = value.length === 10 ? value : ISO(at);
  if (iso >= "1868-01-25") return DAY(at);
  const [year, month, dayOfMonth] = iso.split("-").map(Number);
  return `西暦${year}年${month}月${dayOfMonth}日`;
}

/** R8.11.21: a day in a row of a list, where the whole would need a second line. */
export function short(value: string | null | undefined): string {
  if (!value) return "";
  const iso = value.length === 10 ? value : ISO(new Date(value));
  const { era, year, month, day: dayOfMonth } = partsOf(iso);
  return `${era}${year}.${month}.${dayOfMonth}`;
}

/** 令和8年11月21日(土) 14:05 */
export function instant(value: string | null | undefined): string {
  return value ? `${day(value)} ${TIME(new Date(value))}` : "";
}

/** The present day in Japan, as `2026-11-21`. */
export function today(): string {
  return ISO(now());
}

/** Half-width digits, without the marks that people put between them. */
export function digits(text: string): string {
  return text.normalize("NFKC").replaceAll(/[^0-9]/g, "");
}

/** Whether a form's value is a date, and not an unfinished one. */
export function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value);
}

/** Era letter (empty before 明治), year, month and day of `1986-04-01`. */
function partsOf(iso: string): { era: string; year: number; month: number; day: number } {
  const [year = 0, month = 0, dayOfMonth = 0] = iso.split("-").map(Number);
  const era = ERAS.find(({ from }) => iso >= from);
  return { era: era?.code ?? "", year: year - (era?.offset ?? 0), month, day: dayOfMonth };
}

/** How exactly a date is known. */
export type Precision = "day" | "month" | "year";

/** A date as it was understood: what is not known is the first month and day. */
export interface Read {
  iso: string;
  precision: Precision;
}

const UNSURE = "(?:生まれ|生|頃|ごろ|ころ|くらい|ぐらい)*";
const AGE = new RegExp(`^(\\d{1,3})[歳才]${UNSURE}$`);
const WRITTEN = new RegExp(`^(西暦|令和?|平成?|昭和?|大正?|明治?|[RHSTMrhstm])?(\\d{1,4})(?:(?:年|[./-](?=\\d))(?:(\\d{1,2})(?:(?:月|[./-](?=\\d))(?:(\\d{1,2})日?)?)?)?)?${UNSURE}$`);

/** The parts of a written date, whether or not there is such a day. A bare year of one or two digits is of the `usual` era, or nothing. */
function partsIn(text: string, usual: string): { year: number; month?: number; day?: number; era?: (typeof ERAS)[number] } | undefined {
  const plain = text.normalize("NFKC").replaceAll(/\s/g, "").replaceAll(/[\u2010-\u2015\u2212\u30FC]/g, "-").replace(/元(?=[年./-]|$)/, "1");
  const digitsOnly = /^(\d{4})(\d{2})(\d{2})$/.exec(plain);
  const found = digitsOnly ? ["", "", ...digitsOnly.slice(1)] : WRITTEN.exec(plain);
  if (!found) return undefined;
  const [, mark = "", year = "", month, dayOfMonth] = found;
  const code = mark || year.length > 3 ? mark : (month && dayOfMonth && usual) || undefined;
  if (code === undefined) return undefined;
  const era = code && code !== "西暦" ? ERAS.find((one) => one.code === code.toUpperCase() || one.name.startsWith(code)) : undefined;
  if (code && code !== "西暦" && !era) return undefined;
  return { year: Number(year) + (era?.offset ?? 0), month: month ? Number(month) : undefined, day: dayOfMonth ? Number(dayOfMonth) : undefined, era };
}

/** Whether the text is written as a whole date, but there is no such day. */
export function isNoDay(text: string, usual = "R"): boolean {
  return partsIn(text, usual)?.day !== undefined && read(text, usual) === undefined;
}

/**
 * Reads a date as people write it: 昭和24年5月13日, 昭24.5.13, S24.5.13, 1949-05-13, 19490513; of a birth also 昭和24年5月, 昭和24年, 1949,
 * and 50歳くらい, which counts from today.
 */
export function read(text: string, usual = "R"): Read | undefined {
  const age = AGE.exec(text.normalize("NFKC").replaceAll(/\s/g, ""));
  if (age) return { iso: `${Number(today().slice(0, 4)) - Number(age[1])}-01-01`, precision: "year" };
  const parts = partsIn(text, usual);
  if (!parts) return undefined;
  const iso = [String(parts.year).padStart(4, "0"), ...[parts.month ?? 1, parts.day ?? 1].map((n) => String(n).padStart(2, "0"))].join("-");
  const at = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== iso) return undefined;
  const precision = parts.day ? "day" : parts.month ? "month" : "year";
  // A year or a month counts to an era that has some of its days.
  const last = precision === "day" ? iso : `${iso.slice(0, precision === "year" ? 4 : 7)}-${precision === "year" ? "12-31" : "31"}`;
  const { era } = parts;
  const later = era && ERAS[ERAS.indexOf(era) - 1];
  if (era && (last < era.from || (later && iso >= later.from))) return undefined;
  return { iso, precision };
}

/** 昭和24年5月13日, as exactly as it is known: without a weekday, which nobody asks of a birth. */
function written(iso: string, precision: string | null | undefined): string {
  const { era, year, month, day: dayOfMonth } = partsOf(iso);
  const name = ERAS.find(({ code }) => code === era)?.name ?? "西暦";
  const shown = `${name}${era && year === 1 ? "元" : year}年`;
  if (precision === "year") return shown;
  return precision === "month" ? `${shown}${month}月` : `${shown}${month}月${dayOfMonth}日`;
}

/** A form's value from {@link read} as a text that is read as the same date; a text that is no date stays. */
export function textOf(value: string, precision?: string | null): string {
  return isDate(value) ? written(value, precision) : value;
}

/** A day of birth as exactly as it is known: 昭和24年5月13日; with `more`, the year in 西暦 and the age today are said with it. */
export function birth(iso: string | null | undefined, precision?: string | null, more = false): string {
  if (!iso) return "";
  const text = written(iso, precision);
  if (!more) return text;
  const [now, born] = [today(), iso];
  const age = Number(now.slice(0, 4)) - Number(born.slice(0, 4)) - (now.slice(5) < born.slice(5) ? 1 : 0);
  const exact = !precision || precision === "day";
  return t.date.born(text, Number(born.slice(0, 4)), exact ? t.who.age(age) : t.who.about(age));
}
