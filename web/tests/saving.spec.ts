import type { Page } from "@playwright/test";
import { expect, test } from "./service";
import { begin, confirmed, register, saved, tick } from "./sheet";

const SHEETS = "**/api/v1/sheets{,/*}";

/** Opens a new sheet whose clock the test sets, so that the test never waits for real time. */
async function atClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("本人の言葉・相談内容")).toBeVisible();
}

interface Kept {
  state: string;
  number: string | null;
  content: { statement?: { subject_words?: string } };
}

/** What the service keeps of the sheet under this address. */
async function kept(page: Page): Promise<Kept> {
  const id = page.url().split("/").pop() ?? "";
  return page.evaluate(async (sheet) => (await (await fetch(`/api/v1/sheets/${sheet}`)).json()) as Kept, id);
}

async function words(page: Page): Promise<string> {
  return (await kept(page)).content.statement?.subject_words ?? "";
}

test("a draft is saved though it was tried to register within a second of the last key", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await atClock(page);
  const text = page.getByLabel("本人の言葉・相談内容");
  await text.fill("家賃が払えない。");
  await confirmed(page);
  await expect(page.getByRole("alert").filter({ hasText: "直してください" })).toBeFocused();
  await page.clock.runFor(1_500);
  await saved(page);
  expect(await words(page)).toBe("家賃が払えない。");
  // The same once more, when the sheet is a draft already.
  await text.fill("家賃と税金が払えない。");
  await confirmed(page);
  await expect(page.getByRole("alert").filter({ hasText: "直してください" })).toBeFocused();
  await page.clock.runFor(1_500);
  await saved(page);
  expect(await words(page)).toBe("家賃と税金が払えない。");
});

test("what is typed while a saving is under way is saved after it, also when the screen is left at once", async ({ login }) => {
  const { page } = await login("madoguchi");
  await atClock(page);
  const text = page.getByLabel("本人の言葉・相談内容");
  await text.fill("一");
  await page.clock.runFor(1_500);
  await saved(page);
  const draft = page.url();
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  await page.route(SHEETS, async (route) => {
    if (route.request().method() === "PUT") await held;
    await route.continue();
  });
  await text.fill("一二");
  await page.clock.runFor(1_500);
  await expect(page.getByText("保存しています…")).toBeVisible();
  await text.fill("一二三");
  go();
  await expect(page.getByText("保存を待っています…")).toBeVisible();
  await page.unroute(SHEETS);
  const sent = page.waitForResponse((answer) => answer.request().method() === "PUT" && answer.ok());
  await page.getByRole("link", { name: "ホーム" }).click();
  await sent;
  await page.goto(draft);
  await expect(text).toHaveValue("一二三");
});

test("a saving that failed is tried again by itself, at once when the line is back, and with the next key", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 500/;
  await atClock(page);
  const text = page.getByLabel("本人の言葉・相談内容");
  let refusing = true;
  await page.route(SHEETS, async (route) => {
    if (refusing && route.request().method() !== "GET") await route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" });
    else await route.continue();
  });
  const failed = page.getByText("まだ保存できていません。つながりしだい保存します");
  await text.fill("一");
  await page.clock.runFor(1_500);
  await expect(failed).toBeVisible();
  refusing = false;
  await page.clock.runFor(4_500);
  await saved(page);
  refusing = true;
  await text.fill("一二");
  await page.clock.runFor(1_500);
  await expect(failed).toBeVisible();
  refusing = false;
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await saved(page);
  refusing = true;
  await text.fill("一二三");
  await page.clock.runFor(1_500);
  await expect(failed).toBeVisible();
  refusing = false;
  await text.fill("一二三四");
  await page.clock.runFor(1_500);
  await saved(page);
  expect(await words(page)).toBe("一二三四");
});

test("a draft is saved at once when the page is put away, and goes on after a lost session and a conflict that could not be looked at", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of (401|412|500)/;
  await atClock(page);
  const text = page.getByLabel("本人の言葉・相談内容");
  await text.fill("一");
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
  });
  await saved(page);

  await page.context().clearCookies();
  await text.fill("一二");
  await page.clock.runFor(1_500);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("ログイン名").fill("madoguchi");
  await dialog.getByLabel("パスワード").fill("tsunagu-demo");
  await dialog.getByRole("button", { name: "ログインする" }).click();
  await expect(dialog).toHaveCount(0);
  await page.clock.runFor(1_500);
  await saved(page);
  await expect.poll(() => words(page)).toBe("一二");

  // The draft is saved on another screen, and that version cannot be read at the moment.
  const { page: other } = await login("madoguchi");
  await other.goto(page.url());
  await other.getByLabel("本人の希望").fill("家に住み続けたい。");
  await saved(other);
  let refusing = true;
  await page.route(SHEETS, async (route) => {
    if (refusing && route.request().method() === "GET") await route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" });
    else await route.continue();
  });
  await text.fill("一二三");
  await page.clock.runFor(1_500);
  await expect(page.getByText("まだ保存できていません。")).toBeVisible();
  refusing = false;
  await page.clock.runFor(4_500);
  await saved(page);
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
  expect(await words(page)).toBe("一二三");
});

test("who leaves a new sheet at once stays where the link leads, with a draft only where something was typed", async ({ login }) => {
  const { page } = await login("hoken");
  let made = 0;
  page.on("response", (answer) => (made += answer.request().method() === "POST" && answer.url().endsWith("/sheets") ? 1 : 0));
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("本人の言葉・相談内容")).toBeVisible();
  await page.getByRole("link", { name: "紙の記入用紙を印刷する" }).click();
  await expect(page.getByRole("article")).toBeVisible();
  expect(made).toBe(0);
  await page.goBack();
  await page.getByLabel("本人の言葉・相談内容").fill("すぐに離れる。");
  const sent = page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().endsWith("/sheets"));
  await page.getByRole("link", { name: "紙の記入用紙を印刷する" }).click();
  await sent;
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "下書き 1件" })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/");
});

