import { accessible, enter, expect, test } from "./service";
import { begin, consent, numberOf, register, relay, saved } from "./sheet";

test("a lost session keeps what was typed, and goes on where it was", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await saved(page);
  watch.expected = /status of 401/;
  await page.context().clearCookies();
  await page.getByLabel("本人の希望").fill("家に住み続けたい。");
  const dialog = page.getByRole("dialog", { name: "もう一度ログインしてください" });
  await expect(dialog).toBeVisible();
  await accessible(page);
  await dialog.getByLabel("ログイン名").fill("madoguchi");
  await dialog.getByLabel("パスワード").fill("まちがい");
  await dialog.getByRole("button", { name: "ログインする" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByLabel("パスワード").fill("tsunagu-demo");
  await dialog.getByRole("button", { name: "ログインする" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
  await saved(page);
  await page.reload();
  await expect(page.getByLabel("本人の希望")).toHaveValue("家に住み続けたい。");
});

test("another person who logs in over a lost session sees nothing of what was typed", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page, "だれにも見せないことば");
  await saved(page);
  watch.expected = /status of 401/;
  await page.context().clearCookies();
  await page.getByLabel("本人の希望").fill("希望");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("ログイン名").fill("zei");
  await dialog.getByLabel("パスワード").fill("tsunagu-demo");
  page.once("dialog", (asked) => void asked.accept());
  await dialog.getByRole("button", { name: "ログインする" }).click();
  await expect(page.getByText("納税課 見本 税さん")).toBeVisible();
  await expect(page.getByText("だれにも見せないことば")).toHaveCount(0);
});

test("a crash loses nothing, and home leads back to the draft", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "途中まで話した。");
  await saved(page);
  const draft = page.url();
  const next = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  await next.goto("/");
  await expect(next.getByRole("heading", { name: /書きかけのシート/ })).toBeVisible();
  await next.goto(draft);
  await expect(next.getByLabel("本人の言葉・相談内容")).toHaveValue("途中まで話した。");
});

test("two tabs: what only one changed is taken over, what both changed is asked about", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page, "はじめの話。");
  await saved(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(other.getByLabel("本人の言葉・相談内容")).toHaveValue("はじめの話。");
  await other.getByLabel("本人の希望").fill("二つめの画面の希望");
  await saved(other);
  // A stale save is refused with 412, which the browser itself notes.
  watch.expected = /status of 412/;
  await page.getByLabel("本人の言葉・相談内容").fill("一つめの画面の話");
  await expect(page.getByText("ほかの画面での変更を取り込みました。")).toBeVisible();
  await expect(page.getByLabel("本人の希望")).toHaveValue("二つめの画面の希望");
  await other.getByLabel("本人の言葉・相談内容").fill("二つめの画面の話");
  const dialog = other.getByRole("dialog", { name: "ほかの画面で変更されていました" });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByText("一つめの画面の話")).toBeVisible();
  await expect(dialog.getByText("二つめの画面の話")).toBeVisible();
  await accessible(other);
  await dialog.getByLabel(/ほかの画面で保存されたもの/).check();
  await dialog.getByRole("button", { name: "選んだ内容で保存する" }).click();
  await expect(other.getByLabel("本人の言葉・相談内容")).toHaveValue("一つめの画面の話");
  await saved(other);
});

test("while the service is away nothing is lost, and it is sent when the service is back", async ({ login, service }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await saved(page);
  watch.expected = /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/;
  await service.stop();
  await page.getByLabel("本人の希望").fill("止まっている間に書いた。");
  await expect(page.getByText(/サービスにつながりません/)).toBeVisible();
  await accessible(page);
  await service.start();
  await expect(page.getByText(/サービスにつながりません/)).toBeHidden();
  await saved(page);
  await page.context().setOffline(true);
  await page.getByLabel("本人の希望").fill("通信が切れている間に書いた。");
  await expect(page.getByText(/サービスにつながりません/)).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText(/サービスにつながりません/)).toBeHidden();
  await register(page);
  await expect(page.getByText("通信が切れている間に書いた。")).toBeVisible();
});

test("what is wrong is named at its field and above, and the rest of the draft is saved", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 422/;
  await begin(page);
  await page.getByLabel("氏(カナ)").fill("mihon");
  await expect(page.getByText(/直すところを除いて、下書きを保存しました/)).toBeVisible();
  await expect(page.getByLabel("氏(カナ)")).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "受付を確定する" }).click();
  const summary = page.getByRole("alert");
  await expect(summary).toBeFocused();
  await accessible(page);
  await summary.getByRole("link", { name: /氏\(カナ\)/ }).click();
  await expect(page.getByLabel("氏(カナ)")).toBeFocused();
  await page.getByLabel("氏(カナ)").fill("みほん");
  await register(page);
});

