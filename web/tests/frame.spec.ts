import type { Page } from "@playwright/test";
import { accessible, expect, fits, look, test } from "./service";
import { begin, register } from "./sheet";

test("on a narrow screen the head is one line of at most 64 px, with the post, and a button opens the menu", async ({ login }) => {
  const { page } = await login("madoguchi", { viewport: { width: 390, height: 844 } });
  const head = page.getByRole("banner");
  const height = async (): Promise<number> => (await head.boundingBox())?.height ?? Number.NaN;
  const menu = page.getByRole("button", { name: "メニュー" });
  const nav = page.getByRole("navigation", { name: "主なメニュー" });
  expect(await height()).toBeLessThanOrEqual(64);
  await expect(head.getByText("福祉まるごと相談課 窓口職員")).toBeVisible();
  await expect(nav).toBeHidden();
  await expect(menu).toHaveAttribute("aria-expanded", "false");
  await accessible(page);
  await menu.focus();
  await page.keyboard.press("Enter");
  await expect(menu).toHaveAttribute("aria-expanded", "true");
  await expect(nav.getByRole("link", { name: "シートをさがす" })).toBeVisible();
  await expect(page.getByRole("button", { name: "ログアウト" })).toBeVisible();
  await fits(page);
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(nav).toBeHidden();
  await expect(menu).toBeFocused();
  await menu.click();
  await nav.getByRole("link", { name: "シートをさがす" }).click();
  await expect(page.getByRole("heading", { name: "シートをさがす" })).toBeVisible();
  await expect(nav).toBeHidden();
  expect(await height()).toBeLessThanOrEqual(64);
  // Zoomed by 400 % it is still one line.
  await page.setViewportSize({ width: 320, height: 256 });
  expect(await height()).toBeLessThanOrEqual(64);
  await fits(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(menu).toBeHidden();
  await expect(nav.getByRole("link", { name: "シートをさがす" })).toBeVisible();
});

/** Which of the texts and controls in the window the message covers. */
async function covered(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const said = document.querySelector(".said");
    const box = said?.getBoundingClientRect();
    if (!said || !box) return ["nothing was said"];
    return [...document.querySelectorAll("header *, main *")]
      .filter((one) => one.checkVisibility() && one.children.length === 0)
      .map((one) => [one, one.getBoundingClientRect()] as const)
      .filter(([, at]) => at.height > 0 && at.top < box.bottom - 1 && at.bottom > box.top + 1 && at.left < box.right && at.right > box.left)
      .map(([one]) => one.outerHTML.slice(0, 80));
  });
}

test("what was done is said where it hides nothing, until the next screen", async ({ login }) => {
  const { page } = await login("madoguchi");
  await begin(page);
  await register(page);
  for (const width of [1280, 768, 390]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await covered(page)).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("link", { name: "経過", exact: true }).click();
  await expect(page.locator(".said")).toHaveText(/^受付を確定しました/);
  await page.getByRole("main").getByRole("link", { name: "同意をいただく", exact: true }).click();
  await expect(page.getByRole("heading", { name: "同意をいただく", exact: true })).toBeFocused();
  await expect(page.locator(".said")).toHaveCount(0);
});

test("the log-in says whom to ask for a forgotten password, and leads to where the code is used", async ({ browser, service }) => {
  const page = await (await browser.newContext({ baseURL: service.url })).newPage();
  await page.goto("/");
  await expect(page.getByText("パスワードを忘れたときは、システム管理者に", { exact: false })).toBeVisible();
  await expect(page.getByRole("button", { name: "ログインする" })).toBeEnabled();
  await look(page, "log-in");
  await page.getByRole("button", { name: /コードをお持ちの方/ }).click();
  await expect(page.getByRole("heading", { name: /パスワードを決める/ })).toBeVisible();
  await expect(page.getByLabel("新しいパスワード")).toBeVisible();
  await page.context().close();
});
