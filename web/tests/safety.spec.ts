import { accessible, enter, expect, look, test, Watch } from "./service";
import { begin, confirmed, consent, deed, numberOf, preview, register, relay, saved, tick } from "./sheet";

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

test("where nobody can say who is logged in, the log-in appears; asked again, the session is still there", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 500/;
  await page.route("**/api/v1/session", (route) => route.fulfill({ status: 500 }), { times: 1 });
  await page.reload();
  await expect(page.getByLabel("ログイン名")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeVisible();
});

test("the log-in can be typed into before the scripts are there, and sends nothing until then", async ({ browser, service }) => {
  const context = await browser.newContext({ baseURL: service.url });
  const watch = new Watch(context, service.url);
  watch.expected = /status of 401/;
  const page = await context.newPage();
  let release = (): void => undefined;
  const released = new Promise<void>((resume) => {
    release = resume;
  });
  const asked: string[] = [];
  page.on("request", (request) => {
    if (!request.url().includes("/assets/")) asked.push(request.url());
  });
  await page.route("**/assets/*.js", async (route) => {
    await released;
    await route.continue();
  });
  await page.goto("/sheets", { waitUntil: "commit" });
  const send = page.getByRole("button", { name: "ログインする" });
  await expect(send).toBeDisabled();
  await page.getByLabel("ログイン名").fill("madoguchi");
  await page.getByLabel("パスワード").fill("tsunagu-demo");
  await page.keyboard.press("Enter");
  expect(asked).toEqual([`${service.url}/sheets`]);
  release();
  await expect(send).toBeEnabled();
  await expect(page.getByLabel("ログイン名")).toHaveValue("madoguchi");
  await expect(page.getByLabel("パスワード")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeVisible();
  expect(page.url()).toBe(`${service.url}/sheets`);
  await context.close();
  expect(watch.said).toEqual([]);
});

test("a screen whose script does not come says so, and is there once it is read again", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /ERR_FAILED|Failed to fetch dynamically imported module/;
  await page.route("**/assets/*.js", (route) => route.abort());
  await page.getByRole("link", { name: "シートをさがす" }).click();
  await expect(page.getByRole("heading", { name: "画面を表示できませんでした" })).toBeVisible();
  await accessible(page);
  await page.unroute("**/assets/*.js");
  await page.getByRole("button", { name: "読み込み直す" }).click();
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeVisible();
});

test("a link in a mail leads whoever is logged in to the screen, though the browser hides the session from the link", async ({ login, service }) => {
  const { page } = await login("madoguchi");
  await page.goto(`data:text/html,<a href="${service.url}/sheets">link</a>`);
  const asked = page.waitForRequest(`${service.url}/sheets`);
  await page.getByRole("link").click();
  expect((await (await asked).allHeaders()).cookie).toBeUndefined();
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeVisible();
  await expect(page.getByLabel("ログイン名")).toHaveCount(0);
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
  await expect(next.getByRole("heading", { name: /下書き/ })).toBeVisible();
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
  // A stale save is refused with 412, which the browser writes to its console.
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
  await confirmed(page);
  const summary = page.getByRole("alert");
  await expect(summary).toBeFocused();
  await accessible(page);
  await summary.getByRole("link", { name: /氏\(カナ\)/ }).click();
  await expect(page.getByLabel("氏(カナ)")).toBeFocused();
  await page.getByLabel("氏(カナ)").fill("みほん");
  await register(page);
});

test("a withdrawal closes the content that another agency had before its eyes", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "撤回するかもしれない話。");
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, ["保健センター"]);
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

  // The agency is asked about the copies, and answers on a separate screen.
  await there.getByRole("link", { name: "ホーム" }).click();
  await there.getByRole("row", { name: number }).getByRole("link", { name: "停止の通知に答える" }).click();
  await expect(there.getByText("同意の撤回")).toBeVisible();
  await accessible(there);
  await look(there, "stops");
  await deed(there, "写しをどうしたかを答える", "回答しました。", (dialog) => dialog.getByLabel("廃棄・消去した").check());
  await expect(there.getByText("回答済")).toBeVisible();
  await there.getByRole("link", { name: "ホーム" }).click();
  await expect(there.getByRole("heading", { name: "ホーム" })).toBeVisible();
  await expect(there.getByText("読み込んでいます…")).toHaveCount(0);
  await expect(there.getByRole("row", { name: number }).getByRole("link", { name: "停止の通知に答える" })).toHaveCount(0);
});

test("what changes after it was looked at is looked at again before it is sent", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await consent(page, ["くらしとしごとの相談センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, ["くらしとしごとの相談センター"]);
  const send = page.getByRole("button", { name: "送る", exact: true });
  await expect(send).toBeVisible();
  const other = await page.context().newPage();
  const say = async (words: string): Promise<void> => {
    await other.goto(sheet.replace("/sheets/", "/sheets/edit/"));
    await other.getByLabel("本人の言葉・相談内容").fill(words);
    await other.getByRole("button", { name: "変更を保存する" }).click();
    await expect(other.getByText(words)).toBeVisible();
  };
  await say("家賃を二か月払っていない。");
  watch.expected = /status of (409|500)/;
  await send.click();
  const told = page.getByRole("alert").filter({ hasText: "確かめた後にシートが変わりました。" });
  await expect(told).toBeFocused();
  await expect(page.getByText("家賃を二か月払っていない。")).toBeVisible();

  // If the new preview fails as well, the button offers the preview again.
  await say("家賃を三か月払っていない。");
  await page.route("**/relays/preview", (route) => route.fulfill({ status: 500 }), { times: 1 });
  await send.click();
  await expect(told).toBeFocused();
  await expect(send).toHaveCount(0);
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByText("家賃を三か月払っていない。")).toBeVisible();
  await accessible(page);
  await send.click();
  await expect(page.getByText(/に送りました。/)).toBeVisible();
});

