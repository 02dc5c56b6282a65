import { expect, type Locator, type Page } from "@playwright/test";

/** Opens a new sheet and fills in what is needed to register it. */
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

/** Asks to register the sheet, and says yes to its summary. */
export async function confirmed(page: Page): Promise<void> {
  await page.getByRole("button", { name: "受付を確定する" }).click();
  await page.getByRole("dialog", { name: "この内容で受付を確定しますか" }).getByRole("button", { name: "確定する" }).click();
}

/** Registers the sheet that was begun; returns its address. */
export async function register(page: Page): Promise<string> {
  await confirmed(page);
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
  return page.url();
}

/** The number of the sheet that is shown. */
export async function numberOf(page: Page): Promise<string> {
  return (await page.getByRole("heading", { level: 1 }).innerText()).replace("シート ", "");
}

/** Ticks these labels in a group of ticks or choices; in a long list of agencies each is searched first. */
export async function tick(page: Page, group: RegExp, ...labels: string[]): Promise<void> {
  const choices = page.getByRole("group", { name: group });
  await choices.getByRole("checkbox").or(choices.getByRole("radio")).first().waitFor();
  const find = choices.getByRole("searchbox");
  for (const label of labels) {
    if ((await find.count()) > 0) await find.fill(label);
    await choices.getByRole("checkbox", { name: new RegExp(`^${label}`) }).or(choices.getByRole("radio", { name: label, exact: true })).check();
  }
}

/** Opens the consent and ticks who may be told what. */
export async function agree(page: Page, agencies: string[], sections: string[]): Promise<void> {
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await tick(page, /^本人の意思/, "同意");
  await tick(page, /^伝えてよい機関/, ...agencies);
  await tick(page, /^伝えてよい項目/, ...sections);
}

/** Records the consent, and goes back to the sheet. */
export async function recorded(page: Page, said: string | RegExp = "同意を記録しました。"): Promise<void> {
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText(said)).toBeVisible();
  await page.getByRole("link", { name: /^シート .* に戻る$/ }).click();
}

/** Records a consent to tell these agencies these sections, signed on paper. */
export async function consent(page: Page, agencies: string[], sections: string[]): Promise<void> {
  await agree(page, agencies, sections);
  await tick(page, /^本人確認/, "書類");
  await recorded(page);
}

/** Chooses recipients and sections, and opens the preview. */
export async function preview(page: Page, agencies: string[], sections?: string[]): Promise<void> {
  await tick(page, /^つなぎ先/, ...agencies);
  if (sections) {
    const ticks = page.getByRole("group", { name: /^伝える項目/ }).getByRole("checkbox");
    for (const one of await ticks.all()) await one.uncheck();
    await tick(page, /^伝える項目/, ...sections);
  } else {
    await page.getByRole("button", { name: "同意された項目をすべて選ぶ" }).click();
  }
  await page.getByLabel("お願いしたいこと").fill("相談をお願いします。");
  await tick(page, /^引継ぎの方法/, "同行して窓口で");
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
}

/** Relays to these agencies: the given sections, or by default everything that is consented to. */
export async function relay(page: Page, agencies: string[], sections?: string[]): Promise<void> {
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, agencies, sections);
  await page.getByRole("button", { name: /^(送る|\d+つの機関に送る)$/ }).click();
  for (const agency of agencies) await expect(page.getByRole("status").filter({ hasText: "に送りました。" }).getByText(agency)).toBeVisible();
}

/** Goes from home to the relay of this sheet. */
export async function pick(page: Page, number: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("row", { name: number }).getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: `つなぎ ${number}` })).toBeVisible();
}

/** Presses the button that opens the dialog, and in it the button of the deed. */
export async function deed(page: Page, open: string, done: string, fill?: (dialog: Locator) => Promise<unknown>, go = open): Promise<void> {
  await page.getByRole("button", { name: open, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await fill?.(dialog);
  await dialog.getByRole("button", { name: go, exact: true }).click();
  await expect(page.getByText(done)).toBeVisible();
}

/** Goes to the relay, opens it and accepts it. */
export async function take(page: Page, number: string): Promise<void> {
  await pick(page, number);
  await page.getByRole("button", { name: "開いて読む" }).click();
  await expect(page.getByText("内容は、開いてから表示されます。")).toHaveCount(0);
  await deed(page, "受理する", "受理しました。");
}
