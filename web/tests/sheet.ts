import { expect, type Page } from "@playwright/test";

/** Opens a new sheet and types what is needed to register it. */
export async function begin(page: Page, words = "収入が減って、家賃が払えない。"): Promise<void> {
  await page.goto("/sheets/edit");
  await page.getByLabel("本人確認済").check();
  await page.getByLabel("氏 任意", { exact: true }).fill("見本");
  await page.getByLabel("名 任意", { exact: true }).fill("花子");
  await page.getByLabel("氏(カナ)").fill("ミホン");
  await page.getByLabel("名(カナ)").fill("ハナコ");
  await page.getByLabel("収入・生活費を主なもの(◎)にする").check();
  await page.getByLabel("本人の言葉・相談内容").fill(words);
  await page.getByRole("textbox", { name: "当課の対応" }).fill("収支を聞き取った。");
  await page.getByLabel("なし(当てはまるものはない)").check();
}

export async function saved(page: Page): Promise<void> {
  await expect(page.getByText(/^(直すところを除いて、)?下書きを保存しました/)).toBeVisible();
}

/** Registers what was begun; returns the sheet's address. */
export async function register(page: Page): Promise<string> {
  await page.getByRole("button", { name: "受付を確定する" }).click();
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
  return page.url();
}

/** The number of the sheet that is shown. */
export async function numberOf(page: Page): Promise<string> {
  return (await page.getByRole("heading", { level: 1 }).innerText()).replace("シート ", "");
}

/** Takes the consent to tell these agencies these sections. */
export async function consent(page: Page, agencies: string[], sections: string[]): Promise<void> {
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true }).check();
  for (const agency of agencies) {
    await page.getByRole("group", { name: /^伝えてよい機関/ }).getByLabel(new RegExp(`^${agency}`)).check();
  }
  for (const section of sections) {
    await page.getByRole("group", { name: /^伝えてよい項目/ }).getByLabel(section).check();
  }
  await page.getByRole("group", { name: /^本人確認/ }).getByLabel("書類").check();
  await page.getByRole("button", { name: "読み上げて確かめる" }).click();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText("同意を記録しました。")).toBeVisible();
}

/** Relays what is consented to one agency. */
export async function relay(page: Page, agency: string): Promise<void> {
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await page.getByRole("group", { name: /^つなぎ先/ }).getByLabel(new RegExp(`^${agency}`)).check();
  await page.getByLabel("お願いしたいこと").fill("相談をお願いします。");
  await page.getByRole("group", { name: /^引継ぎの方法/ }).getByLabel("同行して窓口で").check();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText(`${agency} に送りました。`)).toBeVisible();
}
