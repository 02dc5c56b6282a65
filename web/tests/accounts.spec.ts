import type { Locator, Page } from "@playwright/test";
import { CHOSEN, chosen, comeIn, confirmPosts, expect, look, setPassword, test } from "./service";

const dialogOf = (page: Page): Locator => page.getByRole("dialog");

test("a new colleague comes in by an invitation and a second person, changes the password and ends another log-in", async ({ login }) => {
  const { page: admin } = await login("admin");
  await admin.getByRole("link", { name: "職員" }).click();
  await admin.getByLabel("機関").selectOption({ label: "保健センター" });
  await admin.getByRole("button", { name: "職員を追加する" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByLabel("氏名").fill("見本 新人");
  await dialog.getByLabel("ログイン名").fill("shinjin");
  await dialog.getByRole("button", { name: "保存する" }).click();
  await look(admin, "staff-code");
  await comeIn(login, admin, "見本 新人", "shinjin", "保健センター");

  const { page: elsewhere, watch: left } = await login("shinjin");
  const { page } = await login("shinjin");
  await page.getByRole("link", { name: "わたしの設定" }).click();
  await look(page, "own");
  await page.getByRole("button", { name: /からのログインを終わらせる/ }).click();
  await dialogOf(page).getByRole("button", { name: "終わらせる" }).click();
  await expect(page.getByText("ログインを終わらせました。")).toBeVisible();
  left.expected = /status of 401/;
  await elsewhere.getByRole("link", { name: "シートをさがす" }).click();
  await elsewhere.reload();
  await expect(elsewhere.getByRole("button", { name: "ログインする" })).toBeVisible();

  await page.getByRole("button", { name: "パスワードを変える" }).click();
  await dialogOf(page).getByLabel("いまのパスワード").fill(CHOSEN);
  await dialogOf(page).getByLabel("新しいパスワード").fill("mizuumi to tsukue");
  await dialogOf(page).getByRole("button", { name: "保存する" }).click();
  await expect(page.getByText("パスワードを変えました。")).toBeVisible();
  chosen.set("shinjin", "mizuumi to tsukue");
  await login("shinjin");

  // The person is disabled, and let in again by two people.
  const row = admin.getByRole("row", { name: /見本 新人/ });
  await row.getByRole("button", { name: "見本 新人さんの利用を止める" }).click();
  await dialog.getByRole("button", { name: "利用を止める" }).click();
  await expect(row.getByText("利用停止中")).toBeVisible();
  await row.getByRole("button", { name: "見本 新人さんの利用を再開する" }).click();
  await dialog.getByRole("button", { name: "利用を再開する" }).click();
  await expect(row.getByText("確認待ち")).toBeVisible();
  await confirmPosts(login, "見本 新人", "保健センター");

  // A person who has forgotten the password gets a code.
  await row.getByRole("button", { name: "見本 新人さんにコードを発行する" }).click();
  await dialog.getByRole("button", { name: "コードを発行する" }).click();
  const code = await admin.getByRole("dialog", { name: "見本 新人さんのコード" }).locator("strong").innerText();
  const { page: door, watch } = await login("hogo");
  watch.expected = /status of 401/;
  await door.getByRole("button", { name: "ログアウト" }).click();
  await setPassword(door, "shinjin", code);
  await confirmPosts(login, "見本 新人", "保健センター");
  await login("shinjin");
});
