// Prints the licence of every package that is part of the page, and fails for one that may not be.
import { readFileSync } from "node:fs";

const FREE = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Unlicense"]);
const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
const part = Object.entries(packages).filter(([path, about]) => path && !about.dev && !about.devOptional && !about.optional);
for (const [path, about] of part) {
  process.stdout.write(`${about.license}\t${path.replace(/^.*node_modules\//, "")} ${about.version}\n`);
}
const others = part.filter(([, about]) => !FREE.has(about.license));
if (others.length > 0) {
  process.stderr.write(`not free to use: ${others.map(([path]) => path).join(", ")}\n`);
  process.exit(1);
}
