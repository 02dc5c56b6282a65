import { accessible, expect, look, test } from "./service";
import { begin, consent, deed, numberOf, preview, register, saved, take } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";
const [IDENTITY, ADDRESS, WORDS] = ["氏名・カナ・生年・性別", "住所", "本人の言葉・希望・対応"] as const;
const SECRET = "見本区隠里町九丁目9番";

test("a secret address is told to the one agency that was approved, by somebody else than who asked, until it is taken back", async ({ login }) => {
  const { page, watch: heard } = await login("madoguchi");
  await begin(page, "家を出た。");
  await page.getByLabel("DV等支援措置").check();
  await page.getByLabel("住所 任意", { exact: true }).fill(SECRET);
  await saved(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [KURASHI], [IDENTITY, ADDRESS, WORDS]);
  await page.getByRole("main").getByRole("link", { name: "つなぐ", exact: true }).click();
  await preview(page, [KURASHI]);
  await expect(page.getByRole("heading", { name: `${KURASHI} には、いまは送れません` })).toBeVisible();
  await page.getByRole("link", { name: "住所を伝える承認を申請する" }).click();
  await expect(page.getByText("住所を伝える申請はありません。")).toBeVisible();
  await look(page, "address-none");

  const ask = async (desk: typeof page, reason: string): Promise<void> =>
    deed(desk, "住所を伝える承認を申請する", "住所を伝える承認を申請しました。", async (dialog) => {
      await dialog.getByLabel("住所を伝える機関").selectOption({ label: KURASHI });
      await dialog.getByLabel("住所を伝える職員の氏名").fill("見本 暮");
      await dialog.getByLabel("伝える必要がある理由").fill(reason);
    }, "申請する");
  // The agency of the refusal is chosen already; a person there must be named.
  await page.getByRole("button", { name: "住所を伝える承認を申請する" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("住所を伝える機関").locator("option:checked")).toHaveText(KURASHI);
  await dialog.getByRole("button", { name: "申請する" }).click();
  await expect(dialog.getByLabel("住所を伝える職員の氏名")).toHaveAttribute("aria-invalid", "true");
  await look(page, "address-dialog");
  await page.keyboard.press("Escape");
  await ask(page, "迎えに行くため。");
  await expect(page.getByText("申請中")).toBeVisible();
  await look(page, "address-asked");
  // A clerk cannot decide, and may ask only once.
  await expect(page.getByRole("button", { name: "承認する", exact: true })).toHaveCount(0);
  heard.expected = /status of 409/;
  await page.getByRole("button", { name: "住所を伝える承認を申請する" }).click();
  await dialog.getByLabel("住所を伝える職員の氏名").fill("見本 暮");
  await dialog.getByLabel("伝える必要がある理由").fill("二度目。");
  await dialog.getByRole("button", { name: "申請する" }).click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await dialog.getByRole("button", { name: "やめる" }).click();
  heard.expected = /^$/;

  const { page: chief } = await login("kacho");
  const decide = async (): Promise<void> => {
    await chief.goto("/");
    await chief.getByRole("row", { name: number }).getByRole("link", { name: "住所を伝える申請を承認するか決める" }).click();
  };
  await decide();
  await expect(chief.getByText("迎えに行くため。")).toBeVisible();
  await expect(chief.getByRole("button", { name: "申請を取り下げる" })).toHaveCount(0);
  await look(chief, "address-decide");
  await deed(chief, "却下する", "却下しました。", async (box) => {
    await box.getByLabel("理由").fill("待ち合わせ場所で足りる。");
    await accessible(chief);
  });
  await page.reload();
  await expect(page.getByText("待ち合わせ場所で足りる。")).toBeVisible();
  await ask(page, "夜間に駆け付けるため。");
  await decide();
  await deed(chief, "承認する", "承認しました。", () => accessible(chief));

  // Now the address goes, and the receiver reads it.
  await page.goto(`${sheet}/relay`);
  await preview(page, [KURASHI]);
  await page.getByRole("button", { name: "送る", exact: true }).click();
  await expect(page.getByText(`${KURASHI} に送りました。`)).toBeVisible();
  const { page: kurashi, watch } = await login("kurashi");
  await take(kurashi, number);
  await expect(kurashi.getByText(SECRET)).toBeVisible();
  // The receiver does not see which other agencies may be told.
  await kurashi.goto(`${sheet}?tab=address`);
  await expect(kurashi.getByRole("heading", { level: 2, name: "内容" })).toBeVisible();
  await expect(kurashi.getByRole("link", { name: "住所の秘匿" })).toHaveCount(0);

  await page.goto(`${sheet}?tab=address`);
  await deed(page, "取り消す", "取り消しました。", (box) => box.getByLabel("理由").fill("転居したため。"));
  await expect(page.getByText("転居したため。")).toBeVisible();
  await look(page, "address-revoked");
  const before = watch.bodies.length;
  await kurashi.reload();
  await expect(kurashi.getByText("家を出た。")).toBeVisible();
  await expect(kurashi.getByText(SECRET)).toHaveCount(0);
  expect(watch.bodies.slice(before).filter((body) => body.includes(SECRET))).toEqual([]);

  // The person who asks does not decide, not even a manager.
  await chief.goto(`${sheet}?tab=address`);
  await ask(chief, "もう一度、駆け付けるため。");
  await expect(chief.getByText("申請した本人は、承認も却下もできません。", { exact: false })).toBeVisible();
  await expect(chief.getByRole("button", { name: "承認する", exact: true })).toHaveCount(0);
  await accessible(chief);
  await deed(chief, "申請を取り下げる", "申請を取り下げました。");
  await expect(chief.getByText("取消", { exact: true }).first()).toBeVisible();
});