test("a secret address stands on no screen and in no answer that another agency gets", async ({ login }) => {
  const secret = "見本区秘密町九丁目八番七号";
  const { page } = await login("madoguchi");
  await begin(page, "夫から逃げてきた。");
  await page.getByLabel("DV等支援措置").check();
  await page.getByLabel("住所 任意", { exact: true }).fill(secret);
  const sheet = await register(page);
  const number = await numberOf(page);
  await expect(page.getByText(secret)).toBeVisible();
  await consent(page, ["くらしとしごとの相談センター"], ["氏名・カナ・生年・性別", "住所", "本人の言葉・希望・対応"]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await page.getByRole("group", { name: /^つなぎ先/ }).getByLabel(/^くらしとしごと/).check();
  await page.getByLabel("お願いしたいこと").fill("相談をお願いします。");
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await page.getByRole("button", { name: "住所を外す" }).click();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText(/に送りました。/)).toBeVisible();

  const { page: there, watch } = await login("kurashi");
  await there.getByRole("row", { name: number }).getByRole("link").click();
  await there.getByRole("button", { name: "開いて読む" }).click();
  await expect(there.getByText("夫から逃げてきた。")).toBeVisible();
  await there.getByRole("button", { name: "受理する" }).click();
  await there.getByRole("dialog").getByRole("button", { name: "受理する" }).click();
  await expect(there.getByText("受理しました。")).toBeVisible();
  for (const address of ["", "?tab=way", "?tab=consents", "/relay", "/papers", "/consent"]) {
    await there.goto(sheet.replace(/\?.*$/, "") + address);
    await expect(there.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(there.getByText("読み込んでいます…")).toHaveCount(0);
    expect(await there.content()).not.toContain("秘密町");
  }
  await there.goto("/sheets");
  await there.getByLabel("カナ(氏のはじめ) ※必須").fill("みほん");
  await there.getByRole("button", { name: "さがす", exact: true }).click();
  await expect(there.getByText(/件見つかりました/)).toBeVisible();
  expect(watch.bodies.length).toBeGreaterThan(10);
  expect(watch.bodies.filter((body) => body.includes("秘密町"))).toEqual([]);
});

test("a withdrawal closes the content that another agency had before its eyes", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "撤回するかもしれない話。");
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, "保健センター");
  const { page: there } = await login("hoken");
  await there.getByRole("row", { name: number }).getByRole("link").click();
  await there.getByRole("button", { name: "開いて読む" }).click();
  await expect(there.getByText("撤回するかもしれない話。")).toBeVisible();
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await page.getByRole("button", { name: "同意をやめる(撤回)" }).click();
  await accessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "撤回を記録する" }).click();
  await expect(page.getByText("撤回を記録しました。")).toBeVisible();
  await there.reload();
  await expect(there.getByText("停止", { exact: true })).toBeVisible();
  await expect(there.getByText("撤回するかもしれない話。")).toHaveCount(0);
});

test("an oral consent waits for the witness, who confirms on an own screen", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true }).check();
  await page.getByRole("group", { name: /^伝えてよい機関/ }).getByLabel(/^保健センター/).check();
  await page.getByRole("group", { name: /^伝えてよい項目/ }).getByLabel("氏名・カナ・生年・性別").check();
  await page.getByRole("group", { name: /^本人確認/ }).getByLabel("面識").check();
  await page.getByRole("group", { name: /^同意の方法/ }).getByLabel("口頭").check();
  await page.getByLabel("立会人(記録する人以外の職員)").selectOption({ label: "見本 課長" });
  await page.getByRole("button", { name: "読み上げて確かめる" }).click();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText(/立会人がそれぞれのログインで確認すると/)).toBeVisible();
  const { page: chief } = await login("kacho");
  await chief.getByRole("row", { name: number }).getByRole("link", { name: "証人として確認する" }).click();
  await chief.getByRole("button", { name: "確認しました" }).click();
  await chief.getByRole("dialog").getByRole("button", { name: "確認しました" }).click();
  await expect(chief.getByText("立会いの結果を記録しました。")).toBeVisible();
  await expect(chief.getByText("有効", { exact: true }).first()).toBeVisible();
});

test("who logs out leaves nothing behind", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "残ってはいけないことば");
  await saved(page);
  await page.getByRole("button", { name: "ログアウト" }).click();
  await expect(page.getByRole("heading", { name: /ログイン/ })).toBeVisible();
  await enter(page, "zei");
  await page.goBack().catch(() => undefined);
  expect(await page.content()).not.toContain("残ってはいけないことば");
  const stored = await page.evaluate(async () => [
    JSON.stringify(localStorage),
    JSON.stringify(sessionStorage),
    JSON.stringify(await indexedDB.databases()),
    JSON.stringify(await caches.keys()),
  ]);
  expect(stored).toEqual(["{}", "{}", "[]", "[]"]);
});
