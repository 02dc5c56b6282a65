import type { Page } from "@playwright/test";
import { enter, expect, fits, look, Service, test } from "./service";
import { agree, begin, deed, numberOf, recorded, register, relay, tick } from "./sheet";

const HOKEN = "保健センター";
const SECTIONS = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"];

/** The administrator imports these agencies, as the page does. */
async function imported(page: Page, csv: string): Promise<void> {
  const answer = await page.evaluate(async (body) => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    const headers = { "Content-Type": "text/csv", "X-CSRF-Token": csrf_token, "Idempotency-Key": "many" };
    return (await fetch("/api/v1/agencies/import", { method: "POST", headers, body })).text();
  }, csv);
  expect(JSON.parse(answer)).toMatchObject({ rows: csv.trim().split("\n").length - 1 });
}

/** Another person confirms all agencies that wait for it. */
async function confirmed(page: Page): Promise<void> {
  const left = await page.evaluate(async () => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    const all = async (): Promise<{ id: string; confirmed: boolean; revision: number }[]> =>
      ((await (await fetch("/api/v1/agencies?limit=200")).json()) as { items: { id: string; confirmed: boolean; revision: number }[] }).items.filter((one) => !one.confirmed);
    for (const { id, revision } of await all()) {
      const headers = { "X-CSRF-Token": csrf_token, "Idempotency-Key": `confirm-${id}`, "If-Match": `"${revision}"` };
      await fetch(`/api/v1/agencies/${id}/pending/confirm`, { method: "POST", headers });
    }
    return (await all()).length;
  });
  expect(left).toBe(0);
}

/** Signs on the resident's screen, and goes back to the form. */
async function sign(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^署名(してもらう|の画面を)/ }).click();
  const full = page.getByRole("dialog");
  const pad = full.getByRole("img", { name: "署名" });
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error("no pad");
  for (const line of [0, 1]) {
    await page.mouse.move(box.x + 40, box.y + 60 + line * 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 140, box.y + 90 + line * 40, { steps: 8 });
    await page.mouse.move(box.x + 260, box.y + 60 + line * 60, { steps: 8 });
    await page.mouse.up();
  }
  await expect(full.getByText("署名があります。")).toBeVisible();
  await full.getByRole("button", { name: "職員の画面に戻る" }).click();
  await expect(full).toHaveCount(0);
}

test("the resident reads the text that suits, signs beside it, and both are kept; who cannot write consents by word", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], SECTIONS);
  const text = page.getByRole("article");
  const reads = async (variant: string, words: string): Promise<void> => {
    await page.getByLabel(variant).check();
    await page.getByRole("button", { name: "本人に見せる画面を開く" }).click();
    await expect(text.getByText(words, { exact: false })).toBeVisible();
  };
  const back = page.getByRole("button", { name: "職員の画面に戻る" });
  await reads("標準", "ご相談の内容を、あなたの同意を得て");
  await back.click();
  await reads("やさしい日本語", "てつだう人に つたえます。");
  await back.click();
  await reads("English(英語)", "You can stop at any time.");
  await expect(text).toHaveAttribute("lang", "en");
  await back.click();
  await reads("ふりがな付き", "いつでもやめられます");
  await expect(text.locator("ruby").first()).toHaveText("個人情報(こじんじょうほう)");
  expect(await text.innerText()).not.toMatch(/[{|}]/);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "本人に見せる画面を開く" })).toBeFocused();

  await tick(page, /^本人確認/, "書類");
  await tick(page, /^同意の方法/, "電子署名パッド");
  // Without a signature the consent is not recorded, and the form says what to do instead.
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  const summary = page.getByRole("alert");
  await expect(summary).toBeFocused();
  await summary.getByRole("link").click();
  await expect(page.getByRole("button", { name: "署名してもらう" })).toBeFocused();
  await sign(page);
  await expect(page.getByText("署名があります。")).toBeVisible();
  // The signature stands beside one text and one decision: if either changes, it does not count.
  await page.getByLabel("やさしい日本語").check();
  await expect(page.getByText("もう一度、署名してもらってください。", { exact: false })).toBeVisible();
  await page.getByLabel("ふりがな付き").check();
  await expect(page.getByText("署名があります。")).toBeVisible();
  await tick(page, /^伝えてよい項目/, "リスク");
  await expect(page.getByText("もう一度、署名してもらってください。", { exact: false })).toBeVisible();
  await sign(page);
  await look(page, "consent-signature");
  await recorded(page);
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await expect(page.getByText("ふりがな付き")).toBeVisible();
  const [evidence, notices] = await Promise.all([
    page.waitForResponse(/\/evidence$/),
    page.evaluate(async () => (await fetch("/api/v1/notices")).json() as Promise<{ items: { variants: { kind: string; text_hash: string }[] }[] }>),
    page.getByRole("button", { name: "署名を見る" }).click(),
  ]);
  const { signature } = ((await evidence.json()) as { items: { signature: { text_hash: string; width: number; strokes: number[][][] } }[] }).items[0] ?? { signature: { text_hash: "", width: 0, strokes: [] } };
  expect(signature.text_hash).toBe(notices.items[0]?.variants.find(({ kind }) => kind === "furigana")?.text_hash);
  expect(signature.strokes).toHaveLength(2);
  expect(signature.strokes.flat().every(([x = -1]) => x >= 0 && x <= signature.width)).toBe(true);
  await expect(page.getByRole("img", { name: "署名" }).locator("polyline")).toHaveCount(2);
  await look(page, "consent-evidence");

  // The keyboard reaches the other methods, which need no signature.
  await page.goto(`${sheet}/consent`);
  await page.getByRole("group", { name: /^同意の方法/ }).getByLabel("電子署名パッド").focus();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "署名してもらう" })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("group", { name: /^同意の方法/ }).getByLabel("口頭")).toBeChecked();
  await expect(page.getByRole("button", { name: "署名してもらう" })).toHaveCount(0);
});

