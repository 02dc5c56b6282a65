import { accessible, expect, look, test } from "./service";
import { agree, begin, numberOf, preview, recorded, register, take, tick } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";
const SECTIONS = ["氏名・カナ・生年・性別", "世帯"];
const WHY = "弟の体調を、介護の手配に伝える必要があるため。";

test("a member of the household who was not asked is left out, unless the clerk says why", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 409/;
  await begin(page);
  await page.getByText("世帯", { exact: true }).click();
  for (const [n, relation, name] of [[1, "母", "見本 梅子"], [2, "弟", "見本 竹次"]] as const) {
    await page.getByRole("button", { name: "世帯員を追加する" }).click();
    const member = page.getByRole("group", { name: `世帯員 ${n}` });
    await member.getByLabel("続柄").fill(relation);
    await member.getByLabel("氏名").fill(name);
    await expect(member.getByLabel("その人の同意")).toHaveValue("unknown");
    if (relation === "母") await member.getByLabel("その人の同意").selectOption("あり");
  }
  const sheet = await register(page);
  const number = await numberOf(page);
  await agree(page, [KURASHI], SECTIONS);
  // The consent asks for each member; it begins with what the sheet says, and reads it back.
  await expect(page.getByLabel("母 見本 梅子")).toHaveValue("given");
  await expect(page.getByLabel("弟 見本 竹次")).toHaveValue("unknown");
  await page.getByLabel("弟 見本 竹次").selectOption("なし");
  await expect(page.locator(".sentence")).toContainText("見本 梅子: あり、見本 竹次: なし");
  await tick(page, /^本人確認/, "書類");
  await look(page, "consent-household");
  // The resident's screen does not say what the others answered.
  await page.getByRole("button", { name: "本人に見せる画面を開く" }).click();
  await expect(page.getByRole("dialog").getByText("世帯】を伝えます。", { exact: false })).toBeVisible();
  await expect(page.getByRole("dialog").getByText("見本 竹次", { exact: false })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await recorded(page);
  await page.goto(`${sheet}?tab=consents`);
  await expect(page.getByText("見本 梅子: あり、見本 竹次: なし")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, [KURASHI], SECTIONS);
  const shown = page.locator("section.preview");
  await expect(shown.getByRole("note")).toContainText("弟 見本 竹次 (未確認)");
  await expect(shown.getByText("見本 梅子")).toBeVisible();
  await look(page, "household-left-out");

  const members = page.getByRole("group", { name: "同意のない世帯員" });
  await expect(members.getByRole("checkbox")).toHaveCount(1);
  await members.getByRole("checkbox", { name: "弟 見本 竹次 を伝える" }).check();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByRole("alert")).toContainText("伝える理由を書いてください。");
  await page.getByRole("alert").getByRole("link").click();
  await expect(members.getByRole("textbox")).toBeFocused();
  await members.getByRole("textbox").fill(WHY);
  await accessible(page);
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(shown.getByText("見本 竹次")).toBeVisible();
  await expect(shown.getByRole("note")).toHaveCount(0);
  await look(page, "household-told");
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "に送りました。" }).getByText(KURASHI)).toBeVisible();

  const { page: kurashi } = await login("kurashi");
  await take(kurashi, number);
  await expect(kurashi.getByText("見本 竹次")).toBeVisible();
  await expect(kurashi.getByText(WHY)).toHaveCount(0);

  // The decision is taken back by an amendment, whose form shows the member and the reason.
  await page.goto("/relays");
  await page.getByLabel("どちらのつなぎ").selectOption({ label: "送ったもの" });
  await page.getByRole("row", { name: number }).getByRole("link").click();
  await expect(page.getByText(WHY)).toBeVisible();
  await page.getByRole("link", { name: "伝える項目を変える" }).click();
  await expect(members.getByRole("textbox")).toHaveValue(WHY);
  await members.getByRole("checkbox").uncheck();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(shown.getByRole("note")).toContainText("弟 見本 竹次");
  await page.getByRole("button", { name: "この項目に変える" }).click();
  await expect(page.getByText("伝える項目を変えました。", { exact: false })).toBeVisible();
  await expect(page.getByText(WHY)).toHaveCount(0);
  await kurashi.reload();
  await expect(kurashi.getByText("見本 梅子")).toBeVisible();
  await expect(kurashi.getByText("見本 竹次")).toHaveCount(0);
});
