// What administrators do in the console: bring in a file, publish a survey, set hours and the contact policy, read the trail, erase;
// a list of ten thousand; a browser whose clock is wrong; and how long the first screen takes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Browser, Page } from "playwright-core";
import { CustomerStanding, DirectoryService } from "../gen/rapport/v1/directory_pb.ts";
import { Demo, faults, launch, settled, signIn, type Look, type Role, visit } from "./demo.ts";

const demo = new Demo();
let browser: Browser;

before(async () => {
  await demo.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await demo.stop();
});

async function as(role: Role, look: Look = {}): Promise<{ page: Page; wrong: string[] }> {
  const { page } = await signIn(browser, demo.link(role), { locale: "en-GB", ...look });
  page.setDefaultTimeout(15_000);
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  return { page, wrong };
}


const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const file = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

const CALLS = `编号,电话,坐席,开始,结束,结果
F-1,13800001111,beijing.1,2026-11-02 09:00:00,2026-11-02 09:04:00,已接通
F-2,13800002222,beijing.1,2026-11-02 10:00:00,2026-11-02 10:01:30,已接通
F-3,13800003333,beijing.1,2026-11-02 11:00:00,很快,已接通
F-4,13800004444,nobody.knows,2026-11-02 12:00:00,2026-11-02 12:02:00,已接通
`;
const MAPPING = `source = "console_test"
key = "编号"
[interaction]
channel = { constant = "inbound_call" }
outcome = { column = "结果", values = { "已接通" = "answered" } }
[interaction.customer_alias]
kind = { constant = "phone" }
value = { column = "电话" }
[interaction.requested_time]
from = { column = "开始", format = "%Y-%m-%d %H:%M:%S" }
[interaction.connected_time]
from = { column = "开始", format = "%Y-%m-%d %H:%M:%S" }
[interaction.ended_time]
from = { column = "结束", format = "%Y-%m-%d %H:%M:%S" }
[[interaction.participants]]
staff_id = { column = "坐席" }
role = { constant = "agent" }
`;

test("a file is suggested, corrected, checked, recorded once, and its rejects come back", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/operations?view=files");
  await page.setInputFiles("input[type=file]", file("calls.csv", CALLS));
  await page.waitForSelector("textarea.code");
  await settled(page);
  assert.deepEqual(await page.locator("tbody th").allTextContents(), ["编号", "电话", "坐席", "开始", "结束", "结果"]);
  assert.match(await page.inputValue("textarea.code"), /source = /);
  assert.deepEqual(await faults(page), []);

  // A mistake is named, and nothing of what was typed is lost.
  const broken = MAPPING.replace('"电话"', '"电话号码"');
  await page.fill("textarea.code", broken);
  await button(page, "Check").click();
  await page.waitForSelector("[role=alert]");
  assert.match(await page.locator("[role=alert]").innerText(), /电话号码/);
  assert.equal(await page.inputValue("textarea.code"), broken);

  await page.fill("textarea.code", MAPPING);
  await button(page, "Check").click();
  await page.waitForSelector("text=What would be recorded");
  assert.match(await page.locator("td.warm").innerText(), /结束/);
  const record = async () => {
    await button(page, /^Record/).click();
    await page.waitForFunction(() => document.body.innerText.includes("4 of 4 rows."));
    await settled(page);
    return page.locator("section.card", { hasText: "What became of it" }).innerText();
  };
  const first = await record();
  assert.match(first, /2 recorded, 0 on record already, 0 left out, 2 not taken/);
  assert.match(first, /Line 4:.*结束/s);
  assert.match(first, /Line 5:.*nobody\.knows|Line 5:.*staff/s);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, /rows that were not taken/).click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const rejects = Buffer.concat(chunks).toString("utf8");
  assert.match(rejects, /^line,reasons,编号,电话,坐席,开始,结束,结果\r\n4,/);
  assert.equal(rejects.trim().split("\r\n").length, 3);
  // Twice is once.
  assert.match(await record(), /0 recorded, 2 on record already/);
  await page.setInputFiles("input[type=file]", file("page.pdf", "%PDF-1.7"));
  await page.waitForSelector("[role=alert]");
  assert.match(await page.locator("[role=alert]").innerText(), /content/);
  assert.deepEqual(wrong, []);
});

test("the server's figures move while it is looked at", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/operations?view=status");
  await page.waitForSelector(".trend", { timeout: 20_000 });
  const text = await page.locator("main").innerText();
  assert.match(text, /Rapport \d+\.\d+\.\d+ on SQLite/);
  assert.match(text, /Calls a second\s+[1-9\d]/);
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(wrong, []);
});

