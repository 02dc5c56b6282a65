import { accessible, expect, look, test, type Watch } from "./service";
import { begin, consent, deed, numberOf, pick, register, relay, saved, take, tick } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";
const HOKEN = "保健センター";
const [IDENTITY, TOPICS, WORDS, RISK] = ["氏名・カナ・生年・性別", "相談内容の区分", "本人の言葉・希望・対応", "リスク"] as const;

const OFFER = "主担当を戻したいと申し出る";

/** Demands that no answer since then holds the word. */
function deaf(watch: Watch, since: number, word: string): void {
  expect(watch.bodies.slice(since).filter((body) => body.includes(word))).toEqual([]);
}

test("the baton is offered back with a reason, kept at first, then taken back; who does not hold it cannot offer it", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI, HOKEN], [IDENTITY, WORDS]);
  await relay(page, [KURASHI, HOKEN]);
  const { page: kurashi, watch } = await login("kurashi");
  await take(kurashi, number);
  const { page: hoken } = await login("hoken");
  await take(hoken, number);
  await expect(hoken.getByRole("link", { name: "さらにつなぐ" })).toBeVisible();
  await expect(hoken.getByText("読み込んでいます…")).toHaveCount(0);
  await expect(hoken.getByRole("button", { name: OFFER })).toHaveCount(0);

  const offer = async (reason: string): Promise<void> =>
    deed(kurashi, OFFER, "申し出をつなぎ元に送りました。", async (dialog) => {
      await accessible(kurashi);
      await dialog.getByLabel("理由").fill(reason);
    }, "申し出る");
  watch.expected = /status of 422/;
  await kurashi.getByRole("button", { name: OFFER }).click();
  await kurashi.getByRole("dialog").getByRole("button", { name: "申し出る", exact: true }).click();
  await expect(kurashi.getByRole("dialog").getByLabel("理由")).toHaveAttribute("aria-invalid", "true");
  await accessible(kurashi);
  await kurashi.keyboard.press("Escape");
  watch.expected = /^$/;
  await offer("転居し、通える窓口が変わった。");
  await expect(kurashi.getByText("申し出中")).toBeVisible();
  await expect(kurashi.getByRole("button", { name: OFFER })).toHaveCount(0);
  await look(kurashi, "hand-back-offered");

  const answer = async (): Promise<void> => {
    await page.goto("/");
    await page.getByRole("row", { name: number }).getByRole("link", { name: "主担当を戻す申し出に答える" }).click();
  };
  await answer();
  await expect(page.getByText("転居し、通える窓口が変わった。")).toBeVisible();
  await look(page, "hand-back-answer");
  await deed(page, "引き受けない", "引き受けないことを、つなぎ先に答えました。", async (dialog) => {
    await dialog.getByLabel("つなぎ先への説明").fill("転居先の窓口が決まるまで、お願いします。");
    await accessible(page);
  }, "引き受けないと答える");
  await expect(page.getByRole("button", { name: "主担当を引き受ける" })).toHaveCount(0);
  await page.goto(sheet);
  await expect(page.getByText(KURASHI, { exact: true }).first()).toBeVisible();

  await kurashi.reload();
  await expect(kurashi.getByText("転居先の窓口が決まるまで、お願いします。")).toBeVisible();
  await look(kurashi, "hand-back-declined");
  await offer("転居先の窓口が決まった。");
  await answer();
  await deed(page, "主担当を引き受ける", "主担当を引き受けました。");
  await expect(page.getByText("引き受けられた")).toBeVisible();
  await page.goto(sheet);
  await expect(page.getByText(KURASHI, { exact: true })).toHaveCount(0);
  // The work goes on and is reported, but the baton cannot be handed back any more.
  await kurashi.reload();
  await expect(kurashi.getByRole("button", { name: "結果を報告する" })).toBeVisible();
  await expect(kurashi.getByText("引き受けられた")).toBeVisible();
  await expect(kurashi.getByText("読み込んでいます…")).toHaveCount(0);
  await expect(kurashi.getByRole("button", { name: OFFER })).toHaveCount(0);
});

