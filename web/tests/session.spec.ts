import { accessible, comeIn, confirmPosts, enter, expect, look, test } from "./service";
import { begin, saved } from "./sheet";

const WORDS = "本人の言葉・相談内容";

test("whoever holds several posts says in which to act, and every tab acts in it", async ({ login }) => {
  const { page: admin } = await login("admin");
  await admin.getByRole("link", { name: "職員" }).click();
  await admin.getByLabel("機関").selectOption({ label: "納税課" });
  await admin.getByRole("button", { name: "職員を追加する" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByLabel("氏名").fill("見本 兼務");
  await dialog.getByLabel("ログイン名").fill("kenmu");
  await dialog.getByRole("button", { name: "保存する" }).click();
  await comeIn(login, admin, "見本 兼務", "kenmu", "納税課");
  const row = admin.getByRole("row", { name: /見本 兼務/ });
  await row.getByRole("button", { name: "職を追加する" }).click();
  await dialog.getByLabel("機関").selectOption({ label: "保健センター" });
  await dialog.getByRole("button", { name: "保存する" }).click();
  await expect(dialog).toHaveCount(0);
  await confirmPosts(login, "見本 兼務", "保健センター");

  const { page, watch } = await login("kenmu");
  await expect(page.getByRole("heading", { name: "どの職で仕事をしますか" })).toBeFocused();
  await look(page, "choose-post");
  await page.getByRole("button", { name: "保健センター 窓口職員" }).click();
  await expect(page.getByText("保健センター 見本 兼務さん")).toBeVisible();
  // The chosen post survives a reload, and a choice in one tab counts in all tabs.
  const other = await page.context().newPage();
  await other.goto("/");
  await expect(other.getByText("保健センター 見本 兼務さん")).toBeVisible();
  await other.getByLabel("いまの職").selectOption({ label: "納税課 窓口職員" });
  await expect(other.getByText("納税課 見本 兼務さん")).toBeVisible();
  await expect(page.getByText("納税課 見本 兼務さん")).toBeVisible();

  // A new log-in would act in the first post; the screen stays in the other one, with the typed words.
  await page.getByLabel("いまの職").selectOption({ label: "保健センター 窓口職員" });
  await expect(other.getByText("保健センター 見本 兼務さん")).toBeVisible();
  await begin(page, "途中まで聞いた。");
  await saved(page);
  await page.getByRole("textbox", { name: "当課の対応" }).focus();
  watch.expected = /status of 401/;
  await page.context().clearCookies();
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  await enter(page.getByRole("dialog"), "kenmu");
  await saved(page);
  await expect(page.getByLabel("いまの職").locator("option:checked")).toHaveText("保健センター 窓口職員");
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
});

test("the page warns before the session ends; after it, nothing can be read until the same person logs in", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await page.clock.install();
  await begin(page, "まだ言わないで。");
  await saved(page);
  const warning = page.getByRole("dialog", { name: "まもなく自動でログアウトします" });
  const door = page.getByRole("dialog", { name: "もう一度ログインしてください" });
  const goOn = warning.getByRole("button", { name: "続ける" });
  await page.clock.fastForward("28:00");
  await look(page, "session-ending");
  await goOn.click();
  await expect(warning).toHaveCount(0);
  await page.clock.fastForward("27:00");
  await expect(warning).toHaveCount(0);

  // The session had ended after all, as happens while a computer sleeps.
  await page.clock.fastForward("01:00");
  watch.expected = /status of 401/;
  await page.context().clearCookies();
  await goOn.click();
  await expect(door).toBeVisible();
  await enter(door, "madoguchi");
  await expect(page.getByLabel(WORDS)).toHaveValue("まだ言わないで。");

  // Nobody came back, so the page behind the log-in is hidden.
  await page.clock.fastForward("30:01");
  await expect(door).toBeVisible();
  await expect(warning).toHaveCount(0);
  await expect(page.getByLabel(WORDS)).toBeHidden();
  await expect(page.getByText("福祉まるごと相談課")).toBeHidden();
  await look(page, "session-over");
  await enter(door, "madoguchi");
  await expect(page.getByLabel(WORDS)).toBeVisible();
  await expect(page.getByLabel(WORDS)).toHaveValue("まだ言わないで。");

  // Logging out of a session that has already ended is a plain log-out.
  await page.clock.fastForward("28:00");
  await page.context().clearCookies();
  await warning.getByRole("button", { name: "ログアウト" }).click();
  await expect(page.getByRole("heading", { name: "ログイン" })).toBeVisible();
  await expect(page.getByText("まだ言わないで。")).toHaveCount(0);
});

test("what is done with the session in one tab holds in every other", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page, "まだ言わないで。");
  await saved(page);
  const other = await page.context().newPage();
  await other.goto("/");
  await expect(other.getByRole("heading", { name: "ホーム" })).toBeVisible();
  await other.getByRole("button", { name: "ログアウト" }).click();
  const door = page.getByRole("dialog", { name: "もう一度ログインしてください" });
  await expect(door).toBeVisible();
  await accessible(page);
  // After a new log-in in the other tab this tab goes on, and may change things.
  watch.expected = /status of 401/;
  await enter(other, "madoguchi");
  await expect(door).toHaveCount(0);
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  await saved(page);
  await other.getByRole("button", { name: "ログアウト" }).click();
  await enter(other, "zei");
  await expect(door).toBeVisible();
  page.once("dialog", (asked) => void asked.accept());
  await enter(door, "zei");
  await expect(page.getByText("納税課 見本 税さん")).toBeVisible();
  await expect(page.getByText("まだ言わないで。")).toHaveCount(0);
});
