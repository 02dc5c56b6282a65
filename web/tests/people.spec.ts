import type { Page } from "@playwright/test";
import { accessible, expect, look, test } from "./service";
import { begin, consent, deed, numberOf, pick, register, relay, saved, take } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";

async function born(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: /^生年月日/ }).first().fill(text);
}

test("whoever begins a second sheet about a person is told of the first, once, and can go on", async ({ login }) => {
  const { page } = await login("madoguchi");
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/sheets/search") ? 1 : 0));
  await begin(page);
  await born(page, "昭36.2.3");
  await register(page);
  const number = await numberOf(page);
  const notice = page.locator(".notice").filter({ hasText: "この方のシートが1件あるようです" });
  await begin(page);
  await expect(notice).toHaveCount(0);
  asked = 0;
  await born(page, "1961-02-03");
  // The next field is one key away, and what is offered takes no focus.
  await page.keyboard.press("Tab");
  await expect(notice).toBeVisible();
  await expect(notice.getByRole("link", { name: number })).toHaveAttribute("target", "_blank");
  await expect(notice).toContainText("受付済");
  await accessible(page);
  await look(page, "sheet-same-person");
  await page.getByLabel("氏(カナ)").focus();
  await page.keyboard.press("Tab");
  await saved(page);
  expect(asked).toBe(1);
  // Another birth date is another person.
  await born(page, "1961-02-04");
  await page.keyboard.press("Tab");
  await expect(notice).toHaveCount(0);
});

test("a sheet of the household begins with what is known, and is found from each of its sheets", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await page.getByText("世帯", { exact: true }).click();
  await page.getByRole("button", { name: "世帯員を追加する" }).click();
  const member = page.getByRole("group", { name: "世帯員 1" });
  await member.getByLabel("続柄").fill("弟");
  await member.getByLabel("氏名").fill("見本 竹次");
  const first = await register(page);
  const number = await numberOf(page);
  const linked = page.getByRole("region", { name: "世帯のシート" });
  await expect(linked).toContainText("まだありません");
  await deed(page, "この世帯員の新しいシート", "下書きを作り、同じ世帯のシートとして結びました。", (dialog) => dialog.getByLabel(/^だれのシートですか/).selectOption({ label: "弟 見本 竹次" }));
  await expect(page.getByLabel("氏 任意", { exact: true })).toHaveValue("見本");
  await expect(page.getByLabel("名 任意", { exact: true })).toHaveValue("竹次");
  await page.goto(first);
  await expect(linked.getByRole("row", { name: "竹次" })).toContainText("下書き");
  await accessible(page);
  await look(page, "sheet-household");

  // A sheet that is there already is linked by its number; a number of nobody's is refused in words.
  await begin(page);
  const third = await register(page);
  await page.getByRole("button", { name: "もうあるシートと結ぶ" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^結ぶシートの番号/).fill("R8-999999");
  await dialog.getByRole("button", { name: "もうあるシートと結ぶ" }).click();
  await expect(dialog.getByRole("alert")).toContainText("この番号のシートは見つかりません。");
  await dialog.getByLabel(/^結ぶシートの番号/).fill(number);
  await dialog.getByRole("button", { name: "もうあるシートと結ぶ" }).click();
  await expect(linked.getByRole("row", { name: number })).toBeVisible();
  await expect(linked.getByRole("row")).toHaveCount(3);
  await deed(page, "世帯のシートから外す", "世帯のシートから外しました。");
  await expect(linked).toContainText("まだありません");
  expect(new URL(page.url()).pathname).toBe(new URL(third).pathname);
  expect(watch.said).toEqual([]);
});

test("a case that goes on is reported on until it is over", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, [KURASHI]);
  const { page: there } = await login("kurashi");
  await take(there, number);
  const report = (kind: string, text: string) =>
    deed(there, "結果を報告する", "報告しました。", async (dialog) => {
      await dialog.getByLabel(kind).check();
      await dialog.getByLabel("支援開始").check();
      await dialog.getByLabel(/^くわしい内容/).fill(text);
    }, "報告する");
  await report("途中の報告", "家計を一緒に見ています。");
  await expect(there.getByRole("button", { name: "結果を報告する" })).toBeVisible();
  await pick(page, number);
  await expect(page.locator(".reports")).toContainText("家計を一緒に見ています。");
  await page.getByRole("button", { name: "報告を確認した" }).click();
  await expect(page.getByText("報告を確認しました。対応は続いています。")).toBeVisible();
  await expect(page.locator(".reports")).toContainText("確認済み");
  await there.reload();
  await report("最後の報告", "家賃を払えるようになりました。");
  await page.reload();
  await expect(page.locator(".reports li").first()).toContainText("家賃を払えるようになりました。");
  await accessible(page);
  await look(page, "relay-reports");
  await page.getByRole("button", { name: "報告を確認した" }).click();
  await expect(page.getByText("報告を確認しました。このつなぎは完了です。")).toBeVisible();
});

test("the manager sees who has how much, and the hub how relays go", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  await consent(page, [KURASHI], ["氏名・カナ・生年・性別"]);
  await relay(page, [KURASHI]);
  const { page: chief } = await login("kacho");
  const load = chief.locator("section").filter({ has: chief.getByRole("heading", { name: "担当ごとの件数" }) });
  await expect(load.getByRole("row", { name: "見本 窓子" })).toBeVisible();
  await accessible(chief);
  await look(chief, "home-manager");
  await load.getByRole("link", { name: "見本 窓子" }).click();
  await expect(chief.getByLabel("担当でしぼる").locator("option:checked")).toHaveText("見本 窓子");
  const { page: hub, watch } = await login("hub");
  const board = hub.locator("section").filter({ has: hub.getByRole("heading", { name: "つなぎの状況(機関ごと)" }) });
  await expect(board.getByRole("row", { name: KURASHI })).toBeVisible();
  expect(watch.bodies.filter((body) => body.includes("花子"))).toEqual([]);
  await accessible(hub);
  await look(hub, "home-hub");
});
