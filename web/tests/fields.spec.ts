import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { LIMITS } from "../src/sheet/limits";
import { expect, test } from "./service";
import { begin, consent, deed, numberOf, pick, register, relay, saved, tick } from "./sheet";

const HOKEN = "保健センター";

/** Demands for every text field on the screen that the browser does not check its spelling and cuts nothing off. */
async function untouched(page: Page, least = 1): Promise<void> {
  const texts = page.locator("textarea, input:not([type=checkbox], [type=radio], [type=file])");
  await expect(page.getByText("読み込んでいます…")).toHaveCount(0);
  await expect.poll(() => texts.count()).toBeGreaterThanOrEqual(least);
  const fields = await texts.evaluateAll((all: (HTMLInputElement | HTMLTextAreaElement)[]) =>
    all.map((one) => ({
      id: one.id,
      sound: one.getAttribute("spellcheck") === "false" && one.getAttribute("autocorrect") === "off" && one.getAttribute("autocapitalize") === "none" && one.maxLength < 0,
    })),
  );
  expect(fields.filter(({ sound }) => !sound)).toEqual([]);
}

test("no field on any screen is spell-checked or cut off by the browser", async ({ login, browser, service }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await page.getByRole("group", { name: /^来られた方/ }).getByLabel("本人以外").check();
  await page.getByRole("button", { name: "変える" }).click();
  await page.getByLabel("DV", { exact: true }).check();
  await page.getByRole("button", { name: "電話番号を追加する" }).click();
  for (const summary of await page.locator("summary").all()) await summary.click();
  await page.getByRole("button", { name: "世帯員を追加する" }).click();
  await page.getByRole("button", { name: "情報を追加する" }).click();
  await untouched(page, 35);
  await saved(page);
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await page.goto(`${sheet}/consent`);
  await tick(page, /^本人の意思/, "同意");
  await untouched(page, 5);
  await page.goto(`${sheet}/exception`);
  await untouched(page, 5);
  await page.goto("/sheets");
  await untouched(page);
  await page.goto(sheet);
  await consent(page, [HOKEN], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await page.goto(`${sheet}/relay`);
  await untouched(page, 2);
  await page.goto(sheet);
  await relay(page, [HOKEN]);

  const { page: hoken } = await login("hoken");
  await pick(hoken, number);
  await hoken.getByRole("button", { name: "開いて読む" }).click();
  for (const open of ["差し戻す", "辞退する"]) {
    await hoken.getByRole("button", { name: open, exact: true }).click();
    await untouched(hoken);
    await hoken.getByRole("dialog").getByRole("button", { name: "やめる" }).click();
  }
  // The missing sections may include those that were not sent.
  await deed(hoken, "差し戻す", "差し戻しました。", async (dialog) => {
    await expect(dialog.getByRole("checkbox", { name: "連絡先 今回は伝わっていません" })).toBeVisible();
    await dialog.getByRole("checkbox", { name: /^連絡先/ }).check();
    await dialog.getByLabel("何が足りないか").fill("折り返す電話番号。");
  });
  await expect(hoken.getByText("連絡先").first()).toBeVisible();

  for (const [who, addresses] of [
    ["kansa", ["/", "/disclosures"]],
    ["admin", ["/", "/staff", "/clients", "/notices"]],
  ] as const) {
    const { page: office } = await login(who);
    for (const address of addresses) {
      await office.goto(address);
      await untouched(office, 0);
      const opens = office.getByRole("main").getByRole("button", { name: /(追加|登録|作る|新しい)/ });
      for (const open of await opens.all()) {
        await open.click();
        await untouched(office, 0);
        const dialog = office.getByRole("dialog");
        if (await dialog.count()) await dialog.getByRole("button", { name: "やめる" }).click();
      }
    }
  }

  const context = await browser.newContext({ baseURL: service.url });
  const door = await context.newPage();
  await door.goto("/");
  await expect(door.getByRole("button", { name: "ログインする" })).toBeEnabled();
  await untouched(door, 2);
  await context.close();
});

test("a pasted text that is too long is counted and kept, and refused until it is shorter", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, [HOKEN]);
  const { page: hoken, watch: heard } = await login("hoken");
  heard.expected = /status of 422/;
  await pick(hoken, number);
  await hoken.getByRole("button", { name: "開いて読む" }).click();
  await deed(hoken, "受理する", "受理しました。");
  await hoken.getByRole("button", { name: "主担当を戻したいと申し出る" }).click();
  const dialog = hoken.getByRole("dialog");
  const reason = dialog.locator("textarea");
  await reason.fill("𠮷".repeat(500));
  await expect(dialog.getByText("500文字(500文字まで)")).toBeVisible();
  await reason.fill("あ".repeat(532));
  await expect(dialog.getByText("32文字多すぎます。500文字までにしてください。")).toBeVisible();
  await dialog.getByRole("button", { name: "申し出る", exact: true }).click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(reason).toHaveValue("あ".repeat(532));
});

/** The bound of a text in openapi.yaml. */
function bound(spec: string, schema: string, field: string): number {
  const within = (text: string, indent: string, key: string): string => new RegExp(`^${indent}${key}:\\n((?:${indent} .*\\n|\\n)*)`, "m").exec(text)?.[1] ?? "";
  return Number(/maxLength: (\d+)/.exec(within(within(spec, "    ", schema), "        ", field))?.[1]);
}