test("what is told grows within the consent and shrinks at once, and shows beforehand what the receiver will see", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "はじめだけ伝える話。");
  await page.getByLabel("自殺のおそれ").check();
  await page.getByLabel("リスクの備考").fill("夜に一人になると不安。");
  await saved(page);
  await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI], [IDENTITY, WORDS, RISK]);
  await relay(page, [KURASHI], [IDENTITY, WORDS]);
  const { page: kurashi, watch } = await login("kurashi");
  await pick(kurashi, number);
  await kurashi.getByRole("button", { name: "開いて読む" }).click();
  await expect(kurashi.getByText("はじめだけ伝える話。")).toBeVisible();
  deaf(watch, 0, "夜に一人になると不安。");

  await page.goto("/relays");
  await page.getByLabel("どちらのつなぎ").selectOption({ label: "送ったもの" });
  await page.getByRole("row", { name: number }).getByRole("link").click();
  await page.getByRole("link", { name: "伝える項目を変える" }).click();
  const show = page.getByRole("button", { name: "伝わる内容を確かめる" });
  await show.click();
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.getByText("伝える項目が変わっていません。", { exact: false }).first()).toBeVisible();
  await look(page, "amend-unchanged");

  // More than the consent covers is refused in the service's words, with a button that mends it.
  await tick(page, /^これから伝える項目/, TOPICS, RISK);
  await page.getByRole("checkbox", { name: new RegExp(`^${WORDS}`) }).uncheck();
  await show.click();
  await expect(page.getByRole("heading", { name: `${KURASHI} に伝える項目は、このままでは変えられません` })).toBeFocused();
  await expect(page.getByRole("link", { name: "同意をいただき直す" })).toBeVisible();
  await expect(page.getByRole("button", { name: "この項目に変える" })).toHaveCount(0);
  await look(page, "amend-refused");
  await page.getByRole("button", { name: "同意のない項目を外す" }).click();
  await expect(page.getByRole("checkbox", { name: new RegExp(`^${TOPICS}`) })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: new RegExp(`^${RISK}`) })).toBeChecked();

  // Exactly that is told now: the risk, and the words no more.
  await show.click();
  const preview = page.locator(".preview");
  await expect(preview.getByText("夜に一人になると不安。")).toBeVisible();
  await expect(preview.getByText("はじめだけ伝える話。")).toHaveCount(0);
  await look(page, "amend-preview");
  await page.getByRole("button", { name: "この項目に変える" }).click();
  await expect(page.getByText("伝える項目を変えました。", { exact: false })).toBeVisible();
  await expect(page.getByRole("heading", { name: `つなぎ ${number}` })).toBeVisible();

  const before = watch.bodies.length;
  await kurashi.reload();
  await expect(kurashi.getByText("夜に一人になると不安。")).toBeVisible();
  await expect(kurashi.getByText("はじめだけ伝える話。")).toHaveCount(0);
  deaf(watch, before, "はじめだけ伝える話。");

  // Now only less can be told; and when the relay is over, nothing can be changed.
  await page.getByRole("link", { name: "伝える項目を変える" }).click();
  await page.getByRole("checkbox", { name: new RegExp(`^${RISK}`) }).uncheck();
  await show.click();
  await expect(page.getByRole("heading", { name: `${KURASHI} に伝わる内容` })).toBeVisible();
  await page.getByRole("button", { name: "この項目に変える" }).click();
  await expect(page.getByText("伝える項目を変えました。", { exact: false })).toBeVisible();
  const then = watch.bodies.length;
  await kurashi.reload();
  await expect(kurashi.getByRole("button", { name: "受理する" })).toBeVisible();
  deaf(watch, then, "夜に一人になると不安。");
  await deed(page, "取り下げる", "取り下げました。", (dialog) => dialog.getByLabel("理由").fill("送り先を間違えたため。"));
  await expect(page.getByRole("link", { name: "伝える項目を変える" })).toHaveCount(0);
});

test("what was declined or sent back is not asked for again as if it were open", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page, "断られて閉じる話。");
  await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI, HOKEN], [IDENTITY, WORDS]);
  await relay(page, [KURASHI, HOKEN]);
  for (const [who, open, done, fill] of [
    ["kurashi", "辞退する", "辞退しました。", (dialog) => dialog.getByLabel("理由").selectOption({ label: "利益相反・安全上" })],
    ["hoken", "差し戻す", "差し戻しました。", (dialog) => dialog.getByLabel("何が足りないか").fill("家族の連絡先。")],
  ] as const satisfies readonly (readonly [string, string, string, Parameters<typeof deed>[3]])[]) {
    const { page: desk } = await login(who);
    const refused: string[] = [];
    desk.on("response", (answer) => {
      if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`);
    });
    await pick(desk, number);
    await desk.getByRole("button", { name: "開いて読む" }).click();
    await expect(desk.getByText("断られて閉じる話。")).toBeVisible();
    await deed(desk, open, done, fill);
    await expect(desk.getByText("断られて閉じる話。")).toHaveCount(0);
    await expect(desk.getByText("このつなぎの内容は、もう表示されません。")).toBeVisible();
    await desk.waitForLoadState("networkidle");
    expect(refused).toEqual([]);
  }
});
