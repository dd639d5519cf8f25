// Pictures of every page, for people to look at: npm run screens writes them to screens/, which is not committed, and with --docs the
// six that docs/console.md shows to docs/screens/, which is.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Demo, launch, settled, signIn, type Look, type Role } from "./demo.ts";

const isForDocs = process.argv.includes("--docs");
const only = process.argv.slice(2).find((one) => !one.startsWith("--")) ?? "";
const SHOWN = new Set([
  "customer-en-light-1280",
  "scorecards-team-zh-light-1280",
  "ranks-en-dark-1280",
  "ballot-zh-light-400",
  "leaderboard-en-light-1280",
  "voice-en-light-1280",
]);
const looks: Look[] = [
  { locale: "zh-CN", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 1280 },
  { locale: "zh-CN", colorScheme: "dark", width: 400 },
  { locale: "en-GB", colorScheme: "light", width: 400 },
  ...(isForDocs
    ? ([
        { locale: "en-GB", colorScheme: "light", width: 1280 },
        { locale: "zh-CN", colorScheme: "light", width: 400 },
      ] as const)
    : []),
];
const pages: [string, Role, string, ((page: import("playwright-core").Page) => Promise<void>)?][] = [
  ["scorecards", "supervisor", "#/scorecards"],
  ["scorecards-team", "admin", "#/scorecards?team=beijing&period=26w"],
  ["ranks", "admin", "#/ranks?period=26w", async (page) => page.locator(".rank button").first().click()],
  ["customer", "supervisor", "#/customers/C-1001"],
  ["customer-list", "admin", "#/customers"],
  ["competitions", "staff", "#/competitions"],
  ["ballot", "staff", "#/competitions", async (page) => page.locator(".rows a").first().click()],
  [
    "leaderboard",
    "admin",
    "#/competitions",
    async (page) => {
      await page.locator(".rows li", { hasText: "三月服务竞赛" }).locator("a").last().click();
      await page.locator(".rank button").first().click();
    },
  ],
  ["announce", "admin", "#/competitions/new"],
  [
    "record",
    "reviewer",
    "#/competitions",
    async (page) => {
      await page.locator(".rows li", { hasText: "三月服务竞赛" }).locator("a").last().click();
      await settled(page);
      await page.locator(".actions button.primary").last().click();
      await page.waitForSelector(".verdict");
      await page.locator(".card:last-child .actions button").last().click();
      await page.waitForSelector(".matrix");
    },
  ],
  ["today", "supervisor", "#/today"],
  ["journeys", "admin", "#/journeys?weeks=26"],
  ["journeys-anticipated", "reviewer", "#/journeys?list=anticipated"],
  ["trials", "admin", "#/trials", async (page) => page.locator(".rows a").first().click()],
  ["giving", "supervisor", "#/giving"],
  ["giving-own", "staff", "#/giving"],
  ["giving-budgets", "admin", "#/giving?list=budgets&team=beijing"],
  ["giving-colleagues", "supervisor", "#/giving?list=colleagues"],
  ["giving-effect", "admin", "#/giving?list=effect"],
  ["review-contests", "reviewer", "#/review"],
  ["review-mismatches", "reviewer", "#/review?list=mismatches"],
  ["review-flags", "reviewer", "#/review?list=flags"],
  ["sessions", "admin", "#/sessions"],
  [
    "voice",
    "reviewer",
    "#/voice?weeks=26",
    async (page) => {
      if (await page.locator(".voiced button").count()) await page.locator(".voiced button").first().click();
    },
  ],
  ["voice-concerns", "supervisor", "#/voice?list=concerns&all=1"],
  ["voice-kept", "supervisor", "#/voice?list=kept&weeks=52"],
  ["operations", "admin", "#/operations", async (page) => page.waitForTimeout(9_000)],
  [
    "operations-files",
    "admin",
    "#/operations?view=files",
    async (page) => {
      await page.setInputFiles("input[type=file]", join(import.meta.dirname, "../../examples/data/freshdesk.csv"));
      await page.waitForSelector("textarea.code");
      await settled(page);
      await page.locator(".actions button").first().click();
    },
  ],
  ["operations-templates", "admin", "#/operations?view=templates"],
  ["operations-calendars", "admin", "#/operations?view=calendars"],
  ["operations-policy", "admin", "#/operations?view=policy"],
  ["operations-trail", "admin", "#/operations?view=trail"],
  ["operations-erasure", "admin", "#/operations?view=erasure"],
];

const folder = join(import.meta.dirname, "../screens");
const docs = join(import.meta.dirname, "../../docs/screens");
mkdirSync(folder, { recursive: true });
mkdirSync(docs, { recursive: true });
const demo = await new Demo().start();
const browser = await launch();
for (const look of looks) {
  for (const role of new Set(pages.map((one) => one[1]))) {
    const mine = pages.filter(([name, whose]) => whose === role && name.includes(only));
    if (mine.length === 0) continue;
    const { context, page } = await signIn(browser, demo.link(role), look);
    for (const [name, , hash, act] of mine) {
      await page.evaluate((hash) => (location.hash = hash), hash);
      await settled(page);
      await act?.(page);
      await settled(page);
      const of = `${name}-${look.locale!.slice(0, 2)}-${look.colorScheme}-${look.width}`;
      if (isForDocs && !SHOWN.has(of)) continue;
      const file = `${of}.png`;
      await page.screenshot({ path: join(folder, file), fullPage: !isForDocs || look.width === 400 });
      if (isForDocs) copyFileSync(join(folder, file), join(docs, file));
      console.log(file);
    }
    await context.close();
  }
}
await browser.close();
await demo.stop();
