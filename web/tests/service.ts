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
/** What people choose who come in by an invitation. */
export const CHOSEN = "kasa-no-naka no neko 7";
/** The passwords of those who have chosen one. */
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

  /** Starts it, the second time at the same address. */
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

/** What a browser complained about, or asked of others: each test demands that there is nothing. */
export class Watch {
  readonly said: string[] = [];
  /** Every body and text that reached the browser, for searching. */
  readonly bodies: string[] = [];
  /** Complaints of the network that a test brings about itself. */
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
      // That nobody is logged in yet is the only thing that a browser complains about by itself.
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

/** Fills the log-in that is shown, on the page or in a dialog over it. */
export async function enter(where: Page | Locator, who: string): Promise<void> {
  await where.getByLabel("ログイン名").fill(who);
  await where.getByLabel("パスワード").fill(chosen.get(who) ?? PASSWORD);
  await where.getByRole("button", { name: "ログインする" }).click();
  await expect(where.getByLabel("ログイン名")).toHaveCount(0);
  const page = "goto" in where ? where : where.page();
  await expect(page.getByRole("button", { name: "ログアウト" }).first()).toBeVisible();
}

/** After the administrator has added a person: the code is handed over, another person confirms the posts, the person chooses a password. */
export async function comeIn(login: Fixtures["login"], admin: Page, name: string, who: string, agency: string): Promise<void> {
  const shown = admin.getByRole("dialog", { name: `${name}さんのコード` });
  const code = await shown.locator("strong").innerText();
  await shown.getByRole("button", { name: "閉じる" }).click();
  const { page, watch } = await login("hogo");
  watch.expected = /status of 401/;
  await page.getByRole("button", { name: "ログアウト" }).click();
  await setPassword(page, who, code);
  // Only now: whoever gave out the code could have used it, so another person says that it was its owner.
  await confirmPosts(login, name, agency);
}

/** Another person than the administrator confirms every post of a person that waits. */
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

/** Another person than who asked confirms what an agency may be told: a new one, a class or an agreement. */
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

/** WCAG 2.2 A and AA by axe: nothing may be found. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (o: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const result = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`);
  });
  expect(found).toEqual([]);
}

/** Nothing sticks out sideways. */
export async function fits(page: Page): Promise<void> {
  const wide = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  // A scrollbar that goes takes a frame.
  await expect.poll(wide).toBeLessThanOrEqual(0);
}

/** A screen at every width: it fits, is accessible, and its targets are 44 px high. With SHOTS a picture of each is kept. */
export async function look(page: Page, name: string): Promise<void> {
  await expect(page.getByText("読み込んでいます…")).toHaveCount(0);
  for (const width of [1280, 768, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await fits(page);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await accessible(page);
  // 44 px each way, but for links within a text (WCAG 2.5.8 leaves those out).
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, input:not([type=checkbox],[type=radio]), summary, label.choice, nav a, .button")]
      .filter((one) => one instanceof HTMLElement && one.checkVisibility() && !one.closest(".skip"))
      .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height] as const)
      .filter(([, height]) => height < 43.9),
  );
  expect(small).toEqual([]);
}

export { expect } from "@playwright/test";
