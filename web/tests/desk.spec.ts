import { writeFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { accessible, comeIn, expect, fits, look, test } from "./service";
import { begin, consent, numberOf, register, relay, saved } from "./sheet";

test("from log-in to sent takes at most 60 interactions besides typing", async ({ login }) => {
  const { page } = await login("madoguchi");
  // Counts each click, and each key that is not typing, where it arrives.
  await page.evaluate(() => {
    const counted = { n: 0 };
    Object.assign(globalThis, { counted });
    addEventListener("pointerdown", () => (counted.n += 1), true);
  });
  const click = async (name: string | RegExp): Promise<void> => page.getByRole("main").getByRole("link", { name }).first().click();
  await click("新しいシート");
  await page.getByLabel("本人確認済").check();
  for (const [field, text] of [["氏 任意", "見本"], ["名 任意", "花子"]] as const) {
    await page.getByLabel(field, { exact: true }).click();
    await page.keyboard.type(text);
  }
  for (const [field, text] of [["氏(カナ)", "ミホン"], ["名(カナ)", "ハナコ"]] as const) {
    await page.getByLabel(field).click();
    await page.keyboard.type(text);
  }
  await page.getByLabel("収入・生活費を主なもの(◎)にする").check();
  await page.getByLabel("本人の言葉・相談内容").click();
  await page.keyboard.type("家賃が払えない。");
  await page.getByRole("textbox", { name: "当課の対応" }).click();
  await page.keyboard.type("収支を聞き取った。");
  await page.getByLabel("なし(当てはまるものはない)").check();
  await register(page);
  await consent(page, ["くらしとしごとの相談センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, ["くらしとしごとの相談センター"]);
  const n = await page.evaluate(() => (globalThis as unknown as { counted: { n: number } }).counted.n);
  // Three more for the log-in: two fields and the button.
  test.info().annotations.push({ type: "interactions", description: String(n + 3) });
  expect(n).toBeGreaterThan(10);
  expect(n + 3).toBeLessThanOrEqual(60);
});

test("everything is done by keyboard: skip link, slash, order, Escape", async ({ login }) => {
  const { page } = await login("madoguchi");
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeFocused();
  // The heading has the focus; going backwards from it passes the whole head, up to the skip link, which is the first element.
  for (let n = 0; n < 12 && !(await page.getByRole("link", { name: "本文へ移る" }).evaluate((one) => one === document.activeElement)); n += 1) {
    await page.keyboard.press("Shift+Tab");
  }
  await expect(page.getByRole("link", { name: "本文へ移る" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  const kana = page.getByLabel("カナ(氏のはじめ) 任意");
  await page.keyboard.press("/");
  await expect(kana).toBeFocused();
  await page.keyboard.type("a/b");
  await expect(kana).toHaveValue("a/b");
  // `/` also works on the search screen, which stays as it is.
  await page.getByRole("heading", { name: "シートをさがす" }).focus();
  await page.keyboard.press("/");
  await expect(kana).toBeFocused();
  await expect(kana).toHaveValue("a/b");
  // When the screen is opened in another way, the focus is on its heading.
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeFocused();
  await page.getByRole("link", { name: "ホーム" }).click();
  await expect(page.getByRole("heading", { name: "ホーム" })).toBeFocused();
  await page.getByRole("navigation").getByRole("link", { name: "シートをさがす" }).click();
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeFocused();
  await page.goto("/sheets/edit");
  await page.getByLabel("本人確認済").focus();
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("氏 任意", { exact: true })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("名 任意", { exact: true })).toBeFocused();
});

test("a date is read as people write it, and what was understood is said; what is no date is said too", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  const birth = page.getByLabel("生年月日 任意");
  const field = page.locator(".field", { has: birth });
  for (const [written, understood] of [
    ["昭24.5.13", "昭和24年5月13日(西暦1949年、77歳)"],
    ["S24.5.13", "昭和24年5月13日(西暦1949年、77歳)"],
    ["ｓ２４．５．１３", "昭和24年5月13日(西暦1949年、77歳)"],
    ["1949-05-13", "昭和24年5月13日(西暦1949年、77歳)"],
    ["1949/5/13", "昭和24年5月13日(西暦1949年、77歳)"],
    ["19490513", "昭和24年5月13日(西暦1949年、77歳)"],
    ["昭和24年5月", "昭和24年5月(西暦1949年、77歳くらい)"],
    ["昭和24年", "昭和24年(西暦1949年、77歳くらい)"],
    ["1949年生まれ", "昭和24年(西暦1949年、77歳くらい)"],
    ["1949", "昭和24年(西暦1949年、77歳くらい)"],
    ["昭和64年", "昭和64年(西暦1989年、37歳くらい)"],
    ["令和元年5月1日", "令和元年5月1日(西暦2019年、7歳)"],
    // Before 明治 no era here fits: the year is shown as it was typed, not under a name that nobody uses.
    ["西暦49年5月1日", "西暦49年5月1日(西暦49年、"],
  ] as const) {
    await birth.fill(written);
    await expect(field.locator("output")).toContainText(understood);
  }
  await birth.fill("50歳くらい");
  await expect(field.locator("output")).toContainText("50歳くらい)");
  for (const wrong of ["平成31年5月1日", "昭和65年1月1日", "S24.2.30"]) {
    await birth.fill(wrong);
    await expect(field.getByText(/その日付はありません/)).toBeVisible();
    await expect(field.locator("output")).toHaveText("");
  }
  // A bare year could be of any era.
  for (const unclear of ["24.5.13", "24", "昭24.5."]) {
    await birth.fill(unclear);
    await expect(field.getByText(/読み取れません/)).toBeVisible();
  }
  await birth.fill("S24.5");
  await saved(page);
  await page.reload();
  await expect(birth).toHaveValue("昭和24年5月");
  const kept = await page.evaluate(async (id) => (await (await fetch(`/api/v1/sheets/${id}`)).json()) as { content: { identity: object } }, page.url().split("/").pop());
  expect(kept.content.identity).toMatchObject({ birth_date: "1949-05-01", birth_precision: "month" });
  await page.getByLabel("郵便番号").fill("１２０－０００１");
  await page.getByLabel("郵便番号").blur();
  await expect(page.getByLabel("郵便番号")).toHaveValue("1200001");
  await expect(page.getByLabel("住所 任意", { exact: true })).toHaveValue("東京都足立区大谷田");
});

test("what an input method reads goes into the kana, unless somebody wrote there", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.goto("/sheets/edit");
  await page.getByLabel("氏 任意", { exact: true }).focus();
  const input = await page.context().newCDPSession(page);
  await input.send("Input.imeSetComposition", { text: "みほん", selectionStart: 3, selectionEnd: 3 });
  await input.send("Input.imeSetComposition", { text: "見本", selectionStart: 2, selectionEnd: 2 });
  await input.send("Input.insertText", { text: "見本" });
  await expect(page.getByLabel("氏 任意", { exact: true })).toHaveValue("見本");
  await expect(page.getByLabel("氏(カナ)")).toHaveValue("ミホン");
});

test("every screen of every role is accessible, fits, and has targets of 44 px", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await consent(page, ["くらしとしごとの相談センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, ["くらしとしごとの相談センター"]);
  for (const [address, name] of [
    ["/", "home"],
    ["/sheets", "search"],
    ["/relays", "relays"],
    ["/nowhere", "not-found"],
    [sheet, "sheet"],
    [`${sheet}?tab=way`, "way"],
    [`${sheet}?tab=revisions`, "revisions"],
    [`${sheet}/papers`, "papers"],
    ["/sheets/edit", "edit"],
    ["/papers", "papers-blank"],
  ] as const) {
    await page.goto(address);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await look(page, `desk-${name}`);
  }
  for (const [who, screens] of [
    ["hub", ["/", "/relays"]],
    ["kansa", ["/", sheet, `${sheet}?tab=way`, "/relays"]],
    ["hogo", ["/", "/agencies"]],
    ["admin", ["/", "/staff", "/clients", "/notices"]],
  ] as const) {
    const { page: desk } = await login(who);
    for (const [index, address] of screens.entries()) {
      await desk.goto(address);
      await expect(desk.getByRole("heading", { level: 1 })).toBeVisible();
      await look(desk, `desk-${who}-${index}`);
    }
  }
});

test("with forced colours and at 400 % the form still works", async ({ login }) => {
  const { page } = await login("madoguchi", { viewport: { width: 320, height: 256 }, forcedColors: "active" });
  await begin(page);
  await fits(page);
  await register(page);
  await fits(page);
});

test("the auditor finds events and takes them out whole, without any content", async ({ login }) => {
  const { page: clerk } = await login("madoguchi");
  await begin(clerk, "監査に見えてはいけない話。");
  const sheet = await register(clerk);
  await consent(clerk, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(clerk, ["保健センター"]);
  const { page, watch } = await login("kansa");
  await page.getByLabel("できごと").selectOption({ label: "受付を確定" });
  await page.getByRole("button", { name: "さがす", exact: true }).click();
  await expect(page.getByRole("cell", { name: "受付を確定" }).first()).toBeVisible();
  // A disclosure shows its recipient, its basis and its sections.
  await page.getByLabel("できごと").selectOption({ label: "つなぎを送付" });
  await page.getByRole("button", { name: "さがす", exact: true }).click();
  const sent = page.getByRole("row").filter({ has: page.locator(`a[href="${new URL(sheet).pathname}?tab=way"]`) });
  await expect(sent).toContainText("保健センター");
  await expect(sent).toContainText("本人の同意");
  await expect(sent).toContainText("氏名・カナ・生年・性別");
  await look(page, "audit-disclosures");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "NDJSON で書き出す" }).click()]);
  expect(file.suggestedFilename()).toBe("audit.ndjson");
  await page.goto(sheet);
  await expect(page.getByText("内容は表示されません", { exact: false })).toBeVisible();
  expect(watch.bodies.filter((body) => body.includes("監査に見えてはいけない"))).toEqual([]);
});

test("the administrator adds an agency and a person, who can log in", async ({ login }) => {
  const { page } = await login("admin");
  await page.getByRole("button", { name: "機関を追加する" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("名称").fill("見本 図書館");
  await dialog.getByLabel("カナ").fill("ミホントショカン");
  await dialog.getByLabel("コード").fill("toshokan");
  await accessible(page);
  await dialog.getByRole("button", { name: "保存する" }).click();
  await expect(page.getByText("機関を保存しました。")).toBeVisible();
  await expect(page.getByRole("rowheader", { name: /見本 図書館/ })).toBeVisible();
  await page.getByRole("link", { name: "職員" }).click();
  await page.getByLabel("機関").selectOption({ label: "見本 図書館" });
  await page.getByRole("button", { name: "職員を追加する" }).click();
  await dialog.getByLabel("氏名").fill("見本 司書");
  await dialog.getByLabel("ログイン名").fill("shisho");
  await dialog.getByRole("button", { name: "保存する" }).click();
  await comeIn(login, page, "見本 司書", "shisho", "見本 図書館");
  await expect(page.getByRole("rowheader", { name: "見本 司書" })).toBeVisible();
  const { page: desk } = await login("shisho");
  await expect(desk.getByText("見本 図書館 見本 司書さん")).toBeVisible();
});

test("the administrator imports a directory: every bad row is named, and nothing goes until all are sound", async ({ login }) => {
  const { page, watch } = await login("admin");
  const heading = "code,name,kana,class,active_from\n";
  const choose = async (name: string, text: string | Buffer): Promise<void> => {
    await page.getByLabel("ファイル").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.getByRole("button", { name: "確かめる" }).click();
  };
  await page.getByRole("button", { name: "CSV から取り込む" }).click();
  watch.expected = /status of 422/;
  await choose("bad.csv", `${heading}yoi,見本 よい課,ヨイカ,ward,令和2年4月1日\nWarui,見本 わるい課,わるいか,ward,2020-04-01\nb3,短い行\n`);
  await expect(page.getByText(/^3行目 code: /)).toBeVisible();
  await expect(page.getByText(/^4行目: /)).toBeVisible();
  await expect(page.getByText("2か所に誤りがあります。何も取り込んでいません。")).toBeVisible();
  await look(page, "import-wrong");
  // 福祉 in Shift_JIS: the page does not guess.
  await choose("sjis.csv", Buffer.from([0x63, 0x6f, 0x64, 0x65, 0x0a, 0x95, 0x9f, 0x8e, 0x83]));
  await expect(page.getByText("UTF-8 として読めません", { exact: false })).toBeVisible();
  watch.expected = /^$/;
  await choose("good.csv", `\ufeff${heading}yoi,見本 よい課,ヨイカ,ward,令和2年4月1日\nyoi-2,見本 よい二課,ヨイニカ,ward,2020-04-01\n`);
  await expect(page.getByText("2行すべて正しく読めました", { exact: false })).toBeVisible();
  await expect(page.getByRole("rowheader", { name: /見本 よい課/ })).toHaveCount(0);
  await page.getByRole("button", { name: "2件を取り込む" }).click();
  await expect(page.getByText("2件の機関を取り込みました。")).toBeVisible();
  await expect(page.getByRole("rowheader", { name: /見本 よい二課/ })).toBeVisible();
});

test("the hub chases whoever must act, once a day, without seeing the matter", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "調整担当に見えない話。");
  await register(page);
  const number = await numberOf(page);
  await consent(page, ["保健センター"], ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"]);
  await relay(page, ["保健センター"]);
  const { page: hub, watch } = await login("hub");
  await hub.goto("/relays");
  const chase = hub.getByRole("button", { name: `${number} を督促する` });
  await chase.focus();
  let mailed = 0;
  hub.on("request", (request) => (mailed += request.url().endsWith("/chase") ? 1 : 0));
  await hub.keyboard.press("Enter");
  // It asks before it mails.
  const dialog = hub.getByRole("dialog", { name: `${number} を督促する` });
  await expect(dialog.getByText("お知らせのメールを送ります。", { exact: false })).toBeVisible();
  await look(hub, "hub-chase");
  expect(mailed).toBe(0);
  await dialog.getByRole("button", { name: "メールを送る" }).click();
  await expect(hub.getByText("督促のお知らせを送りました。")).toBeVisible();
  watch.expected = /status of 422/;
  await chase.click();
  await dialog.getByRole("button", { name: "メールを送る" }).click();
  await expect(hub.getByText("今日はもう督促しました。", { exact: false })).toBeVisible();
  await look(hub, "hub-chased");
  expect(watch.bodies.filter((body) => body.includes("調整担当に見えない"))).toEqual([]);
});

test("a list that is longer than its first page goes on by its button", async ({ login }) => {
  const { page } = await login("madoguchi");
  // Makes fifty-three drafts without typing, as the page itself would save them.
  await page.evaluate(async () => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    for (let n = 0; n < 53; n += 1) {
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token, "Idempotency-Key": `draft-${n}` };
      await fetch("/api/v1/sheets", { method: "POST", headers, body: JSON.stringify({ state: "draft", content: {} }) });
    }
  });
  await page.goto("/sheets");
  await page.getByLabel("状態でしぼる").selectOption({ label: "下書き" });
  const rows = page.getByRole("main").getByRole("table").getByRole("row");
  await expect(rows).toHaveCount(51);
  const more = page.getByRole("button", { name: "もっと見る" });
  await more.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(54);
  await expect(more).toHaveCount(0);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: /下書き 50件以上/ })).toBeVisible();
  await look(page, "home-long");
});

