/** The differences between two bodies of a sheet, field by field. */

/** Whether a value was given: an empty text and an unticked box count as none, whether or not the form has drawn their field yet. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== "" && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
}

/** A body as paths and values; a list counts as one value. */
export function leaves(value: unknown, path = "", into = new Map<string, unknown>()): Map<string, unknown> {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) leaves(inner, path ? `${path}.${key}` : key, into);
  } else if (isGiven(value)) {
    into.set(path, value);
  }
  return into;
}

export function same(a: unknown, b: unknown): boolean {
  const given = (_: string, value: unknown): unknown => (isGiven(value) ? value : undefined);
  return JSON.stringify(a, given) === JSON.stringify(b, given);
}

/** The paths whose values differ. */
export function differing(a: Map<string, unknown>, b: Map<string, unknown>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => !same(a.get(path), b.get(path)));
}

/** One field that was changed here and elsewhere. */
export interface Conflict {
  path: string;
  mine: unknown;
  theirs: unknown;
}

/** Compares three bodies: changes that only the other side made are taken over; for fields that both changed, the clerk chooses. */
export function compare(base: unknown, mine: unknown, theirs: unknown): { take: Map<string, unknown>; conflicts: Conflict[] } {
  const [before, here, there] = [leaves(base), leaves(mine), leaves(theirs)];
  const take = new Map<string, unknown>();
  const conflicts: Conflict[] = [];
  for (const path of differing(before, there)) {
    const [mineNow, theirsNow] = [here.get(path), there.get(path)];
    if (same(mineNow, theirsNow)) continue;
    if (same(before.get(path), mineNow)) take.set(path, theirsNow);
    else conflicts.push({ path, mine: mineNow, theirs: theirsNow });
  }
  return { take, conflicts };
}
