/** The number of a sheet: an era, its fiscal year, a serial. */
const NUMBER = /^[A-Z]\d+-\d+$/;

/** A number however it was typed: full width, small letters, blanks around it. */
export function plainNumber(typed: string): string {
  return typed.normalize("NFKC").trim().toUpperCase();
}

export function isNumber(plain: string): boolean {
  return NUMBER.test(plain);
}
