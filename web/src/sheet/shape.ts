import type { Schemas } from "../api/client";
import { now } from "../api/clock";
import { digits } from "../ui/wareki";

type Content = Schemas["Content"];

/** A telephone number, and whether it may be used: yes, no, or (empty) not asked. */
interface PhoneForm extends Omit<Schemas["Phone"], "safe_to_call" | "safe_to_leave_message"> {
  safe_to_call: Answer;
  safe_to_leave_message: Answer;
}

type Answer = "yes" | "no" | "";

/** The form: the request with every text present (perhaps empty), and two answers for which the request has no field. */
export interface SheetForm extends Omit<Schemas["SheetRequest"], "state" | "content"> {
  /** Who came: `self` or `other`. */
  came: string;
  /** `none` when the clerk said that no risk applies. */
  no_risk: boolean;
  content: Omit<Content, "history" | "attachments" | "contact"> & { contact?: Omit<Schemas["Contact"], "phones"> & { phones?: PhoneForm[] } };
}

function answer(is: boolean | null | undefined): Answer {
  if (is === true) return "yes";
  return is === false ? "no" : "";
}

function isYes(given: Answer): boolean | undefined {
  return given === "" ? undefined : given === "yes";
}

const JAPAN = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Tokyo",
  dateStyle: "short",
  timeStyle: "short",
});

/** An instant in Japan as `2026-11-21T14:05`, which the browser's field needs. */
export function localTime(at: Date): string {
  return JAPAN.format(at).replace(" ", "T");
}

/** The instant of `2026-11-21T14:05` in Japan. */
export function instantOf(local: string): string {
  return `${local}:00+09:00`;
}

/** The form of a new sheet, in which the usual choices at a counter are made already. */
export function blank(at: Date): SheetForm {
  return {
    received_at: localTime(at),
    channel: "visit",
    route: "self_visit",
    urgency: "normal",
    address_secret: "none",
    came: "self",
    no_risk: false,
    visitor: { name: "", kana: "", phone: "", relation: "" },
    content: {
      identity: {},
      contact: { phones: [] },
      address: {},
      household: [],
      topics: { codes: [], main: "" },
      statement: {},
      life: {},
      arrears: { kinds: [] },
      health: {},
      risk: { flags: [] },
      opinion: {},
      third_party: [],
    },
  };
}

/** The form of a sheet that the service keeps. */
export function formOf(sheet: Schemas["SheetResponse"]): SheetForm {
  const empty = blank(now());
  const content = sheet.content ?? {};
  const merged = { ...empty.content, ...structuredClone(content) } as Content;
  // The service fills these.
  delete merged.history;
  delete merged.attachments;
  const phones = (merged.contact?.phones ?? []).map((phone) => ({
    ...phone,
    safe_to_call: answer(phone.safe_to_call),
    safe_to_leave_message: answer(phone.safe_to_leave_message),
  }));
  const kept: SheetForm["content"] = { ...merged, contact: { ...merged.contact, phones } };
  for (const [section, value] of Object.entries(kept)) {
    if (value === null) Object.assign(kept, { [section]: empty.content[section as keyof SheetForm["content"]] });
  }
  kept.household = (kept.household ?? []).map((member) => ({ ...member, own_consent: member.own_consent ?? "unknown" }));
  kept.topics = { ...kept.topics, codes: kept.topics?.codes ?? [], main: kept.topics?.main ?? "" };
  return {
    received_at: sheet.received_at ? localTime(new Date(sheet.received_at)) : "",
    channel: sheet.channel,
    route: sheet.route,
    urgency: sheet.urgency,
    address_secret: sheet.address_secret ?? "none",
    came: sheet.visitor ? "other" : "self",
    no_risk: content.risk?.flags?.length === 0,
    visitor: { name: "", kana: "", phone: "", relation: "", ...sheet.visitor },
    content: kept,
  };
}

/** The value without its empty parts: "", null, and objects and lists with nothing in them. */
function pruned(value: unknown): unknown {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (Array.isArray(value)) {
    const rows = value.map(pruned).filter((row) => row !== undefined);
    return rows.length > 0 ? rows : undefined;
  }
  if (value !== null && typeof value === "object") {
    const kept = Object.entries(value)
      .map(([key, inner]) => [key, pruned(inner)] as const)
      .filter(([, inner]) => inner !== undefined);
    return kept.length > 0 ? Object.fromEntries(kept) : undefined;
  }
  return value ?? undefined;
}

/** Whether a row was added and left alone: it holds nothing but the answers yes and no, and chosen values. */
function untouched(row: object, chosen: string[]): boolean {
  return Object.entries(row).every(([key, value]) => chosen.includes(key) || value === "" || value === null || value === undefined || value === false);
}

/** The request of what is in the form. */
export function requestOf(form: SheetForm, state: Schemas["Save"]): Schemas["SheetRequest"] {
  const { came, no_risk, received_at, visitor, ...rest } = form;
  const { contact, ...source } = structuredClone(rest.content);
  const phones = contact?.phones
    ?.filter((row) => !untouched(row, ["kind", "safe_to_call", "safe_to_leave_message"]))
    .map((row) => ({ ...row, safe_to_call: isYes(row.safe_to_call), safe_to_leave_message: isYes(row.safe_to_leave_message) }));
  if (source.household) source.household = source.household.filter((row) => !untouched(row, ["lives_together", "own_consent"]));
  if (source.third_party) source.third_party = source.third_party.filter((row) => !untouched(row, []));
  if (source.address && !source.address.no_fixed_abode) delete source.address.no_fixed_abode;
  // The code may be saved while it is still being typed, before the field tidies it.
  if (source.address?.postal_code) source.address.postal_code = digits(source.address.postal_code);
  if (source.identity && !source.identity.interpreter) delete source.identity.interpreter;
  const content = (pruned({ ...source, contact: { ...contact, phones } }) ?? {}) as Content;
  const flags = form.content.risk?.flags ?? [];
  if (no_risk || flags.length > 0) content.risk = { ...content.risk, flags: no_risk ? [] : flags };
  // A missing list is not the same as an empty one, but for topics only its content counts.
  if (content.topics && !content.topics.codes) content.topics.codes = [];
  const head = pruned({ ...rest, content: undefined }) as Partial<Schemas["SheetRequest"]>;
  return {
    ...head,
    state,
    content,
    ...(received_at ? { received_at: instantOf(received_at) } : {}),
    visitor: came === "other" ? ((pruned(visitor) ?? {}) as Schemas["VisitorRequest"]) : null,
  };
}

/** The same request without the values that the service refused, so that all others are saved. */
export function without(body: Schemas["SheetRequest"], pointers: string[]): Schemas["SheetRequest"] {
  const copy = structuredClone(body);
  // The last pointers come first, so that the places of earlier rows stay valid.
  for (const pointer of pointers.toSorted().toReversed()) {
    const path = pointer.slice(1).split("/");
    const key = path.pop() ?? "";
    let place: unknown = copy;
    let list: { rows: unknown[]; index: number } | undefined;
    for (const step of path) {
      if (Array.isArray(place)) list = { rows: place, index: Number(step) };
      place = (place as Record<string, unknown> | undefined)?.[step];
    }
    // A row needs all its fields, so the whole row is left out.
    if (list) list.rows.splice(list.index, 1);
    else if (Array.isArray(place)) place.splice(Number(key), 1);
    else if (place && typeof place === "object") delete (place as Record<string, unknown>)[key];
  }
  return copy;
}
