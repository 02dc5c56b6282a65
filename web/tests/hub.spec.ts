import type { Page } from "@playwright/test";
import { confirmAgency, expect, look, test } from "./service";
import { begin, consent, deed, numberOf, pick, register, relay } from "./sheet";

const HOKEN = "保健センター";
const [IDENTITY, WORDS] = ["氏名・カナ・生年・性別", "本人の言葉・希望・対応"] as const;

/** Sends `n` relays of one sheet, as the page itself would; the returned one is due last. */
async function crowd(page: Page, sheet_id: string, to_agency_id: string, n: number): Promise<string[]> {
  return page.evaluate(
    async ([sheet_id, to_agency_id, n]) => {
      const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
      const post = async (path: string, body: object, key: string): Promise<Record<string, string>> => {
        // A preview needs no key, and ignores one.
        const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token, "Idempotency-Key": key };
        const answer = await fetch(`/api/v1/sheets/${sheet_id}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${path} ${answer.status} ${await answer.text()}`);
        return (await answer.json()) as Record<string, string>;
      };
      const consents = (await (await fetch(`/api/v1/sheets/${sheet_id}/consents`)).json()) as { items: { id: string }[] };
      const basis = { consent_id: consents.items[0]?.id };
      const what = { to_agency_id, sections: ["identity", "statement"], purpose: "support_referral" };
      const ids: string[] = [];
      for (let index = 0; index < n; index += 1) {
        const { disclosure_digest } = await post("/relays/preview", what, "preview");
        const { id = "" } = await post("/relays", { ...what, basis, disclosure_digest, request: "見てください。", urgency: "urgent", handover: "system" }, `crowd-${sheet_id}-${index}`);
        ids.push(id);
      }
      return ids;
    },
    [sheet_id, to_agency_id, n] as const,
  );
}

test("what was sent back stands first on the hub's screen, however many are due before it", async ({ login }) => {
  const WAITING = "見本 待合所";
  const { page: admin } = await login("admin");
  await deed(admin, "機関を追加する", "機関を保存しました。", async (dialog) => {
    await dialog.getByLabel("名称").fill(WAITING);
    await dialog.getByLabel("カナ").fill("ミホンマチアイジョ");
    await dialog.getByLabel("コード").fill("machiai");
    await dialog.getByRole("checkbox").first().check();
  }, "保存する");
  await confirmAgency(login, WAITING);
  const { page } = await login("madoguchi");
  await begin(page);
  const sheet = await register(page);
  const number = await numberOf(page);
  await consent(page, [HOKEN, WAITING], [IDENTITY, WORDS]);
  await relay(page, [HOKEN]);
  const { page: hoken } = await login("hoken");
  await pick(hoken, number);
  await hoken.getByRole("button", { name: "開いて読む" }).click();
  await deed(hoken, "差し戻す", "差し戻しました。", (dialog) => dialog.getByLabel("何が足りないか").fill("家族の連絡先。"));
  const agencies = await page.evaluate(async () => (await (await fetch("/api/v1/agencies?limit=200")).json()) as { items: { id: string; name: string }[] });
  const ids = await crowd(page, sheet.split("/").pop() ?? "", agencies.items.find(({ name }) => name === WAITING)?.id ?? "", 51);

  const { page: hub } = await login("hub");
  await hub.goto("/relays");
  await expect(hub.getByRole("heading", { level: 2 }).first()).toHaveText(/^差し戻されたもの \d+件$/);
  const bounced = hub.getByRole("main").getByRole("table").first();
  await expect(bounced.getByRole("row", { name: number }).filter({ hasText: HOKEN }).filter({ hasText: "差戻し" })).toBeVisible();
  await expect(hub.getByRole("heading", { name: /^そのほかの途中のもの \d+件以上$/ })).toBeVisible();
  await look(hub, "hub-bounced");
  // When all pages are loaded, nothing stands there twice.
  const more = hub.getByRole("button", { name: "もっと見る" });
  while ((await more.count()) > 0) {
    const before = await hub.getByRole("row").count();
    await more.first().click();
    await expect.poll(() => hub.getByRole("row").count()).toBeGreaterThan(before);
  }
  await expect(hub.getByRole("row", { name: number }).filter({ hasText: HOKEN })).toHaveCount(1);
  await expect(hub.getByRole("row", { name: number })).toHaveCount(52);

  // The waiting relays are cancelled, so that the other tests find the service as it was.
  await page.evaluate(async (ids) => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    for (const id of ids) {
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token, "Idempotency-Key": `back-${id}`, "If-Match": '"1"' };
      const answer = await fetch(`/api/v1/relays/${id}/cancel`, { method: "POST", headers, body: JSON.stringify({ reason: "見本のため。" }) });
      if (!answer.ok) throw new Error(await answer.text());
    }
  }, ids);
  // The auditor sees them as well, in a group of their own and not among those that are under way.
  const { page: kansa } = await login("kansa");
  await kansa.goto("/relays");
  const part = (name: RegExp) => kansa.locator("section").filter({ has: kansa.getByRole("heading", { name }) });
  await expect(part(/^終わったもの/).getByRole("row", { name: number }).filter({ hasText: "取下げ" }).first()).toBeVisible();
  await expect(part(/^そのほかの途中のもの/).getByRole("row").filter({ hasText: "取下げ" })).toHaveCount(0);
});