test("a postal code fills the address, and leaves alone what somebody wrote", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await page.goto("/sheets/edit");
  const [code, address] = [page.getByLabel("郵便番号"), page.getByLabel("住所 任意", { exact: true })];
  await code.fill("１２０－０００１");
  await expect(address).toHaveValue("東京都足立区大谷田");
  await code.fill("120-0002");
  await expect(address).toHaveValue("東京都足立区中川");
  await address.fill("東京都足立区中川九丁目");
  await code.fill("120-0003");
  await expect(page.getByRole("button", { name: "「東京都足立区東和」を住所に入れる" })).toBeVisible();
  await expect(address).toHaveValue("東京都足立区中川九丁目");
  await code.fill("4980000");
  await expect(page.getByRole("button", { name: "「三重県桑名郡木曽岬町」を住所に入れる" })).toBeVisible();
  await expect(address).toHaveValue("東京都足立区中川九丁目");
  await look(page, "postal");
  await page.getByRole("button", { name: "「愛知県弥富市」を住所に入れる" }).click();
  await expect(address).toHaveValue("愛知県弥富市");
  await expect(address).toBeFocused();
  watch.expected = /status of 404/;
  await code.fill("0000000");
  await expect(page.getByText("この郵便番号は見つかりません。住所はそのまま書けます。")).toBeVisible();
});

