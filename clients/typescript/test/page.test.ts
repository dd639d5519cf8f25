// example/page.ts in a real browser, over gRPC-Web and Connect, with nothing between the page and the server.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server as Pages } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { Server } from "./server.ts";

const profile = mkdtempSync(join(tmpdir(), "rapport-browser-"));
let allowed: Pages, foreign: Pages, server: Server, browser: BrowserContext;

/** The page, from an origin of its own. */
async function servePages(): Promise<Pages> {
  const files: Record<string, [string, string]> = {
    "/": ["index.html", "text/html"],
    "/dist/page.js": ["dist/page.js", "text/javascript"],
  };
  const pages = createServer((request, response) => {
    const [file, type] = files[request.url ?? ""] ?? [];
    if (!file || !type) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": `${type}; charset=utf-8` });
    response.end(readFileSync(join(import.meta.dirname, "../example", file)));
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  return pages;
}

function origin(pages: Pages): string {
  return `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
}

before(async () => {
  allowed = await servePages();
  foreign = await servePages();
  server = await new Server({ RAPPORT_WEB_ORIGINS: origin(allowed) }).start();
  await server.knowCarla();
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launchPersistentContext(profile, { executablePath, args });
});

after(async () => {
  await browser?.close();
  await server?.remove();
  allowed?.close();
  foreign?.close();
  rmSync(profile, { recursive: true, force: true });
});

async function open(pages: Pages, hash = ""): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(origin(pages) + hash);
  await page.fill("#server", server.url);
  await page.fill("#token", await server.token());
  await page.fill("#customer", "carla");
  return page;
}

test("a page of an allowed origin records, watches, and goes on after a cut", async () => {
  const page = await open(allowed);
  await page.click("#watch");
  await page.waitForSelector("#state:text-is('watching')");
  await page.fill("#topic", "换货");
  await page.click("#record");
  await page.waitForSelector("#events li:text-is('INBOUND_CALL 换货')");
  assert.ok(await page.getAttribute("#state", "data-recorded"));

  await server.stop();
  await page.waitForSelector("#state:text-is('cut off; trying again')");
  // Repeated until the server is back, and most likely recorded before the watch is: it comes by the cursor.
  await page.fill("#topic", "退款");
  await page.click("#record");
  await server.start();
  await page.waitForSelector("#events li:text-is('INBOUND_CALL 退款')");
  await page.waitForSelector("#state:has-text('resumed')");
  assert.deepEqual(await page.locator("#events li").allTextContents(), ["INBOUND_CALL 换货", "INBOUND_CALL 退款"]);
  assert.equal(await page.textContent("#errors"), "");
});

test("a page does the same over Connect", async () => {
  const page = await open(allowed, "/#connect");
  await page.click("#watch");
  await page.waitForSelector("#state:text-is('watching')");
  await page.fill("#topic", "维修");
  await page.click("#record");
  await page.waitForSelector("#events li:text-is('INBOUND_CALL 维修')");
  await page.fill("#topic", "x".repeat(200));
  await page.click("#record");
  await page.waitForSelector("#errors:has-text('LENGTH_OUT_OF_RANGE')");
});

test("a page sees every field at fault", async () => {
  const page = await open(allowed);
  await page.fill("#topic", "x".repeat(200));
  await page.fill("#customer", "nobody");
  await page.click("#record");
  await page.waitForSelector("#errors:has-text('InvalidArgument')");
  const errors = (await page.textContent("#errors")) ?? "";
  assert.match(errors, /LENGTH_OUT_OF_RANGE/);
  assert.match(errors, /^  interaction\.topic must/m);
});

test("a page of another origin is refused", async () => {
  const page = await open(foreign);
  await page.fill("#topic", "not to be recorded");
  await page.click("#record");
  await page.waitForSelector("#errors:has-text('Failed to fetch')");
  await page.click("#watch");
  await page.waitForSelector("#state:has-text('cut off')");
  const page2 = await open(allowed);
  await page2.click("#watch");
  await page2.waitForSelector("#state:text-is('watching')");
  assert.equal(await page.locator("#events li").count(), 0);
});
