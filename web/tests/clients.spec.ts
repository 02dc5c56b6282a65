import type { Page } from "@playwright/test";
import { expect, look, test } from "./service";

/** The credentials that the page shows once: client_id and client_secret. */
async function shownOnce(page: Page): Promise<{ id: string; secret: string }> {
  const dialog = page.getByRole("dialog", { name: "見本 連携の秘密" });
  await expect(dialog.getByRole("definition")).toHaveCount(2);
  const [id, secret] = await dialog.getByRole("definition").allInnerTexts();
  await dialog.getByRole("button", { name: "閉じる" }).click();
  await expect(dialog).toHaveCount(0);
  return { id: id!, secret: secret! };
}

test("a department system counts by two persons, changes its secret by two, and is shut out by one", async ({ login, request, service }) => {
  const token = async ({ id, secret }: { id: string; secret: string }): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
    const answer = await request.post(`${service.url}/oauth2/token`, { headers: { authorization }, form: { grant_type: "client_credentials" } });
    return answer.status();
  };
  const { page: admin } = await login("admin");
  await admin.getByRole("link", { name: "連携システム" }).click();
  await admin.getByRole("button", { name: "連携システムを登録する" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByLabel("名称 ※必須").fill("見本 連携");
  await dialog.getByLabel("機関 ※必須").selectOption({ label: "納税課" });
  await dialog.getByLabel("つなぎの閲覧").check();
  await look(admin, "clients-add");
  await dialog.getByRole("button", { name: "保存する" }).click();
  await look(admin, "clients-secret");
  const first = await shownOnce(admin);
  const row = admin.getByRole("row", { name: /見本 連携/ });
  await expect(row.getByText("確認待ち")).toBeVisible();
  await expect(row.getByRole("button", { name: "見本 連携を確認する" })).toHaveCount(0);
  expect(await token(first)).toBe(401);

  const { page: officer } = await login("hogo");
  const confirm = async (): Promise<void> => {
    await officer.goto("/clients");
    await officer.getByRole("button", { name: "見本 連携を確認する" }).click();
    await officer.getByRole("dialog").getByRole("button", { name: "確認する", exact: true }).click();
    await expect(officer.getByText("確認しました。")).toBeVisible();
    await expect(officer.getByText(/確認待ち/)).toHaveCount(0);
  };
  await officer.goto("/clients");
  await look(officer, "clients-officer");
  await confirm();
  expect(await token(first)).toBe(200);

  await admin.reload();
  await row.getByRole("button", { name: "見本 連携の秘密を変える" }).click();
  await dialog.getByLabel("確認のあと、いままでの秘密も使える時間 ※必須").selectOption({ label: "すぐに使えなくする" });
  await dialog.getByRole("button", { name: "秘密を変える" }).click();
  const second = await shownOnce(admin);
  await expect(row.getByText("新しい秘密が確認待ち")).toBeVisible();
  expect([await token(first), await token(second)]).toEqual([200, 401]);
  await confirm();
  expect([await token(first), await token(second)]).toEqual([401, 200]);

  await officer.getByRole("button", { name: "見本 連携を止める" }).click();
  await officer.getByRole("dialog").getByRole("button", { name: "止める", exact: true }).click();
  await expect(officer.getByText(/に停止$/)).toBeVisible();
  expect(await token(second)).toBe(401);
  await look(officer, "clients-revoked");
});
