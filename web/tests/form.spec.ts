import { accessible, expect, fits, look, test } from "./service";
import { begin, register } from "./sheet";

test("a new sheet is asked in the order of a conversation, on at most three windows, and fits a page that is zoomed", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("住まい", { exact: true })).toBeVisible();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  test.info().annotations.push({ type: "height", description: String(height) });
  expect(height).toBeLessThanOrEqual(2_400);
  await expect(page.locator("form.sheet").getByRole("heading", { level: 2 })).toHaveText([
    "受付",
    "相談の内容",
    "リスクと緊急度",
    "本人",
    "連絡先・住所",
    "対応",
    "必要なときに開く項目",
  ]);
  await look(page, "sheet-new");
  // 400 % of a window of 1280 × 1024.
  await page.setViewportSize({ width: 320, height: 256 });
  await fits(page);
});

test("the topics are one stop of the Tab key, and arrow keys go through them", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  const topic = (name: string) => page.getByRole("checkbox", { name, exact: true });
  await topic("病気や健康・障害のこと").focus();
  await page.keyboard.press("ArrowDown");
  await expect(topic("住まい")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(topic("住まい")).toBeChecked();
  await page.keyboard.press("End");
  await expect(topic("その他")).toBeFocused();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowUp");
  await expect(topic("病気や健康・障害のこと")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("住まいを主なもの(◎)にする")).toBeFocused();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByLabel("収入・生活費を主なもの(◎)にする")).toBeChecked();
  await expect(topic("収入・生活費")).toBeChecked();
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("本人の言葉・相談内容")).toBeFocused();
  // Back to the topic that was last in use.
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(topic("住まい")).toBeFocused();
});

test("the time of the contact is now, and its field opens when it is wanted", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("受付日時")).toHaveCount(0);
  await page.getByRole("button", { name: "変える" }).click();
  await expect(page.getByLabel("受付日時")).toBeFocused();
});

test("a risk asks for the urgency, says what to do now, and stands at the top of the sheet's screens", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const ask = page.getByText("リスクがあるのに、緊急度が「通常」です。");
  const usual = page.getByLabel("通常(10開庁日)");
  await expect(ask).toHaveCount(0);
  for (const [flag, advice] of [
    ["自殺のおそれ", "0120-061-338"],
    ["児童虐待の疑い", "189"],
    ["DV", "#8008"],
    ["食料なし", "今日食べるもの"],
    ["医療緊急", "119"],
    ["自傷他害", "110"],
  ] as const) {
    await page.getByRole("checkbox", { name: flag, exact: true }).check();
    await expect(page.getByRole("status").getByRole("listitem").filter({ hasText: flag })).toContainText(advice);
  }
  await expect(ask).toBeVisible();
  await expect(page.getByLabel("なし(当てはまるものはない)")).not.toBeChecked();
  await look(page, "sheet-risk");
  await page.getByRole("button", { name: "緊急にする" }).click();
  await expect(page.getByLabel("緊急(当日)")).toBeChecked();
  await expect(page.getByLabel("緊急(当日)")).toBeFocused();
  await expect(ask).toHaveCount(0);
  await usual.check();
  await expect(ask).toBeVisible();
  const badge = page.getByText("リスクあり: 自殺のおそれ、児童虐待の疑い、DV、食料なし、医療緊急、自傷他害");
  await expect(badge).toBeVisible();
  const sheet = await register(page);
  await expect(badge).toBeVisible();
  await page.getByRole("link", { name: "経過" }).click();
  await expect(badge).toBeVisible();
  await page.getByRole("link", { name: "内容を直す" }).click();
  await expect(badge).toBeVisible();
  for (const screen of ["consent", "relay", "exception"]) {
    await page.goto(`${sheet}/${screen}`);
    await expect(badge).toBeVisible();
  }
});

test("before a sheet is final, its summary is shown; back changes nothing, and Enter never registers", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await page.getByRole("group", { name: /^相談方法/ }).getByLabel("電話", { exact: true }).check();
  await page.getByRole("checkbox", { name: "食料なし", exact: true }).check();
  await page.getByLabel("早期(3開庁日)").check();
  const open = page.getByRole("button", { name: "受付を確定する" });
  await open.click();
  const dialog = page.getByRole("dialog", { name: "この内容で受付を確定しますか" });
  for (const text of ["見本 花子、本人確認済", "本人(電話・メール)", "収入・生活費", "食料なし", "早期(3開庁日)", "下書きには戻せず"]) await expect(dialog).toContainText(text);
  await accessible(page);
  await dialog.getByRole("button", { name: "戻る" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(open).toBeFocused();
  await page.getByLabel("氏 任意", { exact: true }).press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(/^下書きを保存しました/)).toBeVisible();
  await register(page);
});

test("a new sheet has at most 45 stops of the Tab key up to its registration", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("住まい", { exact: true })).toBeVisible();
  await page.getByRole("heading", { level: 1 }).focus();
  const last = page.getByRole("button", { name: "受付を確定する" });
  let stops = 0;
  do {
    await page.keyboard.press("Tab");
    stops += 1;
  } while (stops < 100 && !(await last.evaluate((button) => button === document.activeElement)));
  test.info().annotations.push({ type: "stops", description: String(stops) });
  expect(stops).toBeGreaterThan(20);
  expect(stops).toBeLessThanOrEqual(45);
});