test("the resident's screen shows only what is told to whom, until when, and the text; the strokes stay through going back and turning", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "本人にも見せない聞き取り。");
  await register(page);
  await agree(page, [HOKEN], SECTIONS);
  await page.getByLabel(/^いつまで有効か/).fill("R9.3.31");
  await tick(page, /^同意の方法/, "電子署名パッド");
  await page.getByRole("button", { name: "署名してもらう" }).click();
  const full = page.getByRole("dialog");
  for (const told of ["ご相談の内容を、あなたの同意を得て", "【保健センター】に、【氏名・カナ・生年・性別、本人の言葉・希望・対応】を伝えます。", "令和9年3月31日", "名前を書いた機関にだけ", "文章で知らせてもらいます"]) {
    await expect(full.getByText(told, { exact: false })).toBeVisible();
  }
  await expect(full).toHaveCSS("font-size", "22px");
  // Nothing else is in sight: no heading, menu or name of the page below.
  await expect(page.getByRole("banner")).toBeHidden();
  for (const hidden of ["見本 花子", "本人にも見せない", "同意のしかた"]) await expect(page.getByText(hidden, { exact: false }).first()).toBeHidden();
  await look(page, "consent-resident");

  const pad = full.getByRole("img", { name: "署名" });
  /** How many points of the pad are drawn on. */
  const inked = (): Promise<number> =>
    pad.evaluate((canvas: HTMLCanvasElement) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy?.drawImage(canvas, 0, 0);
      const data = copy?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let n = 0;
      for (let at = 3; at < data.length; at += 4) n += data[at] === 0 ? 0 : 1;
      return n;
    });
  expect(await inked()).toBe(0);
  await page.keyboard.press("Escape");
  await sign(page);
  await page.getByRole("button", { name: "署名の画面をもう一度開く" }).click();
  await expect.poll(inked).toBeGreaterThan(100);
  await page.setViewportSize({ width: 390, height: 800 });
  await expect.poll(() => pad.evaluate((canvas: HTMLCanvasElement) => canvas.width)).toBeLessThan(390);
  await expect.poll(inked).toBeGreaterThan(100);
  await full.getByRole("button", { name: "署名を書き直す" }).click();
  await expect.poll(inked).toBe(0);
  await full.getByRole("button", { name: "職員の画面に戻る" }).click();
  await expect(page.getByText("まだ署名がありません。")).toBeVisible();
});

