import { expect, look, test } from "./service";
import { agree, begin, numberOf, recorded, register, tick } from "./sheet";

const HOKEN = "保健センター";
const SECTIONS = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"];

test("the resident reads the text that suits, signs beside it, and both are kept; who cannot write consents by word", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], SECTIONS);
  const text = page.getByRole("article");
  await expect(text.getByText("ご相談の内容を、あなたの同意を得て", { exact: false })).toBeVisible();
  await page.getByLabel("やさしい日本語").check();
  await expect(text.getByText("てつだう人に つたえます。", { exact: false })).toBeVisible();
  await page.getByLabel("English(英語)").check();
  await expect(text).toHaveAttribute("lang", "en");
  await expect(text.getByText("You can stop at any time.", { exact: false })).toBeVisible();
  await page.getByLabel("ふりがな付き").check();
  await expect(text.locator("ruby").first()).toHaveText("個人情報(こじんじょうほう)");
  expect(await text.innerText()).not.toMatch(/[{|}]/);

  await tick(page, /^本人確認/, "書類");
  await tick(page, /^同意の方法/, "電子署名パッド");
  // Without a signature the form goes no further, and says what to do instead.
  await page.getByRole("button", { name: "読み上げて確かめる" }).click();
  const summary = page.getByRole("alert");
  await expect(summary).toBeFocused();
  await summary.getByRole("link").click();
  const pad = page.getByRole("img", { name: /^署名/ });
  await expect(pad).toBeFocused();
  const sign = async (): Promise<void> => {
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
    await expect(page.getByText("署名があります。")).toBeVisible();
  };
  await sign();
  // When another text is chosen, the signature beside the earlier one is removed.
  await page.getByLabel("やさしい日本語").check();
  await expect(page.getByText("まだ署名がありません。")).toBeVisible();
  await page.getByLabel("ふりがな付き").check();
  await sign();
  // When the tablet is turned, the signature stays.
  await page.setViewportSize({ width: 768, height: 1024 });
  await expect(page.getByText("署名があります。")).toBeVisible();
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
  await expect(pad).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("group", { name: /^同意の方法/ }).getByLabel("口頭")).toBeChecked();
  await expect(pad).toHaveCount(0);
});

test("a signature whose answer fails is sent again, and the consent is recorded once", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], SECTIONS);
  await tick(page, /^本人確認/, "書類");
  await tick(page, /^同意の方法/, "電子署名パッド");
  const pad = page.getByRole("img", { name: /^署名/ });
  await pad.click({ position: { x: 30, y: 30 } });
  await expect(page.getByText("署名があります。")).toBeVisible();
  watch.expected = /status of 500/;
  await page.route(/\/evidence$/, (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" }), { times: 1 });
  await page.getByRole("button", { name: "読み上げて確かめる" }).click();
  await page.getByRole("button", { name: "このとおり記録する" }).click();
  await expect(page.getByText("署名をまだ保存できていません", { exact: false })).toBeVisible();
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
