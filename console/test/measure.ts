// How fast the console is, for people to look at: npm run measure. Figures are of the machine and of what else it does; RAPPORT should
// name a release build.
import type { Browser, Page } from "playwright-core";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { CustomerStanding, DirectoryService } from "../gen/rapport/v1/directory_pb.ts";
import { Demo, launch, signIn, visit } from "./demo.ts";

const ROUNDS = 9;
const SLOWER = 4;
const CUSTOMERS = 10_000;

const median = (of: number[]) => [...of].sort((one, other) => one - other)[Math.floor(of.length / 2)]!;

/** Milliseconds from the link to a page with its data, in a new browser whose processor is slowed. */
async function firstScreen(browser: Browser, link: string): Promise<number> {
  const context = await browser.newContext({ locale: "zh-CN", viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const debug = await context.newCDPSession(page);
  await debug.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  const begun = performance.now();
  await page.goto(link, { waitUntil: "commit" });
  await page.waitForSelector("main#page .card .rows li");
  const took = performance.now() - begun;
  await context.close();
  return took;
}

/** The longest task in milliseconds while a page is scrolled from its beginning to its end; 0: none of 50 ms or more. */
function longestTask(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration))).observe({
      type: "longtask",
    });
    const height = document.documentElement.scrollHeight;
    for (let step = 0; step <= 200; step++) {
      scrollTo(0, (height * step) / 200);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    await new Promise((done) => setTimeout(done, 300));
    return Math.max(0, ...tasks);
  });
}

async function fill(demo: Demo) {
  const bearer = `Bearer ${demo.token("app", "loader")}`;
  const directory = createClient(
    DirectoryService,
    createGrpcWebTransport({
      baseUrl: demo.url,
      interceptors: [(next) => (request) => (request.header.set("authorization", bearer), next(request))],
    }),
  );
  for (let from = 0; from < CUSTOMERS; from += 500) {
    const customers = Array.from({ length: 500 }, (_, place) => ({
      customerId: `M-${String(from + place).padStart(5, "0")}`,
      standing: CustomerStanding.ACTIVE,
      salutation: `客户 ${from + place}`,
    }));
    await directory.batchUpsertCustomers({ requestId: `measure-${from}`, customers });
  }
}

const demo = await new Demo().start();
const browser = await launch();
try {
  const screens: number[] = [];
  for (let round = 0; round < ROUNDS; round++) screens.push(await firstScreen(browser, demo.link("supervisor")));
  console.log(
    `first screen, processor ${SLOWER} times slower: median ${median(screens).toFixed(0)} ms of ${ROUNDS}, ` +
      `from ${Math.min(...screens).toFixed(0)} to ${Math.max(...screens).toFixed(0)}`,
  );
  await fill(demo);
  const { page } = await signIn(browser, demo.link("admin"));
  await visit(page, "#/customers");
  await page.waitForSelector(".rows.long");
  await page.waitForTimeout(3_000);
  const tasks: number[] = [];
  for (let round = 0; round < 5; round++) tasks.push(await longestTask(page));
  console.log(`${CUSTOMERS} customers scrolled, longest task: ${tasks.map((one) => one.toFixed(0)).join(", ")} ms`);
} finally {
  await browser.close();
  await demo.stop();
}