test("the form goes in the order of the talk, reads all of it back before the signature, and fits on two screens and a bit", async ({ login }) => {
  const { page } = await login("madoguchi");
  await page.setViewportSize({ width: 1280, height: 800 });
  await begin(page);
  const sheet = await register(page);
  await page.goto(`${sheet}/consent`);
  await expect(page.getByRole("group", { name: /^伝えてよい機関/ }).getByRole("checkbox", { name: HOKEN })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(1_800);
  expect(await page.getByRole("heading", { level: 2 }).allInnerTexts()).toEqual(["説明して、意思をきく", "何を、だれに伝えるか", "いつまで、その先", "読み上げて、確かめる", "同意のしかた"]);
  const back = page.locator(".sentence");
  await expect(back).toContainText("同意した日から1年間");
  await page.getByLabel(/^いつまで有効か/).fill("令和9年3月31日");
  await tick(page, /^つなぎ先から、さらに/, "不可");
  await page.getByLabel("つなぎ先が、対応の結果を文章で知らせてよい").uncheck();
  await tick(page, /^伝えてよい項目/, ...SECTIONS);
  await tick(page, /^伝えてよい機関/, HOKEN);
  for (const said of [HOKEN, ...SECTIONS, "令和9年3月31日", "ほかには伝えません", "文章では知らせません"]) await expect(back).toContainText(said);
  await tick(page, /^本人の意思/, "不同意");
  await expect(back).toContainText("ほかの機関には何も伝わりません。");
});

test("among forty agencies a recipient is found by name or kana, those that fit come first, and what is picked stands on top", async ({ browser }) => {
  // A service of its own: the many agencies would stand in the way of other tests.
  const own = new Service();
  await own.start();
  const context = await browser.newContext({ baseURL: own.url });
  try {
    const page = await context.newPage();
    await page.goto("/");
    await enter(page, "admin");
    const kinds = ["ward", "school", "medical", "npo", "commissioner"];
    const rows = Array.from({ length: 35 }, (_, n) => `mihon-${n},見本 ${n}番の窓口,ミホンマドグチ${"アイウエオ"[n % 5]},${kinds[n % 5]},2020-04-01,${n === 34 ? "01" : "13"}`);
    await imported(page, `code,name,kana,class,active_from,topics\n${rows.join("\n")}\n`);
    await page.getByRole("button", { name: "ログアウト" }).click();
    await enter(page, "hogo");
    await confirmed(page);
    await page.getByRole("button", { name: "ログアウト" }).click();
    await enter(page, "madoguchi");
    await begin(page);
    const sheet = await register(page);
    await page.goto(`${sheet}/consent`);
    const group = page.getByRole("group", { name: /^伝えてよい機関/ });
    await expect(group.getByText("ほか29機関あります。", { exact: false })).toBeVisible();
    await expect(group.getByRole("checkbox")).toHaveCount(12);
    await expect(group.getByRole("group", { name: "まず考えられる機関" }).getByRole("checkbox", { name: "くらしとしごとの相談センター" })).toBeVisible();
    await expect(group.getByRole("group", { name: "区の部署" })).toBeVisible();
    await look(page, "consent-many");
    // By keyboard: find by kana in hiragana, tick, find another one by name; what is picked stays in sight and can be taken back.
    const find = group.getByLabel("機関をさがす(名前かカナ)");
    await find.focus();
    await page.keyboard.type("びょういん");
    await expect(group.getByText("1機関が当てはまります。")).toBeVisible();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await expect(group.getByRole("checkbox", { name: "見本病院" })).toBeChecked();
    await expect(group.getByRole("checkbox", { name: "見本病院" })).toBeFocused();
    await find.fill("34番");
    await expect(group.getByRole("group", { name: "民生委員" }).getByRole("checkbox")).toHaveCount(1);
    await group.getByRole("checkbox", { name: "見本 34番の窓口" }).check();
    await find.fill("どこにもない");
    await expect(group.getByText("その名前の機関は見つかりません。")).toBeVisible();
    const picked = group.getByRole("list", { name: "選んだ機関" });
    await expect(picked.getByRole("button")).toHaveText([/見本病院/, /見本 34番の窓口/]);
    await picked.getByRole("button", { name: "見本病院 を外す" }).focus();
    await page.keyboard.press("Enter");
    await expect(picked.getByRole("button")).toHaveCount(1);
    await expect(find).toBeFocused();
    await expect(page.locator(".sentence")).toContainText("【見本 34番の窓口】に");
  } finally {
    await context.close();
    await own.end();
  }
});

test("a signature whose answer fails is sent again, and the consent is recorded once", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], SECTIONS);
  await tick(page, /^本人確認/, "書類");
  await tick(page, /^同意の方法/, "電子署名パッド");
  await sign(page);
  watch.expected = /status of 500/;
  await page.route(/\/evidence$/, (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" }), { times: 1 });
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText("署名をまだ保存できていません", { exact: false })).toBeVisible();
  // What is recorded cannot be changed here any more.
  await expect(page.locator("[inert]").getByText("本人の意思")).toBeVisible();
  await recorded(page);
  await page.goto(`${sheet}?tab=consents`);
  await expect(page.getByRole("link", { name: /^同意 第/ })).toHaveCount(1);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await expect(page.getByRole("button", { name: "署名を見る" })).toBeVisible();
});

