import type { Page } from "@playwright/test";
import { expect, look, test } from "./service";
import { begin, consent, numberOf, register, relay } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";

/** A part of the home screen by its name. */
const part = (page: Page, name: string) => page.locator("section.group").filter({ has: page.getByRole("heading", { name: new RegExp(`^${name}`) }) });

async function registered(page: Page): Promise<string> {
  await begin(page);
  await register(page);
  return numberOf(page);
}

test("home says whom each case is about, whose it is and how long there is; picked cases change hands in one act", async ({ login }) => {
  const { page } = await login("madoguchi");
  const numbers = [await registered(page), await registered(page)];
  await page.getByRole("link", { name: "ホーム" }).click();
  const running = part(page, "対応中");
  await expect(running.getByRole("row", { name: numbers[0] })).toContainText("見本 花子");
  await expect(running.getByRole("row", { name: numbers[0] })).toContainText("収入・生活費");
  await expect(running.getByRole("row", { name: numbers[0] })).toContainText("見本 窓子");
  const { page: chief, watch } = await login("kacho");
  await expect(part(chief, "対応中")).toBeVisible();
  for (const number of numbers) await expect(part(chief, "対応中").getByRole("row", { name: number })).toHaveCount(0);
  await chief.getByLabel("部署の仕事").check();
  await expect(part(chief, "対応中").getByRole("row", { name: numbers[1] })).toBeVisible();
  await expect(chief).toHaveURL(/whose=all/);

  await chief.getByRole("navigation").getByRole("link", { name: "シートをさがす" }).click();
  await chief.getByLabel("状態でしぼる").selectOption({ label: "対応中" });
  await chief.getByLabel("担当でしぼる").selectOption({ label: "見本 窓子" });
  for (const number of numbers) await chief.getByLabel(`${number}を選ぶ`).check();
  await look(chief, "search-picked");
  await chief.getByRole("button", { name: "選んだ2件の担当者を替える" }).click();
  const dialog = chief.getByRole("dialog");
  watch.expected = /status of 422/;
  await dialog.getByRole("button", { name: "この人に替える" }).click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  watch.expected = /^$/;
  await dialog.getByLabel("担当 任意").selectOption({ label: "見本 課長" });
  await dialog.getByLabel("理由 ※必須").selectOption({ label: "件数の調整" });
  await dialog.getByRole("button", { name: "この人に替える" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(chief.getByText("担当者を替えました。")).toBeVisible();
  for (const number of numbers) await expect(chief.getByLabel(`${number}を選ぶ`)).toHaveCount(0);
  await chief.getByRole("link", { name: "ホーム" }).click();
  for (const number of numbers) await expect(part(chief, "対応中").getByRole("row", { name: number })).toBeVisible();
});

test("who receives sees the name only after opening, in the list as on the sheet", async ({ login }) => {
  const { page } = await login("madoguchi");
  const number = await registered(page);
  await consent(page, [KURASHI], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, [KURASHI]);
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(part(page, "返事待ち").getByRole("row", { name: number })).toContainText("見本 花子");
  const { page: there } = await login("kurashi");
  const task = part(there, "今日やること").getByRole("row", { name: number });
  await expect(task).toContainText("(氏名は開いてから)");
  await expect(task).toContainText("あと10開庁日");
  await task.getByRole("link").click();
  await there.getByRole("button", { name: "開いて読む" }).click();
  await there.getByRole("button", { name: "受理する" }).click();
  await there.getByRole("dialog").getByRole("button", { name: "受理する" }).click();
  await expect(there.getByRole("dialog")).toHaveCount(0);
  await expect(there.locator(".about")).toContainText("見本 花子");
  await there.getByRole("link", { name: "ホーム" }).click();
  await expect(part(there, "対応中").getByRole("row", { name: number })).toContainText("見本 花子");
  await look(there, "home-running");
  // The title and the address of the browser name nobody.
  expect(`${await there.title()} ${there.url()}`).not.toContain("見本");
});
