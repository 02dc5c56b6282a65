import { accessible, expect, look, test } from "./service";
import { agree, begin, consent, deed, numberOf, pick, preview, recorded, register, relay, saved, take, tick } from "./sheet";

const [KURASHI, HOKEN, NOZEI] = ["くらしとしごとの相談センター", "保健センター", "納税課"];
const [IDENTITY, TOPICS, WORDS, RISK] = ["氏名・カナ・生年・性別", "相談内容の区分", "本人の言葉・希望・対応", "リスク"] as const;
const SHOW = "伝わる内容を確かめる";

test("nothing is ticked in advance, and the same preview for two stands there once, on at most 2,000 px", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  await consent(page, [KURASHI, HOKEN], [IDENTITY, TOPICS, WORDS]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await expect(page.getByRole("group", { name: /^伝える項目/ }).getByRole("checkbox").first()).toBeVisible();
  await expect(page.getByRole("main").locator("input[type=checkbox]:checked")).toHaveCount(0);
  await page.setViewportSize({ width: 1280, height: 800 });
  await preview(page, [KURASHI, HOKEN]);
  await expect(page.getByRole("heading", { name: `${KURASHI}、${HOKEN} に伝わる内容` })).toBeFocused();
  await expect(page.locator(".preview")).toHaveCount(1);
  await expect(page.locator(".preview").getByText("相談をお願いします。")).toHaveCount(1);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(2000);
  await look(page, "relay-two");
});

test("one act sends several relays, each with its own sections, request, digest and key; one that is refused holds up none", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "家賃の話。");
  await page.getByLabel("自殺のおそれ").check();
  await page.getByLabel("リスクの備考").fill("夜に一人になると不安。");
  await saved(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI, HOKEN], [IDENTITY, TOPICS, WORDS, RISK]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  // All get the same, but the health centre is told of the risk, too, and asked for something else.
  await preview(page, [KURASHI, HOKEN, NOZEI], [IDENTITY, WORDS]);
  await page.getByRole("checkbox", { name: `${HOKEN} だけ変える` }).check();
  const own = page.getByRole("group", { name: `${HOKEN} に伝える項目` });
  await expect(own.getByRole("checkbox", { name: new RegExp(`^${WORDS}`) })).toBeChecked();
  await tick(page, new RegExp(`^${HOKEN} に伝える項目`), RISK);
  await page.getByLabel(`${HOKEN} にお願いしたいこと`).fill("夜のようすを聞いてください。");
  await expect(page.getByText("選び直したので", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: SHOW }).click();
  const shown = page.locator(".preview");
  await expect(shown).toHaveCount(3);
  await expect(shown.first().getByRole("heading", { name: `${NOZEI} には、いまは送れません` })).toBeFocused();
  await expect(shown.filter({ hasText: `${KURASHI} に伝わる内容` })).not.toContainText("夜に一人になると不安。");
  await expect(shown.filter({ hasText: `${HOKEN} に伝わる内容` })).toContainText("夜に一人になると不安。");
  await look(page, "relay-own");

  const sent: { key: string | undefined; said: Promise<{ disclosure_digest: string }> }[] = [];
  page.on("response", (answer) => {
    const request = answer.request();
    if (request.method() !== "POST" || !request.url().endsWith("/relays")) return;
    sent.push({ key: request.headers()["idempotency-key"], said: answer.json() as Promise<{ disclosure_digest: string }> });
  });
  await page.getByRole("button", { name: "送れる2つの機関に送る" }).click();
  await expect(page.getByText(`${KURASHI}、${HOKEN} に送りました。`)).toBeVisible();
  expect(sent).toHaveLength(2);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(2);
  const relays = await Promise.all(sent.map(({ said }) => said));
  expect(new Set(relays.map(({ disclosure_digest }) => disclosure_digest)).size).toBe(2);
  // The third one stays, with its reason and what mends it.
  await expect(page.getByRole("heading", { name: `${NOZEI} には、いまは送れません` })).toBeVisible();
  await expect(page.getByRole("link", { name: "同意をいただき直す" })).toBeVisible();
  await expect(page.getByRole("group", { name: /^つなぎ先/ }).getByRole("checkbox", { name: new RegExp(`^${HOKEN}`) })).not.toBeChecked();
  await expect(page.getByRole("button", { name: /送る$/ })).toHaveCount(0);
  await accessible(page);

  const { page: kurashi, watch: kurashiHeard } = await login("kurashi");
  await pick(kurashi, number);
  await expect(kurashi.getByText("相談をお願いします。")).toBeVisible();
  await kurashi.getByRole("button", { name: "開いて読む" }).click();
  await expect(kurashi.getByText("家賃の話。")).toBeVisible();
  expect(kurashiHeard.bodies.filter((body) => body.includes("夜に一人になると不安。"))).toEqual([]);
  const { page: hoken } = await login("hoken");
  await pick(hoken, number);
  await expect(hoken.getByText("夜のようすを聞いてください。")).toBeVisible();
  await page.goto(sheet);
});

