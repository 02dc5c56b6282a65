import { accessible, expect, look, test } from "./service";
import { begin, deed, numberOf, preview, recorded, register, take, tick } from "./sheet";

const HOKEN = "保健センター";

test("she refuses, there is danger: asked for from the refused clause, approved by another, used once, followed up, and watched over", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page, "本人は話さない。腕にあざがある。");
  await page.getByLabel("高齢者虐待の疑い").check();
  const sheet = await register(page);
  const number = await numberOf(page);
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await tick(page, /^本人の意思/, "不同意");
  await tick(page, /^本人確認/, "面識");
  await recorded(page, "本人の意思を記録しました。");
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, [HOKEN], ["氏名・カナ・生年・性別", "リスク"]);
  await page.getByRole("link", { name: "同意によらない例外を申請する" }).first().click();

  // Agency and sections are chosen already; a text that is too short is refused at its field, and nothing is lost.
  await expect(page.getByText("本人の「不同意」が記録されています。").first()).toBeVisible();
  await expect(page.getByLabel("伝える相手")).toHaveValue(/.+/);
  await expect(page.getByRole("group", { name: /^伝える項目/ }).getByLabel("リスク")).toBeChecked();
  await page.getByLabel("法令の根拠").selectOption({ label: "高齢者虐待の通報(高齢者虐待防止法7条)" });
  await page.getByLabel("根拠となる事実").fill("新しいあざがあり、本人は理由を話さない。");
  await page.getByLabel("同意を得ない(得られない)理由").fill("家族を気づかい、伝えないでほしいと言う。");
  await page.getByLabel("本人や第三者に不利益がないか").fill("家族に知られると危険が増す。伝える先を限る。");
  await page.getByLabel("あとで本人に説明し、同意を求める計画").fill("安全が確かめられたら説明する。");
  await look(page, "exception-form");
  watch.expected = /status of 422/;
  await page.getByRole("button", { name: "申請する" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "直してください" })).toBeFocused();
  await expect(page.getByLabel("根拠となる事実")).toHaveAttribute("aria-invalid", "true");
  await accessible(page);
  watch.expected = /^$/;
  await page.getByLabel("根拠となる事実").fill("三日続けて新しいあざがあり、今日は右腕が上がらない。本人は理由を話さないが、同居の家族が怒鳴る声を近所の人が聞いている。");
  await page.getByRole("button", { name: "申請する" }).click();
  await expect(page.getByText("例外を申請しました。")).toBeVisible();
  await expect(page.getByRole("link", { name: "この例外でつなぐ" })).toHaveCount(0);
  await look(page, "exception-view");
  const address = page.url();

  // Another person decides, from that person's own list of tasks.
  const { page: chief } = await login("kacho");
  await chief.getByRole("row", { name: number }).getByRole("link", { name: "例外の申請を承認するか決める" }).click();
  await expect(chief.getByText("三日続けて新しいあざ", { exact: false })).toBeVisible();
  await deed(chief, "承認する", "承認しました。");

  await page.goto(address);
  await page.getByRole("link", { name: "この例外でつなぐ" }).click();
  await expect(page.getByText("例外(高齢者虐待の通報)でつなぐ")).toBeVisible();
  await page.getByLabel("お願いしたいこと").fill("訪問をお願いします。");
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByRole("heading", { name: `${HOKEN} に伝わる内容` })).toBeVisible();
  await look(page, "exception-relay");
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText(`${HOKEN} に送りました。`)).toBeVisible();
  await expect(page.getByText("同意なしで伝えられています(根拠: 高齢者虐待の通報)")).toBeVisible();

  // The exception is used up; the receiver sees the basis of the relay, and only the sections that were asked for.
  await page.goto(address);
  await expect(page.getByText("使用済")).toBeVisible();
  await expect(page.getByRole("link", { name: "この例外でつなぐ" })).toHaveCount(0);
  const { page: hoken } = await login("hoken");
  await take(hoken, number);
  await expect(hoken.getByText("同意なしで伝えられています", { exact: false })).toBeVisible();
  await expect(hoken.getByText("腕にあざがある", { exact: false })).toHaveCount(0);

  // A second exception is rejected, with a reason that the clerk reads.
  await page.goto(`${sheet}/exception`);
  await page.getByLabel("法令の根拠").selectOption({ label: "その他の法令に基づく求め(令状・照会など)(個人情報保護法69条1項・27条1項1号(その法令の条文は事実に記録))" });
  await page.getByLabel("伝える相手").selectOption({ label: "納税課" });
  await tick(page, /^伝える項目/, "リスク");
  await page.getByLabel("根拠となる事実").fill("照会の文書が届いた。求めている内容は所得の状況であり、虐待とは別のことだが、根拠の条文がはっきりしないため判断を仰ぎたい。");
  await page.getByLabel("同意を得ない(得られない)理由").fill("不同意のため。");
  await page.getByLabel("本人や第三者に不利益がないか").fill("あるかもしれない。");
  await page.getByLabel("あとで本人に説明し、同意を求める計画").fill("説明する。");
  await page.getByLabel("求めた人・機関").fill("見本の照会者");
  await page.getByLabel(/^求めの日付/).fill("R8.4.1");
  await page.getByLabel("文書番号").fill("見本第1号");
  await page.getByRole("button", { name: "申請する" }).click();
  await expect(page.getByText("例外を申請しました。")).toBeVisible();
  const second = page.url();
  const { page: officer, watch: heard } = await login("hogo");
  await expect(officer.getByRole("heading", { name: "個人情報保護の一覧" })).toBeVisible();
  await look(officer, "privacy");
  await officer.getByRole("row", { name: number }).filter({ hasText: "納税課" }).getByRole("link").first().click();
  await deed(officer, "承認しない", "承認しないことを記録しました。", (dialog) => dialog.getByLabel("理由").fill("必要性が書かれていません。"));
  await page.goto(second);
  await expect(page.getByText("必要性が書かれていません。")).toBeVisible();

  // The privacy officer follows up, and finds every disclosure with its basis, without the words of the sheet.
  await officer.goto(address);
  await deed(officer, "事後対応を記録する", "事後対応を記録しました。", (dialog) => dialog.getByLabel("行ったこと").fill("本人に説明した。"));
  await officer.goto("/");
  await officer.getByRole("row", { name: /^高齢者虐待の通報 1件/ }).getByRole("link", { name: "内訳を見る" }).click();
  await expect(officer.getByRole("row").filter({ hasText: HOKEN })).toHaveCount(1);
  await look(officer, "disclosures");
  await officer.getByRole("main").getByLabel("根拠").selectOption({ label: "本人の同意" });
  await expect(officer.getByText("この条件の記録はありません。").or(officer.getByRole("row").nth(1))).toBeVisible();
  expect(heard.bodies.filter((body) => body.includes("腕にあざがある"))).toEqual([]);
  await officer.goto("/exceptions");
  await expect(officer.getByRole("row", { name: number })).toHaveCount(2);
  await look(officer, "exceptions");
});
