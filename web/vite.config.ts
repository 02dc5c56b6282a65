import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin, runnerImport } from "vite";

const PLACE = '<div id="page"></div>';
const page = join(import.meta.dirname, "dist/page");

/** Writes `door.html`: the page with the log-in already on it, for whoever brings no session. */
function door(): Plugin {
  return {
    name: "door",
    apply: "build",
    async closeBundle() {
      const { module } = await runnerImport<typeof import("./src/door")>("./src/door.tsx");
      const [before, after] = (await readFile(join(page, "index.html"), "utf8")).split(PLACE);
      if (before === undefined || after === undefined) throw new Error(`index.html has not one ${PLACE}`);
      await writeFile(join(page, "door.html"), `${before}<div id="page">${module.door()}</div>${after}`);
    },
  };
}

/** Lays a `.br` and a `.gz` beside each file, so that the server never compresses. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async closeBundle() {
      const assets = join(page, "assets");
      for (const name of await readdir(assets)) {
        const body = await readFile(join(assets, name));
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        await writeFile(join(assets, `${name}.br`), brotliCompressSync(body, quality));
        await writeFile(join(assets, `${name}.gz`), gzipSync(body, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  build: {
    // The directory above it stays there, so that cargo can watch it before the page was ever built.
    outDir: "dist/page",
    emptyOutDir: true,
    // Nothing inline: the Content-Security-Policy allows none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // "use client" is for servers that render: there is none.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  plugins: [door(), compressed()],
  server: { proxy: { "/api": process.env.TSUNAGU_URL ?? "http://127.0.0.1:8080" } },
});
