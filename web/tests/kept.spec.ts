import { accessible, enter, expect, test } from "./service";
import { agree, begin, confirmed, consent, deed, numberOf, pick, preview, register, relay, saved, take, tick } from "./sheet";

const HOKEN = "保健センター";
const [IDENTITY, WORDS] = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"];

test("a date that is not whole is refused and not lost, in a draft, in a dialog, and beside a button", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await begin(page);
  const born = page.getByLabel(/^生年月日/).first();
  await born.fill("昭61.4.");
  await expect(page.getByText(/直すところを除いて、下書きを保存しました/)).toBeVisible();
  await expect(page.getByText("読み取れません。元号か西暦をつけて、例のように書いてください。")).toBeVisible();
  await confirmed(page);
  await expect(page.getByRole("alert").filter({ hasText: "直してください" })).toBeFocused();
  await accessible(page);
  // The draft is saved, and the page says so.
  await expect(page.getByText(/下書きを保存しました/)).toBeVisible();
  await born.fill("昭61.4.1");
  await saved(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await expect(page.getByText("昭和61年4月1日", { exact: true })).toBeVisible();

  await consent(page, [HOKEN], [IDENTITY, WORDS]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, [HOKEN]);
  // A key in a field never sends, even when nothing would be refused.
  const send = page.getByRole("button", { name: "送る", exact: true });
  await expect(send).toBeVisible();
  let sent = 0;
  page.on("request", (request) => (sent += request.method() === "POST" && request.url().endsWith("/relays") ? 1 : 0));
  const due = page.getByLabel(/^回答期限/);
  await due.press("Enter");
  await due.fill("9");
  await send.click();
  await expect(page.getByText("日付を、例のように年・月・日まで書いてください。")).toBeVisible();
  expect(sent).toBe(1);
  await due.fill("");
  await send.click();
  await expect(page.getByText(/に送りました。/)).toBeVisible();
  expect(page.url()).toBe(sheet);

  const { page: hoken, watch: heard } = await login("hoken");
  heard.expected = /status of 422/;
  await pick(hoken, number);
  await hoken.getByRole("button", { name: "受理する" }).click();
  const dialog = hoken.getByRole("dialog");
  const day = dialog.getByRole("textbox").first();
  await day.fill("12月1日");
  await dialog.getByRole("button", { name: "受理する" }).click();
  await expect(dialog.getByText("日付を、例のように年・月・日まで書いてください。")).toBeVisible();
  await expect(day).toHaveValue("12月1日");
});

test("what was typed into a deed stays when a colleague was faster", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN], [IDENTITY, WORDS]);
  await relay(page, [HOKEN]);
  const { page: hoken, watch } = await login("hoken");
  await take(hoken, number);
  const other = await hoken.context().newPage();
  await other.goto(hoken.url());
  await hoken.getByRole("button", { name: "結果を報告する" }).click();
  const dialog = hoken.getByRole("dialog");
  await dialog.getByLabel("支援開始").check();
  await dialog.getByLabel("くわしい内容").fill("訪問し、見本 花子さんに会えた。");
  // A key that is pressed by mistake makes the page ask first.
  hoken.once("dialog", (asked) => void asked.dismiss());
  await hoken.keyboard.press("Escape");
  await expect(dialog.getByLabel("くわしい内容")).toHaveValue("訪問し、見本 花子さんに会えた。");
  await deed(other, "結果を報告する", "報告しました。", (shown) => shown.getByLabel("支援開始").check(), "報告する");
  watch.expected = /status of (409|412)/;
  await dialog.getByRole("button", { name: "報告する" }).click();
  await expect(dialog.getByText("ほかの人が先に操作しました。")).toBeVisible();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(dialog.getByLabel("くわしい内容")).toHaveValue("訪問し、見本 花子さんに会えた。");
  await accessible(hoken);
  await dialog.getByRole("button", { name: "やめる" }).click();
  await expect(hoken.getByRole("button", { name: "結果を報告する" })).toHaveCount(0);
  // After the report the sheet may still be passed on, from the relay's screen and from the sheet's.
  const at = hoken.url();
  for (const way of ["さらにつなぐ", "つなぐ"]) {
    await hoken.goto(at);
    if (way === "つなぐ") await hoken.getByRole("main").getByRole("link", { name: /^シート/ }).last().click();
    await hoken.getByRole("main").getByRole("link", { name: way, exact: true }).click();
    await preview(hoken, ["くらしとしごとの相談センター"]);
    await expect(hoken.locator("section.preview")).toBeVisible();
  }
});

