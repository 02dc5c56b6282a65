import { accessible, expect, look, test } from "./service";
import { agree, begin, consent, deed, numberOf, register, relay, take, tick } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";
const HOKEN = "保健センター";
const NOZEI = "納税課";
const [IDENTITY, WORDS] = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"] as const;

test("each revision says when, by whom and what; those of the draft are not asked for", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  await page.getByRole("link", { name: "内容を直す" }).click();
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  await page.getByRole("group", { name: /^緊急度/ }).getByRole("radio", { name: /^緊急/ }).check();
  await page.getByRole("button", { name: "変更を保存する" }).click();
  await page.getByRole("link", { name: "改訂" }).click();
  const cards = page.getByRole("main").locator("section.card");
  await expect(cards).toHaveCount(2);
  await expect(cards.first()).toContainText(/令和\d+年.*見本 窓子/);
  await expect(cards.first().getByRole("row", { name: /^本人の希望/ })).toContainText("家に住み続けたい。");
  await expect(cards.first().getByRole("row", { name: /^緊急度/ })).toContainText("緊急");
  await expect(cards.last()).toContainText("受付を確定したときの内容です。");
  await look(page, "revisions-dated");
});

test("the way is a picture with its branches, also for the auditor, who finds the sheet by its number; what holds up closing is named", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI, HOKEN, NOZEI], [IDENTITY, WORDS]);
  await relay(page, [KURASHI, HOKEN]);
  const { page: kurashi, watch } = await login("kurashi");
  watch.expected = /status of 409/;
  await take(kurashi, number);
  // The sheet is passed on from its own screen, under the accepted relay.
  await kurashi.goto(sheet);
  await relay(kurashi, [NOZEI]);

  await page.goto(`${sheet}?tab=way`);
  const picture = page.getByRole("list", { name: "つなぎの図" });
  const first = picture.locator("> li > ol > li");
  await expect(first).toHaveCount(2);
  await expect(first.filter({ hasText: HOKEN })).toContainText("返事を待っています");
  const branch = first.filter({ hasText: KURASHI });
  await expect(branch).toContainText("いまの主担当");
  await expect(branch.locator("> ol > li")).toContainText(NOZEI);
  await look(page, "way-branches");

  // The holder knows of its own relays, and only that there is another one.
  await kurashi.goto(sheet);
  await kurashi.getByRole("button", { name: "終結する" }).click();
  const dialog = kurashi.getByRole("dialog");
  await dialog.getByLabel("理由").fill("終わり。");
  await dialog.getByRole("button", { name: "終結する" }).click();
  await expect(dialog.getByRole("alert")).toContainText(`${KURASHI}(受理)、${NOZEI}(送付済)、ほかに1件`);
  await accessible(kurashi);
  // What was tried in vain is told to the colleagues without blame.
  await page.goto(`${sheet}?tab=way`);
  await expect(page.getByRole("cell", { name: "行われなかった操作" }).first()).toBeVisible();
  await expect(page.getByRole("cell", { name: /拒否/ })).toHaveCount(0);

  const { page: auditor } = await login("kansa");
  await auditor.getByLabel("シートの番号").fill(number.toLowerCase().replaceAll(/[\d-]/g, (one) => String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0)));
  await auditor.getByRole("button", { name: "さがす", exact: true }).click();
  const link = auditor.getByRole("link", { name: "シートの経過" });
  const path = new URL(sheet).pathname;
  await expect(auditor.locator(`a[href="${path}?tab=way"]`).first()).toBeVisible();
  await expect(link.and(auditor.locator(`a:not([href^="${path}"])`))).toHaveCount(0);
  await link.first().click();
  await expect(auditor.getByRole("list", { name: "つなぎの図" }).getByText(NOZEI)).toBeVisible();
  await auditor.goto("/disclosures");
  await expect(auditor.getByRole("row", { name: number }).filter({ hasText: NOZEI })).toBeVisible();
});

test("who shut somebody out is asked about it again; without a consent in force the first button asks for one", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], [IDENTITY, WORDS]);
  await page.getByText("伝えてほしくない機関").first().click();
  const out = page.getByRole("group", { name: /^伝えてほしくない機関/ });
  await tick(page, /^伝えてほしくない機関/, NOZEI);
  await page.getByRole("group", { name: /^本人確認/ }).getByRole("radio", { name: "書類" }).check();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByRole("link", { name: "つなぐ", exact: true }).and(page.locator(".primary"))).toBeVisible();
  await relay(page, [HOKEN]);
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await deed(page, "同意をやめる(撤回)", "撤回を記録しました。", undefined, "撤回を記録する");
  await page.goto(sheet);
  await expect(page.getByText("撤回", { exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "同意をいただく" }).and(page.locator(".primary"))).toBeVisible();
  await page.getByRole("link", { name: "同意をいただく" }).click();
  // The agency is still excluded; somebody who refuses is not asked, and an answer that changes loses nothing.
  const nozei = out.getByRole("checkbox", { name: new RegExp(`^${NOZEI}`) });
  await expect(nozei).toBeChecked();
  const decision = page.getByRole("group", { name: /^本人の意思/ });
  await decision.getByRole("radio", { name: "不同意", exact: true }).check();
  await expect(out).not.toBeVisible();
  await decision.getByRole("radio", { name: "同意", exact: true }).check();
  await expect(nozei).toBeChecked();
});