test("a survey becomes a draft, is published and retired", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/operations?view=templates");
  await page.fill("input[name=id]", "console_test");
  await page.fill("input[name=name]", "<b>回访</b> 😀");
  await page.fill("input[name=zh]", "您满意吗？");
  await page.selectOption("select[name=level]", "2");
  await button(page, "Create the draft").click();
  const row = page.locator(".rows > li", { hasText: "console_test" });
  await row.waitFor();
  assert.match(await row.innerText(), /<b>回访<\/b> 😀/);
  assert.match(await row.innerText(), /draft/);
  await row.getByRole("button", { name: "Publish" }).click();
  await row.getByRole("button", { name: "Retire" }).waitFor();
  await row.getByRole("button", { name: "Retire" }).click();
  await row.getByText("retired", { exact: true }).waitFor();
  // What is refused says why: the id is taken.
  await page.fill("input[name=id]", "x".repeat(64));
  await page.fill("input[name=window]", "999999");
  await page.evaluate(() => document.querySelectorAll("form").forEach((form) => (form.noValidate = true)));
  await button(page, "Create the draft").click();
  await page.waitForSelector("form .refusal");
  assert.match(await page.locator("form .refusal").innerText(), /answer_window/);
  assert.deepEqual(wrong, []);
});

test("hours of a team, with holidays from a file after a look", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/operations?view=calendars");
  await page.fill("input[name=id]", "console-desk");
  await page.fill("input[name=zone]", "Asia/Shanghai");
  await page.fill("input[name=saturday]", "10:00-16:00");
  const year = new Date().getUTCFullYear();
  const ics = [
    "BEGIN:VCALENDAR",
    "BEGIN:VEVENT",
    `DTSTART;VALUE=DATE:${year}1001`,
    `DTEND;VALUE=DATE:${year}1004`,
    "SUMMARY:国庆节",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");
  await page.setInputFiles("input[type=file]", { name: "h.ics", mimeType: "text/calendar", buffer: Buffer.from(ics) });
  await button(page, "Take 3 dates").click();
  assert.match(await page.inputValue("textarea.code"), new RegExp(`${year}-10-01 - 国庆节`));
  await button(page, "Put in force").click();
  const row = page.locator(".rows > li", { hasText: "console-desk" });
  await row.waitFor();
  assert.match(await row.innerText(), /3 dates with other hours/);
  await page.locator("select[name=team]").selectOption("beijing");
  await page.locator("select[name=calendar]").selectOption("console-desk");
  await button(page, "Assign").click();
  await page.getByText(/: console-desk\./).waitFor();
  await row.getByRole("button", { name: "Change" }).click();
  await page.fill("input[name=monday]", "from nine");
  await button(page, "Put in force").click();
  await page.waitForSelector("form .refusal");
  assert.match(await page.locator("form .refusal").innerText(), /monday/);
  assert.deepEqual(wrong, []);
});

test("the contact policy is put in force with a reason, and stands in the trail", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/operations?view=policy");
  await page.locator("input[type=time]").first().fill("20:30");
  await button(page, "Add a limit").click();
  await page.getByLabel("Reason, which is recorded").fill("quieter evenings");
  await button(page, "Put in force").click();
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>("input[type=time]")?.value === "20:30");
  await page.getByText(/version 2, demo/).waitFor();
  await visit(page, "#/operations?view=trail");
  await page.locator("select[name=action]").selectOption({ label: "contact policy set" });
  await button(page, "Find").click();
  await settled(page);
  assert.match(await page.locator(".rows > li").first().innerText(), /quieter evenings/);
  assert.deepEqual(wrong, []);
});

test("a concern is acknowledged, moved, mended and told; a supervisor of no department is offered none of it", async () => {
  const { page, wrong } = await as("admin");
  await visit(page, "#/voice?list=concerns&all=1");
  const row = page.locator(".rows > li", { hasText: "退费要等十几天" });
  assert.match(await row.innerText(), /财务部/);
  await row.locator("input[type=datetime-local]").fill("2027-01-15T18:00");
  await row.getByRole("button", { name: "Acknowledge" }).click();
  await row.getByRole("button", { name: "It is mended" }).waitFor();
  assert.match(await row.innerText(), /mended by Jan 15, 2027|mended by 15 Jan 2027/);
  await row.locator("input[type=datetime-local]").fill("2027-02-01T18:00");
  await row.getByLabel("Reason, to move or decline").fill("the bank needs longer");
  await row.getByRole("button", { name: "Move the date" }).click();
  await row.getByText("the bank needs longer").waitFor();
  await row.getByRole("button", { name: "It is mended" }).click();
  await row.getByLabel("What customers who raised it are told").fill("退费现在三天到账。<b>");
  await row.getByRole("button", { name: "Tell the customers" }).click();
  await row.getByText("退费现在三天到账。<b>").waitFor();
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(wrong, []);
  const other = await as("supervisor");
  await visit(other.page, "#/voice?list=concerns&all=1");
  await other.page.locator(".rows > li").first().waitFor();
  assert.equal(await other.page.locator(".rows button").count(), 0);
});

