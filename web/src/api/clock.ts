/** By how much the service's clock is ahead of this computer's, in milliseconds; at most a second and the way of the answer too little. */
let ahead = 0;

/** Notes what the service says the time is: the clock of a counter's computer may be wrong by minutes. */
export function hear(answer: Response): void {
  const at = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(at)) ahead = at - Date.now();
}

/** The present instant by the service's clock; before its first answer by this computer's. */
export function now(): Date {
  return new Date(Date.now() + ahead);
}