test("a text of the sheet names its length and limit from four fifths of it, and the limits are the service's", async ({ login }) => {
  const spec = readFileSync(new URL("../../openapi.yaml", import.meta.url), "utf8");
  const schemas: Record<string, string> = {
    visitor: "VisitorRequest", identity: "Identity", phones: "Phone", contact: "Contact", address: "Address", topics: "Topics", statement: "Statement", risk: "Risk",
    life: "Life", arrears: "ArrearsSection", health: "Health", opinion: "Opinion", third_party: "ThirdParty", household: "Member",
  };
  for (const [path, limit] of Object.entries(LIMITS)) {
    const [section = "", field = ""] = path.split(".").slice(-2);
    expect([path, bound(spec, schemas[section] ?? "", field)]).toEqual([path, limit]);
  }
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await page.goto("/sheets/edit");
  for (const [label, limit] of [["氏 任意", 50], ["本人の希望 任意", 1000], ["住所 任意", 200]] as const) {
    const text = page.getByLabel(label, { exact: true });
    const field = page.locator(".field", { has: text }).last();
    await text.fill("𠮷".repeat(limit * 0.8 - 1));
    await expect(field.locator(".count")).toHaveCount(0);
    await text.fill("𠮷".repeat(limit * 0.8));
    await expect(field.getByText(`${limit * 0.8}文字(${limit}文字まで)`)).toBeVisible();
    await text.fill("𠮷".repeat(limit + 3));
    await expect(field.getByText(`3文字多すぎます。${limit}文字までにしてください。`)).toBeVisible();
  }
});

test("the route follows what was chosen before it, until somebody chooses another", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  const route = page.getByLabel("相談経路").locator("option:checked");
  await expect(route).toHaveText("本人(来所)");
  await page.getByRole("group", { name: /^相談方法/ }).getByLabel("電話", { exact: true }).check();
  await expect(route).toHaveText("本人(電話・メール)");
  await page.getByRole("group", { name: /^来られた方/ }).getByLabel("本人以外").check();
  await expect(route).toHaveText("家族・知人(電話・メール)");
  // Where the route does not follow from the choices, none is filled in.
  await page.getByRole("group", { name: /^相談方法/ }).getByLabel("訪問", { exact: true }).check();
  await expect(route).toHaveText("選んでください");
  await page.getByLabel("相談経路").selectOption({ label: "見守り協定・通報" });
  await page.getByRole("group", { name: /^相談方法/ }).getByLabel("電話", { exact: true }).check();
  await expect(route).toHaveText("見守り協定・通報");
});

test("channel, visitor and route never contradict each other", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  const select = page.getByLabel("相談経路");
  const OTHERS = ["アウトリーチ", "関係機関・関係者の紹介", "見守り協定・通報", "その他"];
  const offers = async (...routes: string[]): Promise<void> => {
    await expect(select.locator("option")).toHaveText(["選んでください", ...routes, ...OTHERS]);
  };
  const channel = (name: string) => page.getByRole("group", { name: /^相談方法/ }).getByLabel(name, { exact: true }).check();
  const came = (name: string) => page.getByRole("group", { name: /^来られた方/ }).getByLabel(name).check();
  await offers("本人(来所)");
  // Whoever has chosen the route by hand before does not leave it behind either.
  await channel("訪問");
  await offers("本人(来所)", "本人(電話・メール)");
  await select.selectOption({ label: "本人(来所)" });
  await channel("電話");
  await came("本人以外");
  await expect(select.locator("option:checked")).toHaveText("家族・知人(電話・メール)");
  await offers("家族・知人(電話・メール)");
  await channel("出張相談会");
  await offers("家族・知人(来所)", "家族・知人(電話・メール)");
  await select.selectOption({ label: "家族・知人(来所)" });
  await page.getByRole("group", { name: /^来られた方/ }).getByLabel("本人", { exact: true }).check();
  await expect(select.locator("option:checked")).toHaveText("選んでください");
  await select.selectOption({ label: "アウトリーチ" });
  await channel("来所");
  await expect(select.locator("option:checked")).toHaveText("アウトリーチ");
  await offers("本人(来所)");
});

test("a telephone may be used, may not, or was not asked about, and is shown so", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  for (const [n, answer] of [[1, undefined], [2, "よい"], [3, "だめ"]] as const) {
    await page.getByRole("button", { name: "電話番号を追加する" }).click();
    const row = page.locator("fieldset.nested").filter({ hasText: `電話番号 ${n}` }).last();
    await row.getByLabel(/^番号/).fill(`03-0000-000${n}`);
    if (answer) await row.getByRole("group", { name: /^電話してよい/ }).getByLabel(answer, { exact: true }).check();
  }
  await saved(page);
  await page.reload();
  await expect(page.getByRole("group", { name: /^電話してよい/ }).first().getByLabel("未確認")).toBeChecked();
  await expect(page.getByRole("group", { name: /^電話してよい/ }).last().getByLabel("だめ")).toBeChecked();
  await register(page);
  const phone = (n: number) => page.getByRole("listitem").filter({ hasText: `03-0000-000${n}` });
  await expect(phone(1)).toContainText("電話してよいか、未確認です");
  await expect(phone(1)).toContainText("伝言を残してよいか、未確認です");
  await expect(phone(2)).toContainText("電話してよい");
  await expect(phone(3)).toContainText("電話してはいけません");
  // Only a no is red.
  const colour = (n: number) => phone(n).locator(".mark").first().evaluate((mark) => getComputedStyle(mark).backgroundColor);
  const colours = await Promise.all([1, 2, 3].map(colour));
  expect(colours[2]).not.toBe(colours[0]);
  expect(colours[1]).toBe(colours[0]);
});