test("the first load is light, each further screen lighter, and everything comes compressed", async ({ browser, login, service }) => {
  const KIB = 1024;
  const scripts = new Map<string, number>();
  const weigh = async (page: Page): Promise<number> => {
    const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    let fresh = 0;
    for (const name of names.filter((one) => one.endsWith(".js") && !scripts.has(one))) {
      const answer = await fetch(name, { method: "HEAD", headers: { "Accept-Encoding": "gzip" } });
      expect(answer.headers.get("content-encoding")).toBe("gzip");
      expect(answer.headers.get("cache-control")).toContain("immutable");
      const size = Number(answer.headers.get("content-length"));
      scripts.set(name, size);
      fresh += size;
    }
    return fresh;
  };
  const { page, watch } = await login("madoguchi");
  // A clerk may not read the trail; the size of the screen is measured all the same.
  watch.expected = /status of 403/;
  const first = await weigh(page);
  const further: Record<string, number> = {};
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(150 * KIB);
  await begin(page);
  const sheet = await register(page);
  for (const screen of ["/sheets", "/relays", sheet, `${sheet}/consent`, `${sheet}/relay`, `${sheet}/papers`, `${sheet}/exception`, "/exceptions", "/disclosures", "/audit", "/agencies", "/staff", "/clients", "/notices"]) {
    await page.goto(screen);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const more = await weigh(page);
    further[screen.replace(sheet, "sheet")] = more;
    expect(more).toBeLessThanOrEqual(40 * KIB);
  }
  // For `cargo xtask bench`: the bytes of gzipped script, the time until the log-in was on the screen and kept typed text, and the time until
  // it could be sent; each is the median of seven loads.
  const usable: number[] = [];
  const sendable: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    const stranger = await browser.newContext({ baseURL: service.url });
    const door = await stranger.newPage();
    await door.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.querySelector("#login") && performance.getEntriesByName("typed").length === 0) performance.mark("typed");
        if (!document.querySelector("form button:enabled")) return;
        performance.mark("sent");
        observer.disconnect();
      }).observe(document, { attributes: true, childList: true, subtree: true });
    });
    await door.goto("/");
    await expect(door.getByRole("button", { name: "ログインする" })).toBeEnabled();
    const at = (...names: string[]): Promise<number> =>
      door.evaluate((all) => Math.max(...all.map((name) => performance.getEntriesByName(name)[0]?.startTime ?? 0)), names);
    await expect.poll(() => at("first-contentful-paint")).toBeGreaterThan(0);
    usable.push(await at("typed", "first-contentful-paint"));
    sendable.push(await at("sent"));
    await stranger.close();
  }
  const middle = (all: number[]): number => all.toSorted((a, b) => a - b)[3] ?? 0;
  const [usable_ms, sendable_ms] = [middle(usable), middle(sendable)];
  expect(usable_ms).toBeGreaterThan(0);
  expect(sendable_ms).toBeGreaterThan(0);
  if (process.env.WEIGHT) {
    writeFileSync(process.env.WEIGHT, JSON.stringify({ first_load_bytes: first, further_bytes: further, usable_ms, sendable_ms }));
  }
  const again = await fetch([...scripts.keys()][0] ?? service.url);
  const known = await fetch(again.url, { headers: { "If-None-Match": again.headers.get("etag") ?? "" } });
  expect(known.status).toBe(304);
});