test("two dates that are not whole leave the rest of a draft to be saved", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await atClock(page);
  await page.getByLabel("本人の言葉・相談内容").fill("二つの日付。");
  await page.getByLabel(/^生年月日/).first().fill("61");
  await page.locator("summary", { hasText: "世帯" }).click();
  await page.getByRole("button", { name: "世帯員を追加する" }).click();
  await page.getByLabel(/^続柄/).last().fill("母");
  await page.getByLabel(/^生年月日/).last().fill("30");
  await page.clock.runFor(1_500);
  await expect(page.getByText(/直すところを除いて、下書きを保存しました/)).toBeVisible();
  expect(await words(page)).toBe("二つの日付。");
});

test("Enter in a field of a long form does no deed, an input method's neither", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const family = page.getByLabel("氏 任意", { exact: true });
  await family.press("Enter");
  await family.dispatchEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229 });
  await page.getByLabel("本人確認済").press("Enter");
  await page.getByLabel(/^生年月日/).first().press("Enter");
  await saved(page);
  expect(await kept(page)).toMatchObject({ state: "draft", number: null });
  await register(page);
  // Enter does nothing in the form of a consent or in a dialog either.
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await tick(page, /^本人の意思/, "同意");
  await page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true }).press("Enter");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.goBack();
  await page.getByRole("link", { name: "経過" }).or(page.getByRole("tab", { name: "経過" })).first().click();
  await page.getByRole("button", { name: "支援経過を書く" }).click();
  let posted = 0;
  page.on("request", (request) => (posted += request.method() === "POST" && request.url().endsWith("/entries") ? 1 : 0));
  const dialog = page.getByRole("dialog");
  await dialog.locator("textarea").fill("電話した。");
  await dialog.getByLabel(/^日時/).press("Enter");
  await dialog.getByRole("button", { name: "保存する" }).click();
  await expect(page.getByText("電話した。")).toBeVisible();
  expect(posted).toBe(1);
});

test("a computer whose clock is wrong by minutes registers all the same, at the service's time", async ({ login }) => {
  for (const wrong of [90_000, -600_000]) {
    const { page } = await login("madoguchi");
    const real = await page.evaluate(() => Date.now());
    await page.addInitScript((by) => {
      const RealDate = Date;
      const now = (): number => RealDate.now() + by;
      globalThis.Date = new Proxy(RealDate, {
        construct: (target, args: unknown[]) => Reflect.construct(target, args.length > 0 ? args : [now()]) as object,
        get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
      });
    }, wrong);
    await page.reload();
    await begin(page);
    await page.getByRole("button", { name: "変える" }).click();
    const shown = await page.getByLabel("受付日時").inputValue();
    expect(Math.abs(Date.parse(`${shown}:00+09:00`) - real)).toBeLessThan(80_000);
    await register(page);
  }
});

test("a registered sheet's form says that it saves by its button alone", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  await page.getByRole("link", { name: "内容を直す" }).click();
  await expect(page.getByText("「変更を保存する」を押すまで保存されません。", { exact: false })).toBeVisible();
  await expect(page.getByText("自動で下書きに保存されます", { exact: false })).toHaveCount(0);
  await expect(page.getByText("変更はありません", { exact: true })).toBeVisible();
});

test("a half date stays with its draft while another screen is looked at", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await begin(page);
  const year = page.getByLabel(/^生年月日/).first();
  await year.fill("61");
  await expect(page.getByText(/直すところを除いて、下書きを保存しました/)).toBeVisible();
  page.once("dialog", (asked) => void asked.accept());
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();
  await page.goBack();
  await expect(year).toHaveValue("61");
  await expect(page.getByLabel("本人の言葉・相談内容")).toHaveValue("収入が減って、家賃が払えない。");
});

test("a saving that is refused says why and stays said, and leaving by a link asks first", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 403/;
  await atClock(page);
  const text = page.getByLabel("本人の言葉・相談内容");
  const home = page.getByRole("link", { name: "ホーム" });
  const questions: string[] = [];
  let stays = true;
  page.on("dialog", (asked) => {
    questions.push(asked.message());
    void (stays ? asked.dismiss() : asked.accept());
  });
  let refusing = true;
  await page.route(SHEETS, async (route) => {
    const detail = "いまの職では書けません。";
    if (refusing && route.request().method() !== "GET") await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ title: "", detail, status: 403 }) });
    else await route.continue();
  });
  const refused = page.getByText("下書きを保存できません。いまの職では書けません。");
  await text.fill("一");
  await page.clock.runFor(1_500);
  await expect(refused).toBeVisible();
  await text.fill("一二");
  await expect(refused).toBeVisible();
  await home.click();
  expect(questions).toHaveLength(1);
  expect(questions[0]).toContain("まだ保存していない内容があります。");
  await expect(text).toHaveValue("一二");
  refusing = false;
  await page.clock.runFor(10_000);
  await saved(page);
  await expect(refused).toHaveCount(0);
  await home.click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();
  expect(questions).toHaveLength(1);

  // A registered sheet is saved by its button alone, so its changes ask as well.
  await begin(page);
  await register(page);
  await page.getByRole("link", { name: "内容を直す" }).click();
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  await home.click();
  expect(questions).toHaveLength(2);
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
  stays = false;
  await home.click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
});