test("what was changed in a registered sheet waits while another screen is looked at, also when somebody else changes it", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await page.getByRole("link", { name: "内容を直す" }).click();
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  await page.getByLabel("回答しない").check();
  page.once("dialog", (asked) => void asked.accept());
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();
  const { page: chief } = await login("kacho");
  await chief.goto(sheet.replace("/sheets/", "/sheets/edit/"));
  await chief.getByRole("textbox", { name: "当課の対応" }).fill("課長が電話した。");
  await chief.getByRole("group", { name: /^性別/ }).getByLabel("その他").check();
  await chief.getByRole("button", { name: "変更を保存する" }).click();
  await expect(chief.getByText("課長が電話した。")).toBeVisible();
  await page.goBack();
  // Both sides are shown in words, as everywhere.
  const dialog = page.getByRole("dialog", { name: "ほかの画面で変更されていました" });
  const sex = dialog.getByRole("group", { name: "性別" });
  await expect(sex.getByText("その他")).toBeVisible();
  await sex.getByRole("radio").filter({ visible: true }).first().check();
  await expect(sex.getByText("回答しない")).toBeVisible();
  await dialog.getByRole("button", { name: "選んだ内容で保存する" }).click();
  await expect(page.getByText("まだ保存していない変更があります")).toBeVisible();
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
  await expect(page.getByRole("textbox", { name: "当課の対応" })).toHaveValue("課長が電話した。");
  await page.getByRole("button", { name: "変更を保存する" }).click();
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
  await expect(page.getByText("家に住み続けたい。")).toBeVisible();
  await expect(page.getByText("課長が電話した。")).toBeVisible();
  await page.getByRole("link", { name: "改訂" }).or(page.getByRole("tab", { name: "改訂" })).first().click();
  await expect(page.getByRole("row", { name: /^性別/ }).first()).toContainText("回答しない");
  await page.getByRole("link", { name: "内容を直す" }).click();
  await expect(page.getByText("まだ保存していない変更があります")).toHaveCount(0);
});

test("a consent is not recorded before all of it is there; a part of nothing is not taken back; home shows what it waits for", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "4か所を直してください" })).toBeFocused();
  await accessible(page);
  // A form that stands only in memory is not closed without a question, and is still there when the answer is no.
  await tick(page, /^本人の意思/, "同意");
  page.once("dialog", (asked) => void asked.dismiss());
  const question = page.waitForEvent("dialog");
  await page.evaluate(() => window.location.reload());
  expect((await question).type()).toBe("beforeunload");
  await expect(page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true })).toBeChecked();
  await page.goBack();
  await agree(page, [HOKEN], [IDENTITY, WORDS]);
  await tick(page, /^本人確認/, "書類");
  await page.locator("summary", { hasText: "伝えてほしくない機関" }).click();
  await page.getByLabel("伝えてほしくない相手・事項").fill("職場には言わないで。");
  // A period that is no date is refused.
  const until = page.getByLabel(/^いつまで有効か/);
  await until.fill("9");
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.locator("p.error", { hasText: "日付を、例のように年・月・日まで書いてください。" })).toBeVisible();
  await until.fill("");
  await expect(page.locator(".sentence").getByText("職場には言わないで。")).toBeVisible();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText("同意を記録しました。")).toBeVisible();

  await page.getByRole("link", { name: "ホーム" }).click();
  const waits = page.getByRole("heading", { name: /^対応中/ });
  await expect(waits).toBeVisible();
  await page.getByRole("row", { name: number }).getByRole("link").first().click();
  await page.getByRole("tab", { name: "同意" }).or(page.getByRole("link", { name: "同意", exact: true })).first().click();
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await page.getByRole("button", { name: "同意をやめる(撤回)" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("一部をやめる").check();
  watch.expected = /status of 422/;
  await dialog.getByRole("button", { name: "撤回を記録する" }).click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(dialog.getByRole("link", { name: /^やめる機関: やめる相手か項目を、一つ以上選んでください。/ })).toBeVisible();
  await accessible(page);
  await dialog.getByRole("checkbox", { name: WORDS }).check();
  await dialog.getByRole("button", { name: "撤回を記録する" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText("有効", { exact: true }).first()).toBeVisible();
});

test("Back shows a search again with what it found, which stands nowhere but in memory; every other way begins anew", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await page.getByLabel(/^生年月日/).first().fill("昭和61年4月1日");
  await register(page);
  const number = await numberOf(page);
  let asked = 0;
  const seen: string[] = [];
  page.on("request", (request) => (asked += request.url().includes("/sheets/search") ? 1 : 0));
  page.on("framenavigated", () => seen.push(page.url()));
  const menu = page.getByRole("navigation").getByRole("link", { name: "シートをさがす" });
  const kana = page.getByLabel("カナ(氏のはじめ) 任意");
  const go = page.getByRole("button", { name: "さがす", exact: true });
  const found = page.getByText(/^\d+件見つかりました$/);
  // The first row is from the search, which stands above the list.
  const hit = page.getByRole("row", { name: number }).first().getByRole("link").first();
  await menu.click();
  await kana.fill("みほ");
  await go.click();
  await expect(found).toBeVisible();
  await page.getByLabel("状態でしぼる").selectOption({ label: "終結" });
  await hit.click();
  await expect(page.getByRole("heading", { name: `シート ${number}` })).toBeFocused();
  await page.goBack();
  await expect(kana).toHaveValue("みほ");
  await expect(found).toBeVisible();
  await expect(hit).toBeVisible();
  await expect(page.getByLabel("状態でしぼる").locator("option:checked")).toHaveText("終結");
  expect(asked).toBe(1);

  // The search begins anew, from the same screen and from another one.
  await menu.click();
  await expect(kana).toHaveValue("");
  await expect(found).toHaveCount(0);
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeFocused();
  await page.goBack();
  await expect(kana).toHaveValue("");
  await page.getByLabel("番号 任意").fill(number);
  await go.click();
  await expect(found).toHaveText("1件見つかりました");
  // All that is typed must fit.
  const sought = page.getByLabel("生年月日 任意");
  await sought.fill("昭和61年4月2日");
  await go.click();
  await expect(page.getByText("見つかりませんでした。", { exact: false })).toBeVisible();
  await page.getByLabel("氏名(氏のはじめ) 任意").fill("見本");
  await page.getByLabel("番号 任意").fill("");
  await sought.fill("昭和61年4月1日");
  await go.click();
  await expect(found).toBeVisible();
  await hit.click();
  await expect(page.getByRole("heading", { name: `シート ${number}` })).toBeFocused();
  await page.goBack();
  await expect(sought).toHaveValue("昭和61年4月1日");
  await expect(found).toBeVisible();
  const left = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state as unknown]));
  expect(decodeURI([left, ...seen].join("\n"))).not.toMatch(new RegExp(`みほ|ミホ|1986|${number}`));

  // The next person at this computer finds nothing of the search.
  await page.getByRole("link", { name: "ホーム" }).click();
  await page.getByRole("button", { name: "ログアウト" }).click();
  await expect(page.getByLabel("ログイン名")).toBeVisible();
  await page.goBack();
  await enter(page, "hoken");
  await expect(sought).toHaveValue("");
  await expect(found).toHaveCount(0);
});

