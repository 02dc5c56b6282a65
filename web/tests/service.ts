import { test as base, type BrowserContext, expect, type Locator, type Page } from "@playwright/test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BINARY = process.env.TSUNAGU ?? join(import.meta.dirname, "../../target/debug/tsunagu");
const PASSWORD = "tsunagu-demo";
/** The password that invited people choose. */
export const CHOSEN = "kasa-no-naka no neko 7";
/** The passwords of people who have chosen one, by login. */
export const chosen = new Map<string, string>();

/** The program with a fresh demonstration, in a directory of its own. */
export class Service {
  url = "";
  #process: ChildProcess | undefined;
  readonly #directory = mkdtempSync(join(tmpdir(), "tsunagu-page-"));

  constructor() {
    execFileSync(BINARY, ["demo"], { cwd: this.#directory, env: this.#environment("127.0.0.1:0") });
  }

  #environment(listen: string): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, TSUNAGU_LISTEN: listen };
  }

  /** Starts the service; a second start uses the same address. */
  async start(): Promise<void> {
    const listen = this.url.replace("http://", "") || "127.0.0.1:0";
    const started = spawn(BINARY, ["serve"], {
      cwd: this.#directory,
      env: this.#environment(listen),
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#process = started;
    for await (const line of createInterface({ input: started.stdout })) {
      const found = /^listening on (http:\S+)$/.exec(line);
      if (found?.[1]) {
        this.url = found[1];
        break;
      }
    }
    started.stdout.resume();
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running && running.exitCode === null) {
      const gone = once(running, "exit");
      running.kill("SIGTERM");
      await gone;
    }
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The complaints of a browser, and its requests to other servers: each test demands that there are none. */
export class Watch {
  readonly said: string[] = [];
  /** Every body and text that reached the browser, for searching. */
  readonly bodies: string[] = [];
  /** Network errors that the test itself causes. */
  expected: RegExp = /^$/;

  constructor(context: BrowserContext, own: string) {
    context.on("console", (message) => this.#note(`${message.type()}: ${message.text()} ${message.location().url}`));
    context.on("weberror", (error) => this.#note(`error: ${error.error().message}`));
    context.on("request", (request) => {
      if (!request.url().startsWith(own) && !/^(blob|data):/.test(request.url())) this.#note(`asked ${request.url()}`);
    });
    context.on("response", (response) => {
      if (response.url().includes("/api/")) {
        void response.text().then(
          (text) => this.bodies.push(text),
          () => undefined,
        );
      }
    });
  }

  #note(what: string): void {
    if (!this.expected.test(what)) this.said.push(what);
  }
}

interface Desk {
  page: Page;
  watch: Watch;
}

interface Fixtures {
  /** Opens a browser of its own and logs a person in. */
  login: (who: string, options?: Parameters<import("@playwright/test").Browser["newContext"]>[0]) => Promise<Desk>;
}

export const test = base.extend<Fixtures, { service: Service }>({
  service: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, give) => {
      const service = new Service();
      await service.start();
      await give(service);
      await service.end();
    },
    { scope: "worker" },
  ],
  login: async ({ browser, service }, give) => {
    const opened: { context: BrowserContext; watch: Watch }[] = [];
    await give(async (who, options = {}) => {
      const context = await browser.newContext({ baseURL: service.url, ...options });
      const watch = new Watch(context, service.url);
      // The 401 while nobody is logged in is the only error that a browser reports without a test's doing.
      watch.expected = /status of 401/;
      opened.push({ context, watch });
      const page = await context.newPage();
      await page.goto("/");
      await enter(page, who);
      watch.expected = /^$/;
      return { page, watch };
    });
    for (const { context, watch } of opened) {
      await context.close();
      expect(watch.said).toEqual([]);
    }
  },
});

/** Fills in the log-in, on the page or in a dialog over it. */
export async function enter(where: Page | Locator, who: string): Promise<void> {
  await where.getByLabel("ログイン名").fill(who);
  await where.getByLabel("パスワード").fill(chosen.get(who) ?? PASSWORD);
  await where.getByRole("button", { name: "ログインする" }).click();
  await expect(where.getByLabel("ログイン名")).toHaveCount(0);
  const page = "goto" in where ? where : where.page();
  // On a narrow screen it is behind the menu.
  await expect(page.getByRole("button", { name: "ログアウト" }).or(page.getByRole("button", { name: "メニュー" })).first()).toBeVisible();
}

/** Lets a person in whom the administrator has added: the code is handed over, the person chooses a password, another person confirms the posts. */
export async function comeIn(login: Fixtures["login"], admin: Page, name: string, who: string, agency: string): Promise<void> {
  const shown = admin.getByRole("dialog", { name: `${name}さんのコード` });
  const code = await shown.locator("strong").innerText();
  await shown.getByRole("button", { name: "閉じる" }).click();
  const { page, watch } = await login("hogo");
  watch.expected = /status of 401/;
  await page.getByRole("button", { name: "ログアウト" }).click();
  await setPassword(page, who, code);
  // This comes last: the person who gave out the code could have used it, so another person confirms that its owner did.
  await confirmPosts(login, name, agency);
}

/** A person other than the administrator confirms all waiting posts of a person. */
export async function confirmPosts(login: Fixtures["login"], name: string, agency: string): Promise<void> {
  const { page } = await login("hogo");
  await page.getByRole("link", { name: "職員" }).click();
  await page.getByLabel("機関").selectOption({ label: agency });
  const waiting = page.getByRole("row", { name: new RegExp(name) }).getByRole("button", { name: /さんの職を確認する/ });
  await expect(waiting.first()).toBeVisible();
  for (let left = await waiting.count(); left > 0; left -= 1) {
    await waiting.first().click();
    await page.getByRole("dialog").getByRole("button", { name: "職を確認する" }).click();
    await expect(waiting).toHaveCount(left - 1);
  }
}

/** A person other than the one who asked confirms the change of an agency: a new one, a class or an agreement. */
export async function confirmAgency(login: Fixtures["login"], name: string): Promise<void> {
  const { page } = await login("hogo");
  await page.goto("/agencies");
  await page.getByRole("row", { name: new RegExp(name) }).getByRole("button", { name: "確認する", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "確認する", exact: true }).click();
  await expect(page.getByText("確認しました。")).toBeVisible();
}

/** At the log-in, a person chooses a password with a code. */
export async function setPassword(page: Page, who: string, code: string): Promise<void> {
  await page.getByRole("button", { name: /コードをお持ちの方/ }).click();
  await page.getByLabel("ログイン名").fill(who);
  await page.getByLabel("コード").fill(code.toLowerCase());
  await page.getByLabel("新しいパスワード").fill(CHOSEN);
  await page.getByRole("button", { name: "このパスワードにする" }).click();
  await expect(page.getByText("パスワードを決めました。")).toBeVisible();
  chosen.set(who, CHOSEN);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Demands that axe finds nothing against WCAG 2.2 A and AA. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (o: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const result = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`);
  });
  expect(found).toEqual([]);
}

/** Demands that nothing is wider than the window. */
export async function fits(page: Page): Promise<void> {
  const wide = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  // A disappearing scrollbar takes one frame.
  await expect.poll(wide).toBeLessThanOrEqual(0);
}

/** Checks a screen at every width: it fits, is accessible, and its targets are 44 px high. With SHOTS it keeps a picture of each. */
export async function look(page: Page, name: string): Promise<void> {
  await expect(page.getByText("読み込んでいます…")).toHaveCount(0);
  for (const width of [1280, 768, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await fits(page);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await accessible(page);
  // Targets have 44 px each way, except links within a text (WCAG 2.5.8 leaves those out).
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, input:not([type=checkbox],[type=radio]), summary, label.choice, nav a, .button")]
      .filter((one) => one instanceof HTMLElement && one.checkVisibility() && !one.closest(".skip"))
      .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height] as const)
      .filter(([, height]) => height < 43.9),
  );
  expect(small).toEqual([]);
}

export { expect } from "@playwright/test";
