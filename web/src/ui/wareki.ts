/** 和暦 and 西暦: Intl formats them, and this file parses them. */

import { now } from "../api/clock";

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

/** What the fields of a date hold. */
export interface DateParts {
  era: string;
  year: string;
  month: string;
  day: string;
}

/** `1986-04-01` for S 61 4 1, or undefined if that is no day of the era. An empty era means 西暦. */
export function isoOf({ era, year, month, day: dayOfMonth }: DateParts): string | undefined {
  const found = ERAS.find(({ code }) => code === era);
  const plain = year.normalize("NFKC").trim() === "元" ? "1" : digits(year);
  const [m, d] = [digits(month), digits(dayOfMonth)];
  if (!plain || !m || !d) return undefined;
  const gregorian = Number(plain) + (found?.offset ?? 0);
  const iso = `${String(gregorian).padStart(4, "0")}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
  const at = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== iso) return undefined;
  const later = ERAS[ERAS.findIndex(({ code }) => code === era) - 1];
  const within = !found || (iso >= found.from && (!later || iso < later.from));
  return within ? iso : undefined;
}

/** The form's value for the fields of a date: `1986-04-01`, nothing, or the typed text so far, which the service refuses as a date. */
export function valueOf(parts: DateParts): string {
  const { era, year, month, day: dayOfMonth } = parts;
  return isoOf(parts) ?? (year || month || dayOfMonth ? `${era} ${year}/${month}/${dayOfMonth}` : "");
}

/** Whether a form's value is a date, and not an unfinished one. */
export function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value);
}

/** The fields of a value from {@link valueOf}: a date in its era; without a date, the `usual` era. */
export function partsOf(value: string | null | undefined, usual = "R"): DateParts {
  if (!value) return { era: usual, year: "", month: "", day: "" };
  const [, typed, ...fields] = /^([A-Z]?) (.*)\/(.*)\/(.*)$/.exec(value) ?? [];
  if (typed !== undefined) return { era: typed, year: fields[0] ?? "", month: fields[1] ?? "", day: fields[2] ?? "" };
  const iso = value;
  const [year = "", month = "", dayOfMonth = ""] = iso.split("-");
  const era = ERAS.find(({ from }) => iso >= from);
  const shown = Number(year) - (era?.offset ?? 0);
  return { era: era?.code ?? "", year: String(shown), month: String(Number(month)), day: String(Number(dayOfMonth)) };
}

/** Reads a whole date that was pasted: S61.4.1, 昭和61年4月1日, 令和元年5月1日, 1986/4/1, 19860401. */
export function read(text: string): DateParts | undefined {
  const plain = text.normalize("NFKC").replaceAll(/\s/g, "").replace("元年", "1年");
  const whole = /^(\d{4})(\d{2})(\d{2})$/.exec(plain);
  const found = whole
    ? ["", "", ...whole.slice(1)]
    : /^([A-Za-z]|令和|平成|昭和|大正|明治)?(\d{1,4})[年./-](\d{1,2})[月./-](\d{1,2})日?$/.exec(plain);
  if (!found) return undefined;
  const [, mark = "", year = "", month = "", dayOfMonth = ""] = found;
  const era = ERAS.find(({ code, name }) => name === mark || code === mark.toUpperCase());
  if (mark && !era) return undefined;
  return { era: era?.code ?? "", year, month, day: dayOfMonth };
}