test("Back finds the filters of a list again, and a reload does", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN], [IDENTITY, WORDS]);
  await relay(page, [HOKEN]);
  await page.getByRole("navigation").getByRole("link", { name: "つなぎ" }).click();
  const box = page.getByLabel("どちらのつなぎ").locator("option:checked");
  const state = page.getByLabel("状態でしぼる").locator("option:checked");
  await page.getByLabel("どちらのつなぎ").selectOption({ label: "送ったもの" });
  await page.getByLabel("状態でしぼる").selectOption({ label: "送付済" });
  await page.getByRole("row", { name: number }).getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: `つなぎ ${number}` })).toBeFocused();
  await page.goBack();
  for (const again of [() => page.reload(), () => Promise.resolve()]) {
    await expect(box).toHaveText("送ったもの");
    await expect(state).toHaveText("送付済");
    await expect(page.getByRole("row", { name: number })).toBeVisible();
    await again();
  }

  const { page: auditor } = await login("kansa");
  const of = auditor.getByLabel("シートの番号");
  const go = auditor.getByRole("button", { name: "さがす", exact: true });
  const at = auditor.url();
  await auditor.getByLabel("できごと").selectOption({ label: "つなぎを送付" });
  await auditor.getByLabel("機関").selectOption({ label: "福祉まるごと相談課" });
  await auditor.getByLabel("いつから").fill("2020-04-01");
  await of.fill("見本 花子");
  await go.click();
  await expect(auditor.getByText("シートの番号の形ではありません。", { exact: false })).toBeVisible();
  expect(auditor.url()).toBe(at);
  await of.fill(number);
  await go.click();
  await expect(auditor.getByText("シートの番号の形ではありません。", { exact: false })).toHaveCount(0);
  const link = auditor.getByRole("link", { name: "シートの経過" });
  await expect(link).toHaveCount(1);
  await link.click();
  await expect(auditor.getByRole("heading", { name: `シート ${number}` })).toBeFocused();
  await auditor.goBack();
  for (const again of [() => auditor.reload(), () => Promise.resolve()]) {
    await expect(auditor.getByRole("cell", { name: "つなぎを送付" })).toHaveCount(1);
    await expect(auditor.getByLabel("できごと").locator("option:checked")).toHaveText("つなぎを送付");
    await expect(auditor.getByLabel("機関").locator("option:checked")).toHaveText("福祉まるごと相談課");
    await expect(auditor.getByLabel("いつから")).toHaveValue("2020-04-01");
    await expect(of).toHaveValue(number);
    await again();
  }
});