test("an erasure is asked for twice, and gives its receipt", async () => {
  const { page, wrong } = await as("admin");
  const admin = createClient(
    DirectoryService,
    createGrpcWebTransport({
      baseUrl: demo.url,
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${demo.token("admin", "demo")}`);
          return next(request);
        },
      ],
    }),
  );
  const customer = { customerId: "C-forgotten", standing: CustomerStanding.ACTIVE, salutation: "王女士" };
  await admin.upsertCustomer({ requestId: "console-test-forgotten", customer });
  await visit(page, "#/operations?view=erasure");
  const erase = page.locator("button.danger");
  await page.getByLabel("Customer’s id").fill("C-forgotten");
  await page.getByLabel("Reason; it stays").fill("asked to be forgotten");
  assert.ok(await erase.isDisabled());
  await page.getByLabel("Once more").fill("C-forgotten");
  await erase.click();
  await page.getByRole("heading", { name: "Receipt" }).waitFor();
  const receipt = await page.locator("section[role=status] pre").innerText();
  assert.ok(receipt.includes("customer") && !receipt.includes("C-forgotten"), receipt);
  await assert.rejects(admin.getCustomer({ customerId: "C-forgotten" }));
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(wrong, []);
});

test("ten thousand customers scroll, and are found by name", { timeout: 180_000 }, async () => {
  const directory = createClient(
    DirectoryService,
    createGrpcWebTransport({
      baseUrl: demo.url,
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${demo.token("app", "loader")}`);
          return next(request);
        },
      ],
    }),
  );
  const names = ["张", "a".repeat(90), "مريم", "😀", "<script>alert(1)</script>"];
  for (let from = 0; from < 10_000; from += 500) {
    const customers = Array.from({ length: 500 }, (_, place) => ({
      customerId: `L-${String(from + place).padStart(5, "0")}`,
      standing: CustomerStanding.ACTIVE,
      salutation: `${names[place % names.length]} ${from + place}`,
    }));
    const { results } = await directory.batchUpsertCustomers({ requestId: `console-long-${from}`, customers });
    assert.deepEqual(
      results.filter((one) => one.result.case !== "upserted").map((one) => one.result.value),
      [],
    );
  }
  const { page, wrong } = await as("admin");
  await visit(page, "#/customers");
  await page.waitForFunction(() => /[\d,]{6} customers/.test(document.body.innerText), undefined, { timeout: 60_000 });
  await page.waitForSelector(".rows.long");
  assert.ok((await page.locator(".rows.long > li").count()) < 60, "only what can be seen is in the page");
  assert.deepEqual(await faults(page), []);
  const longest = await page.evaluate(async () => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration))).observe({
      type: "longtask",
    });
    const height = document.documentElement.scrollHeight;
    for (let step = 0; step <= 100; step++) {
      scrollTo(0, (height * step) / 100);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    await new Promise((done) => setTimeout(done, 200));
    return Math.max(0, ...tasks);
  });
  // A measure, and no assertion: what else the machine does is in it.
  console.log(`longest task while scrolling ten thousand rows: ${longest} ms`);
  const last = page.locator(".rows.long > li").last();
  assert.equal(await last.getAttribute("aria-posinset"), await last.getAttribute("aria-setsize"));
  await page.getByLabel("By name or id").fill("l-09999");
  await page.waitForFunction(() => document.querySelectorAll(".rows > li").length === 1);
  assert.deepEqual(wrong, []);
});

test("a browser whose clock is wrong by a day stays signed in and shows what is due", async () => {
  for (const shift of [-86_400_000, 86_400_000]) {
    const context = await browser.newContext({ locale: "en-GB" });
    const page = await context.newPage();
    await page.clock.install({ time: Date.now() + shift });
    await page.goto(demo.link("supervisor"));
    await page.waitForSelector("main#page .card .rows .tag");
    assert.doesNotMatch(await page.innerText("main#page"), /overdue/);
    assert.match(await page.innerText("main#page"), /due in 1\dh|due in 9h/);
    // Six minutes: longer than the first token lives.
    await page.clock.runFor(360_000);
    await settled(page);
    assert.equal(await page.locator(".refusal").count(), 0);
    await page.evaluate(() => (location.hash = "#/scorecards?period=26w"));
    await page.waitForSelector(".headline, .card");
    assert.equal(await page.locator(".refusal").count(), 0);
    await context.close();
  }
});