test("refused, partly, later: each is recorded as it was said, and comes back on its day", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  for (const [decision, state] of [["保留", "保留"], ["不同意", "不同意"]] as const) {
    await page.goto(sheet);
    await page.getByRole("main").getByRole("link", { name: "同意をいただく" }).click();
    await tick(page, /^本人の意思/, decision);
    await expect(page.getByText("同意の範囲が決まるまで、ほかの機関には何も伝わりません。")).toBeVisible();
    await expect(page.getByRole("group", { name: /^伝えてよい機関/ })).toHaveCount(0);
    await tick(page, /^本人確認/, "面識");
    await recorded(page, "本人の意思を記録しました。");
    await page.goto(`${sheet}?tab=consents`);
    await expect(page.getByText(state, { exact: true }).first()).toBeVisible();
  }
  await page.goto(sheet);
  await agree(page, [HOKEN], SECTIONS.slice(0, 1));
  await tick(page, /^本人の意思/, "一部同意");
  await tick(page, /^本人確認/, "書類");
  await recorded(page);
  await page.goto(`${sheet}?tab=consents`);
  await expect(page.getByRole("link", { name: "同意 第3版" })).toBeVisible();
  await expect(page.getByText("一部同意")).toBeVisible();
  await page.goto("/sheets");
  await expect(page.getByRole("row", { name: number }).getByText("同意済")).toBeVisible();
});

test("what comes after the consent: its copy names the person and what was chosen, the paper is added, and the relay is next", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await agree(page, [HOKEN], SECTIONS);
  await tick(page, /^つなぎ先から、さらに/, "不可");
  await tick(page, /^本人確認/, "書類");
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByRole("heading", { name: "次にすること" })).toBeFocused();
  // The name stands on the screen and on the paper, and in neither title nor address.
  expect(await page.title()).not.toContain("見本");
  expect(page.url()).toMatch(/\/consents\/[0-9a-f-]+\/next$/);
  await expect(page.getByText("見本 花子")).toHaveCount(2);
  const paper = page.getByRole("article");
  for (const said of ["見本 花子", `【${HOKEN}】に、【${SECTIONS.join("、")}】を伝えます。`, "まで(支援が終われば、そこまで)", "ほかには伝えません", "文章で知らせてもらいます", number, "福祉まるごと相談課", "ご相談の内容を、あなたの同意を得て", "氏名(自署)"]) {
    await expect(paper).toContainText(said);
  }
  await look(page, "consent-next");
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 680, height: 980 });
  await fits(page);
  await expect(page.getByRole("heading", { name: "次にすること" })).toBeHidden();
  await expect(paper).toBeVisible();
  expect((await page.pdf({ preferCSSPageSize: true })).toString("latin1").match(/MediaBox ?\[0 0 59[45](\.\d+)? 84[12]/g)).toHaveLength(1);
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width: 1280, height: 900 });

  // The signed paper is added here, and nobody is asked to sign a second time.
  await deed(page, "署名した同意書の写しを加える", "同意書の写しを、証拠として加えました。", (dialog) => dialog.getByLabel("ファイル").setInputFiles({ name: "同意書.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") }), "証拠として加える");
  await expect(paper.getByText("氏名(自署)")).toHaveCount(0);
  await relay(page, [HOKEN]);

  // The copy is found again from the consent, which names the person, too.
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await expect(page.getByText("見本 花子")).toBeVisible();
  const grave = page.locator(".grave");
  await expect(grave.getByRole("button")).toHaveText(["同意をやめる(撤回)"]);
  await look(page, "consent-view");
  await page.getByRole("link", { name: "控えを印刷する" }).click();
  await expect(paper.getByText("見本 花子")).toBeVisible();

  // Who refused is given a copy, and is not led to a relay.
  await page.goto(`${sheet}/consent`);
  await tick(page, /^本人の意思/, "不同意");
  await tick(page, /^本人確認/, "面識");
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByRole("article")).toContainText("不同意");
  await expect(page.getByRole("heading", { name: "前の同意で伝えた機関への共有を、どうしますか" })).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true })).toHaveCount(0);
  // The longest task of home wraps where it is narrow.
  await page.goto("/");
  await expect(page.getByRole("link", { name: "前の同意で伝えた機関への共有を続けるか、本人に確かめる" }).first()).toBeVisible();
  await page.setViewportSize({ width: 320, height: 900 });
  await fits(page);
});