test("the page is answered with its policy, and only where screens are", async ({ service }) => {
  const page = await fetch(`${service.url}/sheets/anything`);
  const policy = page.headers.get("content-security-policy") ?? "";
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "none";
  expect(policy).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
  );
  expect(await page.text()).toContain(`nonce="${nonce}"`);
  expect(page.headers.get("cache-control")).toBe("no-store");
  const second = await fetch(`${service.url}/`);
  expect(second.headers.get("content-security-policy")).not.toBe(policy);
  // A person with a session does not see the log-in first.
  const logIn = 'id="login"';
  expect(await second.text()).toContain(logIn);
  expect(await (await fetch(`${service.url}/`, { headers: { Cookie: "tsunagu_session=anything" } })).text()).not.toContain(logIn);
  for (const path of ["/api/v1/nothing", "/oauth2/nothing", "/health/nothing", "/favicon.ico", "/assets/nothing.js", "/assets/..%2findex.html"]) {
    const answer = await fetch(service.url + path);
    expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 404, "application/problem+json"]);
  }
  expect((await fetch(`${service.url}/sheets`, { method: "POST" })).status).toBe(405);
});

test("papers print on A4 with nothing cut off, and the resident's copy holds no opinion", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await page.getByText("所見", { exact: true }).click();
  await page.getByRole("textbox", { name: "所見" }).fill("職員だけの見立て。");
  const sheet = await register(page);
  await page.goto(`${sheet}/papers`);
  for (const kind of ["つなぐシート(庁内用)", "同意書(署名用)", "記入用の白紙(停電・災害用)"]) {
    await page.getByLabel("用紙").selectOption({ label: kind });
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 680, height: 980 });
    await fits(page);
    await expect(page.getByRole("button", { name: "印刷する" })).toBeHidden();
    await expect(page.getByText("職員だけの見立て。")).toHaveCount(kind === "つなぐシート(庁内用)" ? 1 : 0);
    const paper = await page.pdf({ preferCSSPageSize: true });
    expect(paper.byteLength).toBeGreaterThan(5_000);
    // A4 in points.
    expect(paper.toString("latin1").match(/MediaBox ?\[0 0 59[45](\.\d+)? 84[12]/g)).toHaveLength(kind.startsWith("記入用") ? 3 : 1);
    await page.emulateMedia({ media: "screen" });
  }
  const [copy] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("link", { name: "本人の控えを開く" }).click()]);
  await expect(copy.getByText(/控え/).first()).toBeVisible();
  expect(await copy.content()).not.toMatch(/職員だけの見立て|見本　?花子/);
});

