import { defineConfig } from "@playwright/test";

/**
 * Debian's Chromium, without the parts that draw a window, against the real binary. The browser asks nobody but the service. Two workers,
 * each with a service of its own, share the tests.
 */
export default defineConfig({
  testDir: "tests",
  fullyParallel: true,
  workers: 2,
  // A deadline for a busy machine, no measure of speed.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  reporter: [["list"]],
  outputDir: "../target/playwright",
  use: {
    browserName: "chromium",
    actionTimeout: 30_000,
    locale: "ja-JP",
    timezoneId: "Asia/Tokyo",
    viewport: { width: 1280, height: 900 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
