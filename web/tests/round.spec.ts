import { accessible, expect, fits, test } from "./service";
import { confirmed, tick } from "./sheet";

test("a sheet is recorded, agreed to, relayed, taken on, reported and confirmed", async ({ login }, info) => {
  const shot = async (page: import("@playwright/test").Page, name: string): Promise<void> => {
    if (process.env.SHOTS) {
      for (const width of [1280, 768, 390]) {
        await page.setViewportSize({ width, height: 900 });
        await fits(page);
        await page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}.png`, fullPage: true });
      }
      await page.setViewportSize({ width: 1280, height: 900 });
    }
    await accessible(page);
    await fits(page);
  };
  /** A small picture for README of what a screen shows without scrolling. */
  const picture = async (page: import("@playwright/test").Page, name: string, top: string): Promise<void> => {
    if (!process.env.PICTURES) return;
    await page.setViewportSize({ width: 960, height: 640 });
    await page.getByRole("heading", { name: top }).evaluate((heading) => heading.scrollIntoView());
    // The announcement disappears by itself.
    await expect(page.locator(".said")).toBeHidden();
    await page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  const { page: idle } = await login("byoin");
  await expect(idle.getByText("いま、することはありません。", { exact: false })).toBeVisible();
  await shot(idle, "home-empty");
  const { page } = await login("madoguchi");
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();

  await page.getByRole("main").getByRole("link", { name: "新しいシート" }).click();
  await page.getByLabel("本人確認済").check();
  await page.getByLabel("氏 任意", { exact: true }).fill("見本");
  await page.getByLabel("名 任意", { exact: true }).fill("花子");
  await page.getByLabel("氏(カナ)").fill("みほん");
  await page.getByLabel("名(カナ)").fill("ハナコ");
  await page.getByLabel("生年月日").fill("S61.4.1");
  await expect(page.getByText("昭和61年4月1日(西暦1986年、")).toBeVisible();
  await page.getByRole("button", { name: "電話番号を追加する" }).click();
  await page.getByLabel("番号 ※必須", { exact: true }).fill("090-0000-0000");
  await page.getByRole("group", { name: /^電話してよい/ }).getByLabel("よい", { exact: true }).check();
  await page.getByLabel("収入・生活費を主なもの(◎)にする").check();
  await page.getByLabel("税金や公共料金等の支払い", { exact: true }).check();
  await expect(page.getByRole("complementary").getByText("くらしとしごとの相談センター")).toBeVisible();
  await page.getByLabel("本人の言葉・相談内容").fill("収入が減って、家賃と税金が払えない。");
  await page.getByRole("textbox", { name: "当課の対応" }).fill("収支を聞き取った。");
  await page.getByLabel("なし(当てはまるものはない)").check();
  await expect(page.getByText(/下書きを保存しました/)).toBeVisible({ timeout: 3000 });
  await shot(page, "sheet-form");
  await confirmed(page);
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
  await expect(page.getByText("見本　花子").first()).toBeVisible();
  await shot(page, "sheet-view");
  const sheet = page.url();
  const number = (await page.getByRole("heading", { level: 1 }).innerText()).replace("シート ", "");

  await page.getByRole("link", { name: "同意をいただく" }).click();
  await page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true }).check();
  await tick(page, /^伝えてよい機関/, "くらしとしごとの相談センター");
  for (const section of ["氏名・カナ・生年・性別", "連絡先", "本人の言葉・希望・対応"]) {
    await page.getByRole("group", { name: /伝えてよい項目/ }).getByLabel(section).check();
  }
  await page.getByRole("group", { name: /本人確認/ }).getByLabel("書類").check();
  await shot(page, "consent-form");
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText("同意を記録しました。")).toBeVisible();

  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await tick(page, /^つなぎ先/, "納税課");
  await page.getByRole("button", { name: "同意された項目をすべて選ぶ" }).click();
  await page.getByLabel("お願いしたいこと").fill("家計と仕事の相談をお願いします。");
  await page.getByRole("group", { name: /引継ぎの方法/ }).getByLabel("同行して窓口で").check();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByRole("heading", { name: "納税課 には、いまは送れません" })).toBeVisible();
  await shot(page, "relay-refused");
  await page.getByRole("button", { name: "この宛先を外して、別の宛先を選ぶ" }).click();
  await tick(page, /^つなぎ先/, "くらしとしごとの相談センター");
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByRole("heading", { name: "くらしとしごとの相談センター に伝わる内容" })).toBeVisible();
  await shot(page, "relay-preview");
  await picture(page, "preview", "くらしとしごとの相談センター に伝わる内容");
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText("くらしとしごとの相談センター に送りました。")).toBeVisible();

  const { page: there } = await login("kurashi");
  await expect(there.getByRole("heading", { name: /今日やること/ })).toBeVisible();
  await shot(there, "home-inbox");
  await there.getByRole("row", { name: number }).getByRole("link").first().click();
  await expect(there.getByText("内容は、開いてから表示されます。")).toBeVisible();
  await there.getByRole("button", { name: "開いて読む" }).click();
  await expect(there.getByText("090-0000-0000").first()).toBeVisible();
  await shot(there, "relay-view");
  await picture(there, "relay", "つなぎ R8-");
  await there.getByRole("button", { name: "受理する" }).click();
  await shot(there, "relay-accept");
  await there.getByRole("dialog").getByRole("button", { name: "受理する" }).click();
  await expect(there.getByText("受理しました。")).toBeVisible();
  await there.getByRole("button", { name: "結果を報告する" }).click();
  await there.getByRole("dialog").getByLabel("支援開始").check();
  await there.getByRole("dialog").getByLabel("くわしい内容").fill("家計相談を始めました。");
  await there.getByRole("dialog").getByRole("button", { name: "報告する" }).click();
  await expect(there.getByText("報告しました。")).toBeVisible();

  await page.goto("/");
  await page.getByRole("row", { name: number }).getByRole("link").first().click();
  await expect(page.getByText("家計相談を始めました。")).toBeVisible();
  await page.getByRole("button", { name: "報告を確認した" }).click();
  await expect(page.getByText("報告を確認しました。")).toBeVisible();
  await page.goto(`${sheet}?tab=way`);
  await expect(page.getByRole("heading", { name: "バトンのみちすじ" })).toBeVisible();
  await shot(page, "sheet-way");
  await page.goto(`${sheet}?tab=consents`);
  await expect(page.getByRole("heading", { name: /同意 第1版/ })).toBeVisible();
  await shot(page, "sheet-consents");
  expect(info.errors).toEqual([]);
});