test("an oral consent waits for the witness, who confirms on an own screen", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
  await page.getByRole("group", { name: /^本人の意思/ }).getByLabel("同意", { exact: true }).check();
  await tick(page, /^伝えてよい機関/, "保健センター");
  await page.getByRole("group", { name: /^伝えてよい項目/ }).getByLabel("氏名・カナ・生年・性別").check();
  await page.getByRole("group", { name: /^本人確認/ }).getByLabel("面識").check();
  await page.getByRole("group", { name: /^同意の方法/ }).getByLabel("口頭").check();
  await page.getByLabel("立会人(記録する人以外の職員)").selectOption({ label: "見本 課長" });
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText(/立会人がそれぞれのログインで確認すると/)).toBeVisible();
  const { page: chief } = await login("kacho");
  await chief.getByRole("row", { name: number }).getByRole("link", { name: "立会人として確認する" }).click();
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

test("over a slow network the draft is one sheet, nothing typed is lost, and the form says that it saves", async ({ login }) => {
  const { page } = await login("madoguchi");
  const network = await page.context().newCDPSession(page);
  await page.goto("/sheets/edit");
  await expect(page.getByLabel("本人確認済")).toBeVisible();
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 1500, downloadThroughput: 20_000, uploadThroughput: 20_000 });
  await page.getByLabel("本人の言葉・相談内容").fill("はじめのことば。");
  await expect(page.getByText("保存しています…")).toBeVisible();
  // The clerk goes on typing while the first saving is under way.
  await page.getByLabel("本人の希望").fill("つぎのことば。");
  await expect(page).toHaveURL(/\/sheets\/edit\/.+/);
  await saved(page);
  await expect(page.getByLabel("本人の希望")).toHaveValue("つぎのことば。");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await page.reload();
  await expect(page.getByLabel("本人の言葉・相談内容")).toHaveValue("はじめのことば。");
  await expect(page.getByLabel("本人の希望")).toHaveValue("つぎのことば。");
});

test("an answer that is lost on its way does the deed once", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await consent(page, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  watch.expected = /ERR_FAILED/;
  let times = 0;
  await page.route(/\/api\/v1\/sheets\/[^/]+\/relays$/, async (route) => {
    times += 1;
    if (times > 1) return route.continue();
    // The service carries out the request, but its answer never arrives.
    await route.fetch();
    return route.abort();
  });
  await relay(page, ["保健センター"]);
  expect(times).toBe(2);
  await page.goto(`${sheet}?tab=way`);
  await expect(page.getByRole("list", { name: "つなぎの図" }).getByRole("listitem")).toHaveCount(2);
});

test("back and forward lose nothing that was typed, and a service that starts anew in the middle is waited for", async ({ login, service }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await register(page);
  await consent(page, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await page.getByLabel("お願いしたいこと").fill("訪問をお願いします。");
  await page.goBack();
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
  await page.goForward();
  await expect(page.getByLabel("お願いしたいこと")).toHaveValue("訪問をお願いします。");
  await tick(page, /^つなぎ先/, "保健センター");
  await page.getByRole("button", { name: "同意された項目をすべて選ぶ" }).click();
  watch.expected = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/;
  await service.stop();
  await page.getByRole("button", { name: "伝わる内容を確かめる" }).click();
  await expect(page.getByText(/サービスにつながりません/)).toBeVisible();
  await service.start();
  await expect(page.getByRole("heading", { name: "保健センター に伝わる内容" })).toBeVisible();
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText("保健センター に送りました。")).toBeVisible();
  // Back in the form that was sent, nothing is left that could be sent again by mistake.
  await page.goBack();
  await expect(page.getByLabel("お願いしたいこと")).toHaveValue("");
});

test("what somebody else has written is refused at once, in words, and everything else goes on", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  watch.expected = /status of 503/;
  await begin(page);
  const sheet = await register(page);
  const document = { type: "urn:tsunagu:problem:state-diverged", status: 503, detail: "監査証跡と合いません。", trace_id: "0123456789abcdef" };
  let asked = 0;
  await page.route(/\/api\/v1\/sheets\/[0-9a-f-]{36}$/, async (route) => {
    asked += 1;
    await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(document) });
  });
  await page.goto(sheet);
  await expect(page.getByText("監査証跡と合いません。 問い合わせ番号: 0123456789abcdef")).toBeVisible();
  // Nobody waits for a service that is there.
  await expect(page.getByText(/サービスにつながりません/)).toHaveCount(0);
  expect(asked).toBe(1);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});
