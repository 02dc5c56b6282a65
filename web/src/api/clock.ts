/** How far the service's clock is ahead of this computer's, in milliseconds; too small by at most a second and the answer's travel time. */
let ahead = 0;

/** Notes the time of the service: the clock of a counter's computer may be wrong by minutes. */
export function hear(answer: Response): void {
  const at = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(at)) ahead = at - Date.now();
}

/** The present instant by the service's clock, or by this computer's before the first answer. */
export function now(): Date {
  return new Date(Date.now() + ahead);
}