test("what is refused only when it is sent stays in the form, and the others go", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  await register(page);
  await consent(page, [KURASHI, HOKEN], [IDENTITY, WORDS]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, [KURASHI, HOKEN]);
  await page.getByRole("checkbox", { name: `${KURASHI} だけ変える` }).check();
  const request = page.getByLabel(`${KURASHI} にお願いしたいこと`);
  await request.fill("");
  watch.expected = /status of 422/;
  await page.getByRole("button", { name: "2つの機関に送る" }).click();
  await expect(page.getByRole("alert").filter({ hasText: `${HOKEN} には送れました。` })).toBeFocused();
  await expect(request).toHaveAttribute("aria-invalid", "true");
  await accessible(page);
  watch.expected = /^$/;
  await request.fill("家計の相談をお願いします。");
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText(`${KURASHI} に送りました。`)).toBeVisible();
  await expect(page.getByRole("heading", { name: /^シート R/ })).toBeVisible();
});

test("the receiver reads a state in its own words, and the sender in the sender's", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN], [IDENTITY, WORDS]);
  await relay(page, [HOKEN]);
  const { page: hoken } = await login("hoken");
  /** The state in the list and, where the list leads, on the relay. */
  const says = async (desk: typeof page, box: string, state: string): Promise<void> => {
    await desk.goto("/relays");
    await desk.getByLabel("どちらのつなぎ").selectOption({ label: box });
    await desk.getByLabel("状態でしぼる").selectOption({ label: state });
    const row = desk.getByRole("row", { name: number });
    await expect(row.locator(".state").first()).toHaveText(state);
    await row.getByRole("link").first().click();
    await expect(desk.getByRole("heading", { name: `つなぎ ${number}` })).toBeVisible();
    await expect(desk.locator(".title .state")).toHaveText(state);
  };
  await says(hoken, "届いたもの", "未開封");
  await says(page, "送ったもの", "送付済");
  await hoken.getByRole("button", { name: "開いて読む" }).click();
  await expect(hoken.locator(".title .state")).toHaveText("開封済");
  await deed(hoken, "受理する", "受理しました。");
  await expect(hoken.locator(".title .state")).toHaveText("引き受けた");
  await says(hoken, "届いたもの", "引き受けた");
  await says(page, "送ったもの", "受理");
});

test("where a recipient is chosen, it is marked who is excluded and who has the sheet already; grave acts stand apart", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await agree(page, [HOKEN], [IDENTITY, WORDS]);
  await page.getByText("伝えてほしくない機関").first().click();
  await tick(page, /^伝えてほしくない機関/, NOZEI);
  await tick(page, /^本人確認/, "書類");
  await recorded(page);
  await relay(page, [HOKEN]);
  await page.goto(`${sheet}/relay`);
  const choice = (agency: string) => page.getByRole("group", { name: /^つなぎ先/ }).getByRole("checkbox", { name: new RegExp(`^${agency}`) });
  await expect(choice(HOKEN)).toHaveAccessibleName(/途中のつなぎあり\(送付済\)/);
  await expect(choice(NOZEI)).toHaveAccessibleName(/本人が伝えてほしくない相手/);
  await expect(choice(KURASHI)).not.toHaveAccessibleName(/⚠/);
  await look(page, "relay-marks");

  const { page: hoken } = await login("hoken");
  await pick(hoken, number);
  const grave = hoken.locator(".moves .grave").getByRole("button");
  await expect(grave).toHaveText(["辞退する"]);
  const edge = async (name: string): Promise<DOMRect> => hoken.getByRole("button", { name, exact: true }).evaluate((one) => one.getBoundingClientRect());
  expect((await edge("辞退する")).left - (await edge("差し戻す")).right).toBeGreaterThan(32);
  await look(hoken, "relay-grave");
  await deed(hoken, "辞退する", "辞退しました。", (dialog) => dialog.getByLabel("理由").selectOption({ label: "利益相反・安全上" }));
  // What is over is no relay under way.
  await page.goto(`${sheet}/relay`);
  await expect(choice(HOKEN)).toBeVisible();
  await expect(choice(HOKEN)).not.toHaveAccessibleName(/途中のつなぎあり/);
});

test("the receiver sees on the relay what was corrected, as it was told and as the sheet says now", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "家賃を二か月ためた。");
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN], [IDENTITY, WORDS]);
  await relay(page, [HOKEN]);
  const { page: hoken } = await login("hoken");
  await take(hoken, number);
  await page.goto(sheet);
  await page.getByRole("link", { name: "内容を直す" }).click();
  await page.getByLabel("本人の言葉・相談内容").fill("家賃を三か月ためた。");
  await page.getByRole("button", { name: "変更を保存する" }).click();
  await expect(page.getByRole("heading", { name: `シート ${number}` })).toBeVisible();
  await hoken.reload();
  const note = hoken.getByRole("note").filter({ hasText: "送ったあとに直されています" });
  await note.getByRole("button", { name: "直されたところを見る" }).click();
  await expect(note.locator("del")).toHaveText("家賃を二か月ためた。");
  await expect(note.locator("ins")).toHaveText("家賃を三か月ためた。");
  await look(hoken, "relay-corrected");
  await note.getByRole("link", { name: "今の内容をシートで見る" }).click();
  await expect(hoken.getByText("家賃を三か月ためた。")).toBeVisible();
});
