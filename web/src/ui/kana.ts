/** Hiragana as katakana. */
export function katakana(text: string): string {
  return text.replaceAll(/[ぁ-ゖ]/g, (c) => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0x60));
}

/** Whether the searched text stands in the name or in its reading, whichever kana it was typed in. */
export function isNamed({ name, kana }: { name: string; kana: string }, sought: string): boolean {
  const plain = sought.normalize("NFKC").trim();
  return name.includes(plain) || kana.includes(katakana(plain));
}