test("the blank form asks all that the form on the screen asks, and the consent form what the resident decides", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  // Every label and every choice of the form, with all of it unfolded.
  await page.getByLabel("本人以外(家族・支援者など)").check();
  await page.getByRole("button", { name: "変える" }).click();
  await page.getByLabel("DV", { exact: true }).check();
  for (const add of ["電話番号を追加する", "世帯員を追加する", "情報を追加する"]) await page.getByText(add).evaluate((button: HTMLElement) => button.click());
  await page.locator("form.sheet").getByRole("checkbox", { name: "その他", exact: true }).check();
  const asked = await page.locator("form.sheet").evaluate((form) =>
    [...form.querySelectorAll("label, legend, .field > label, select:not([aria-label]) option:not([value=''])")]
      .filter((one) => !one.matches(".datepart, .main"))
      .map((one) => (one.textContent ?? "").replace(/\s*(任意|※必須)$/, "").trim())
      .filter((text) => !/^(世帯員|情報) 1$/.test(text)),
  );
  expect(asked).toEqual(expect.arrayContaining(["受付日時", "相談方法", "来所", "緊急度", "電話してよいか", "滞納の種別", "健康の状況", "ひきこもり・不登校"]));
  const sheet = await register(page);
  await page.goto(`${sheet}/papers`);
  const paper = page.getByRole("article");
  await expect(paper.getByRole("listitem").filter({ hasText: "保健センター" })).toBeVisible();
  await expect(paper.getByText("見本 花子")).toBeVisible();
  const agreed = await paper.innerText();
  for (const there of ["保健センター", "包括支援調整担当", "見本病院", "伝えてよい機関(□に✓をつける)", "伝えてほしくない相手・こと"]) expect(agreed).toContain(there);
  for (const asked of ["上で✓をつけた機関にだけ、伝えてよい", "知らせてよい"]) expect(agreed).toContain(asked);
  for (const nobody of ["福祉まるごと相談課", "監査担当", "個人情報保護管理担当", "システム管理担当", "○"]) expect(agreed).not.toContain(nobody);
  await page.getByLabel("用紙").selectOption({ label: "記入用の白紙(停電・災害用)" });
  await expect(paper.getByText("相談方法")).toBeVisible();
  // Without a sheet, the same blank form is there, and a consent form that names no sheet.
  const printed = async (): Promise<string> => (await paper.innerText()).replace(/印刷: .*/, "");
  const written = await printed();
  await page.goto("/sheets/edit");
  await page.getByRole("link", { name: "紙の記入用紙を印刷する" }).click();
  await expect(paper.getByText("相談方法")).toBeVisible();
  expect(await printed()).toBe(written);
  await page.getByLabel("用紙").selectOption({ label: "同意書(署名用)" });
  await expect(paper.getByRole("listitem").filter({ hasText: "滞納" })).toBeVisible();
  expect([...new Set(asked)].filter((text) => !written.includes(text))).toEqual([]);
  expect(written).toContain("いちばん大切な一つの□に◎を書きます。");
});

test("nobody is offered as a recipient who handles nothing", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const nobody = /監査担当|個人情報保護管理担当|システム管理担当|福祉まるごと相談課/;
  await page.goto(`${sheet}/consent`);
  await expect(page.getByRole("group", { name: /^伝えてよい機関/ }).getByRole("checkbox").first()).toBeVisible();
  await expect(page.getByRole("checkbox", { name: nobody })).toHaveCount(0);
  await page.goto(`${sheet}/relay`);
  await expect(page.getByRole("group", { name: /^つなぎ先/ }).getByRole("checkbox").first()).toBeVisible();
  await expect(page.getByRole("checkbox", { name: nobody })).toHaveCount(0);
  await page.goto(`${sheet}/exception`);
  await expect(page.getByRole("option", { name: "見本病院" })).toHaveCount(1);
  await expect(page.getByRole("option", { name: nobody })).toHaveCount(0);
});
