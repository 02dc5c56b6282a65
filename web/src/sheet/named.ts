import { t } from "../texts";
import { LIMITS } from "./limits";

const f = t.sheet.fields as Record<string, string>;

/** A path without row numbers: rows share what is said of their list. */
export function plain(path: string): string {
  return path.replaceAll(/\.\d+(?=\.|$)/g, "");
}

/** Name and label of a field by its path. */
export function name(path: string): { name: string; label: string } {
  return { name: path, label: f[plain(path)] ?? path };
}

/** The same for a field of text, with its limit. */
export function textName(path: string): { name: string; label: string; limit: number | undefined } {
  return { ...name(path), limit: LIMITS[plain(path)] };
}
