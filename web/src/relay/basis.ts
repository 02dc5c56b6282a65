import type { Schemas } from "../api/client";

/** The version of the consent for a relay: the one in force, or else the newest, as the service would choose. */
export function basisOf(consents: readonly Schemas["ConsentResponse"][]): Schemas["ConsentResponse"] | undefined {
  const newest = consents.toSorted((a, b) => b.version - a.version);
  return newest.find(({ state }) => state === "effective") ?? newest[0];
}
