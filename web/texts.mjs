// Fails when a text of the page stands outside src/texts: another language must find all of them there.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Eras and the letters of dates are read from what people type, whatever language the page speaks. */
const READERS = new Set(["src/ui/wareki.ts", "src/ui/date.tsx", "src/sheet/parts.tsx", "src/ui/kana.ts", "src/api/schema.ts"]);
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;
const wrong = [];
for (const name of readdirSync("src", { recursive: true })) {
  const path = join("src", name);
  if (!/\.tsx?$/.test(path) || path.startsWith("src/texts/") || READERS.has(path)) continue;
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (JAPANESE.test(line) && !/^\s*(\*|\/\*|\/\/)/.test(line)) wrong.push(`${path}:${index + 1}`);
  }
}
if (wrong.length > 0) {
  process.stderr.write(`texts outside src/texts: ${wrong.join(", ")}\n`);
  process.exit(1);
}
