import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { accessible, expect, look, test } from "./service";
import { agree, begin, consent, numberOf, recorded, register, relay, take, tick } from "./sheet";

const KURASHI = "くらしとしごとの相談センター";
const HOKEN = "保健センター";
const [IDENTITY, WORDS, FILES] = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応", "添付"] as const;

const NAME = "見本花子さんの受付票 (1).pdf";

function pdf(text: string): Buffer {
  return Buffer.from(`%PDF-1.7\n${text}\n%%EOF\n`);
}

/** Presses the button that saves a file; returns its name and its bytes. */
async function saved(page: Page, button: string): Promise<[name: string, bytes: string]> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
}

test("a file is attached, refused in words when it is none, and saved by whoever is granted it", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await page.getByRole("navigation", { name: "この画面の項目" }).getByRole("link", { name: "添付" }).click();
  await expect(page.getByText("添付はまだありません。")).toBeVisible();
  await look(page, "files-none");

  await page.getByRole("button", { name: "ファイルを添付する" }).click();
  const dialog = page.getByRole("dialog");
  const add = dialog.getByRole("button", { name: "添付する" });
  const choose = async (name: string, bytes: Buffer): Promise<void> => {
    await dialog.getByLabel("ファイル").setInputFiles({ name, mimeType: "application/pdf", buffer: bytes });
    await add.click();
  };
  await add.click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(dialog.getByLabel("ファイル")).toHaveAttribute("aria-invalid", "true");
  await look(page, "files-dialog");
  await page.setViewportSize({ width: 320, height: 900 });
  expect(await dialog.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 900 });
  await dialog.getByLabel("相談受付票").check();
  // A file that is too large is refused by the page, and nothing is sent.
  let asked = 0;
  await page.route(/\/attachments\?/, (route) => {
    asked += 1;
    return route.continue();
  });
  await choose("大きい.pdf", Buffer.alloc(10 * 1024 * 1024 + 1, "%PDF-1.7 "));
  await expect(dialog.getByText("このファイルは大きすぎます。", { exact: false }).first()).toBeVisible();
  expect(asked).toBe(0);
  // A file that is no PDF, whatever its name, is refused in the service's words at the field.
  watch.expected = /status of 422/;
  await choose("偽物.pdf", Buffer.from("<html>"));
  await expect(dialog.locator("#file-error")).toContainText("PDF・JPEG・PNG のファイルではないか、壊れています。");
  await accessible(page);
  await dialog.getByRole("alert").getByRole("link").click();
  await expect(dialog.getByLabel("ファイル")).toBeFocused();
  watch.expected = /^$/;
  await choose(NAME, pdf("受付票"));
  await expect(page.getByText("ファイルを添付しました。")).toBeVisible();
  const row = page.getByRole("row", { name: NAME });
  for (const cell of ["相談受付票", /^PDF 1 KB$/, "福祉まるごと相談課 見本 窓子"]) await expect(row.getByRole("cell", { name: cell })).toBeVisible();
  await look(page, "files");
  const before = watch.bodies.length;
  expect(await saved(page, `${NAME} を保存する`)).toEqual([NAME, pdf("受付票").toString()]);
  expect(page.url()).toBe(`${sheet}?tab=files`);
  expect(watch.bodies.slice(before).every((body) => !body.includes("problem"))).toBe(true);

  // A name with the wrong ending gets the ending of the content.
  await page.getByRole("button", { name: "ファイルを添付する" }).click();
  await dialog.getByLabel("その他").check();
  await choose("メモ.exe", pdf("メモ"));
  await expect(page.getByRole("row", { name: "メモ.exe" })).toBeVisible();
  expect((await saved(page, "メモ.exe を保存する"))[0]).toBe("メモ.exe.pdf");

  // A wrong file is taken back: its content and name are gone; the page still says that it was there and why it went.
  await page.getByRole("button", { name: "メモ.exe を取り下げる" }).click();
  await dialog.getByLabel("取り下げる理由").fill("別の人の書類だったため");
  await look(page, "files-withdrawal");
  await dialog.getByRole("button", { name: "取り下げる" }).click();
  await expect(page.getByText("ファイルを取り下げました。")).toBeVisible();
  await expect(page.getByRole("row", { name: "名前のないファイル" })).toContainText("理由: 別の人の書類だったため");

  // The files are told to one agency and not to the other.
  await page.goto(sheet);
  await consent(page, [HOKEN, KURASHI], [IDENTITY, WORDS, FILES]);
  await relay(page, [HOKEN], [IDENTITY, WORDS, FILES]);
  await relay(page, [KURASHI], [IDENTITY, WORDS]);
  const { page: hoken, watch: hokenHeard } = await login("hoken");
  await take(hoken, number);
  await expect(hoken.getByRole("region", { name: "添付" }).getByText("相談受付票", { exact: false })).toBeVisible();
  await look(hoken, "files-relay");
  await hoken.goto(`${sheet}?tab=files`);
  expect(await saved(hoken, `${NAME} を保存する`)).toEqual([NAME, pdf("受付票").toString()]);
  const { page: kurashi, watch: kurashiHeard } = await login("kurashi");
  await take(kurashi, number);
  await kurashi.goto(`${sheet}?tab=files`);
  await expect(kurashi.getByText("添付はまだありません。")).toBeVisible();
  expect(kurashiHeard.bodies.filter((body) => body.includes("受付票 (1)"))).toEqual([]);

  // A file that is taken away while its page is open is refused in words, and nothing is saved.
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await page.getByRole("button", { name: "同意をやめる(撤回)" }).click();
  await dialog.getByLabel("一部をやめる").check();
  await tick(page, /^やめる項目/, FILES);
  await dialog.getByRole("button", { name: "撤回を記録する" }).click();
  await expect(page.getByText("撤回を記録しました。", { exact: false })).toBeVisible();
  hokenHeard.expected = /status of 404/;
  await hoken.getByRole("button", { name: `${NAME} を保存する` }).click();
  await expect(hoken.getByRole("row", { name: NAME }).getByRole("alert")).toBeVisible();
  await accessible(hoken);
  hokenHeard.expected = /^$/;
  await hoken.reload();
  await expect(hoken.getByText("添付はまだありません。")).toBeVisible();
});

