import createClient from "openapi-fetch";
import { t } from "../texts";
import { hear } from "./clock";
import type { components, paths } from "./schema";

/** The shapes of openapi.yaml by name. */
export type Schemas = components["schemas"];

/** A refusal of the service, in its own words (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  /** The name after `urn:tsunagu:problem:`. */
  readonly kind: string;
  readonly errors: Schemas["FieldError"][];
  readonly refusals: Schemas["RefusedClause"][];

  constructor(document: Partial<Schemas["ProblemDocument"]>, status: number) {
    // Only the operator can help with a 500, or with what somebody else has written, so the text has a number for the operator.
    const isOperators = status === 500 || (document.type ?? "").endsWith(":state-diverged");
    super(isOperators && document.trace_id ? t.traced(document.detail ?? "", document.trace_id) : (document.detail ?? ""));
    this.status = status;
    this.kind = (document.type ?? "").replace("urn:tsunagu:problem:", "");
    this.errors = document.errors ?? [];
    this.refusals = document.refusals ?? [];
  }
}

/** What the client needs from the holder of the session. */
interface Keeper {
  /** The token that every change must carry. */
  csrf: () => string | undefined;
  /** Called when the session is gone: resolves when the same person has logged in again. */
  restore: () => Promise<void>;
  /** Called when an answer came: the session is prolonged from here. */
  alive: () => void;
  /** Called with whether the service is reached. */
  reached: (is: boolean) => void;
}

let keeper: Keeper | undefined;

/** Sets the holder of the session. */
export function keepSession(by: Keeper): void {
  keeper = by;
}

/** The number of attempts, about two minutes, after which the caller gets the failure. */
const ATTEMPTS = 30;
const PAUSE_MS = 4_000;

/** Whether the service, or a proxy before it, is away for a moment. A refusal of the service itself that names no time will not pass by waiting. */
function isAway(answer: Response): boolean {
  const said = answer.headers.get("content-type") ?? "";
  return answer.status === 503 && (answer.headers.has("retry-after") || !said.startsWith("application/problem+json"));
}

/** Sends the same request, under the same Idempotency-Key, until the service answers. */
async function send(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(request.clone());
      hear(answer);
      if (!isAway(answer) || attempt >= ATTEMPTS) {
        keeper?.reached(true);
        return answer;
      }
    } catch (error) {
      if (request.signal.aborted || attempt >= ATTEMPTS) throw error;
    }
    keeper?.reached(false);
    await new Promise((resume) => {
      setTimeout(resume, Math.min(PAUSE_MS, 250 * 2 ** attempt));
    });
  }
}

async function withSession(request: Request): Promise<Response> {
  const carry = (): Request => {
    const token = keeper?.csrf();
    const sent = request.clone();
    if (token && request.method !== "GET") sent.headers.set("X-CSRF-Token", token);
    return sent;
  };
  const answer = await send(carry());
  const { pathname } = new URL(request.url);
  const atDoor = pathname === "/api/v1/session" || (pathname === "/api/v1/session/password" && request.method === "POST");
  if (answer.status === 401 && !atDoor && keeper) {
    await keeper.restore();
    return send(carry());
  }
  if (answer.ok) keeper?.alive();
  return answer;
}

/** The calls of openapi.yaml, typed by it. */
export const api = createClient<paths>({ fetch: withSession });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer; a refusal is thrown as a {@link Problem}. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new Problem((error ?? {}) as Partial<Schemas["ProblemDocument"]>, response.status);
  return (data ?? {}) as NonNullable<T>;
}

/** A fresh key: a request that is sent again after a lost answer takes effect once. (`randomUUID` needs TLS, this does not.) */
export function once(): { "Idempotency-Key": string } {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { "Idempotency-Key": Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** The header with the revision that a change is based on. */
export function match(revision: number): { "If-Match": string } {
  return { "If-Match": `"${revision}"` };
}

/** The parameters of a request that changes a thing: its id, the revision that was seen, and a fresh key. */
export function change(thing: { id: string; revision: number }): { path: { id: string }; header: ReturnType<typeof once> & ReturnType<typeof match> } {
  return { path: { id: thing.id }, header: { ...once(), ...match(thing.revision) } };
}
