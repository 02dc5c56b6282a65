/** The number of a sheet: an era, its fiscal year, a serial. */
const NUMBER = /^[A-Z]\d+-\d+$/;

/** The plain form of a typed number: it may have full width, small letters, blanks in and around it, and any hyphen or long mark. */
export function plainNumber(typed: string): string {
  return typed.normalize("NFKC").replaceAll(/\s/g, "").replaceAll(/[\u2010-\u2015\u2212\u30FC]/g, "-").toUpperCase();
}

export function isNumber(plain: string): boolean {
  return NUMBER.test(plain);
}