test("the form that was signed on paper becomes evidence of the consent, attached once even when an answer fails", async ({ login }) => {
  const { page, watch } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  await agree(page, [HOKEN], [IDENTITY, WORDS]);
  await tick(page, /^本人確認/, "書類");
  await recorded(page);
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  const open = page.getByRole("button", { name: "署名した同意書の写しを加える" });
  const dialog = page.getByRole("dialog");
  const go = dialog.getByRole("button", { name: "証拠として加える" });
  await open.click();
  await go.click();
  await expect(dialog.getByLabel("ファイル")).toHaveAttribute("aria-invalid", "true");
  await look(page, "evidence-dialog");
  await dialog.getByLabel("ファイル").setInputFiles({ name: "同意書.pdf", mimeType: "application/pdf", buffer: pdf("同意書") });
  watch.expected = /status of 500/;
  await page.route(/\/evidence$/, (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" }), { times: 1 });
  await go.click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  watch.expected = /^$/;
  await go.click();
  await expect(page.getByText("同意書の写しを、証拠として加えました。")).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "署名した同意書の写し" })).toHaveCount(1);
  await page.getByRole("button", { name: "証拠を開く" }).click();
  expect(await saved(page, "同意書の写しを保存する")).toEqual(["同意書の写し.pdf", pdf("同意書").toString()]);
  await look(page, "evidence-scan");
  await page.goto(`${sheet}?tab=files`);
  await expect(page.getByRole("row", { name: "同意書.pdf" })).toHaveCount(1);

  // A second scan is attached already: it is chosen and not sent again. The first one cannot be chosen any more.
  await page.getByRole("button", { name: "ファイルを添付する" }).click();
  await dialog.getByLabel("同意書").check();
  await dialog.getByLabel("ファイル").setInputFiles({ name: "裏面.pdf", mimeType: "application/pdf", buffer: pdf("裏面") });
  await dialog.getByRole("button", { name: "添付する" }).click();
  await expect(page.getByText("ファイルを添付しました。")).toBeVisible();
  await page.goto(`${sheet}?tab=consents`);
  await page.getByRole("link", { name: "同意 第1版" }).click();
  await open.click();
  await expect(dialog.getByRole("radio")).toHaveCount(2);
  await dialog.getByLabel("裏面.pdf").check();
  await expect(dialog.getByLabel("ファイル", { exact: true })).toHaveCount(0);
  await accessible(page);
  await go.click();
  await expect(page.getByRole("listitem").filter({ hasText: "署名した同意書の写し" })).toHaveCount(2);
  await page.goto(`${sheet}?tab=files`);
  await expect(page.getByRole("row", { name: /同意書|裏面/ })).toHaveCount(2);

  // A colleague opens it, too.
  const { page: chief } = await login("kacho");
  await chief.goto(`${sheet}?tab=files`);
  expect((await saved(chief, "裏面.pdf を保存する"))[1]).toBe(pdf("裏面").toString());
});
