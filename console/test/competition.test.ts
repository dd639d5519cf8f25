// A competition from its announcement to its record, through pages alone: a service lead announces, opens and closes
// it, teams hand in, colleagues vote on a phone, the board comes at the close, and the record is verified where it is
// shown.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Browser, Page } from "playwright-core";
import { AuditAction, AuditService } from "../gen/rapport/v1/audit_pb.ts";
import { CompetitionService } from "../gen/rapport/v1/competition_pb.ts";
import { published } from "../swapping.ts";
import { Demo, faults, launch, program, settled, signIn, type Look, type Role, visit } from "./demo.ts";

const TITLE = "季度服务竞赛";
const BRANCHES = ["beijing", "shanghai", "guangzhou", "shenzhen", "chengdu", "wuhan", "xian", "nanjing"];
const NEUTRAL = ["finance", "legal", "curriculum", "it"];

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

async function as(role: Role, look: Look = {}, who?: string[]): Promise<Page> {
  const { page } = await signIn(browser, demo.link(role, demo.url, who), { locale: "en-GB", ...look });
  page.setDefaultTimeout(15_000);
  return page;
}

function calls(role: string, subject: string): Client<typeof CompetitionService> {
  return createClient(CompetitionService, transport(role, subject));
}
function transport(role: string, subject: string) {
  const bearer = `Bearer ${demo.token(role, subject)}`;
  return createGrpcWebTransport({
    baseUrl: demo.url,
    interceptors: [(next) => (request) => (request.header.set("authorization", bearer), next(request))],
  });
}

async function toCompetition(page: Page) {
  await visit(page, "#/competitions");
  await page.locator(".rows a", { hasText: TITLE }).click();
  await page.waitForSelector(".steps");
  await settled(page);
}

async function sound(page: Page, what: string) {
  assert.deepEqual(await faults(page), [], what);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is too wide`);
  if (process.env.RAPPORT_SCREENS) {
    await page.screenshot({ path: join(process.env.RAPPORT_SCREENS, `${what}.png`), fullPage: true });
  }
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const order = (page: Page) => page.locator(".ballot h3").allTextContents();

test("what is published of swapping is what docs/swapping.md says", () => {
  assert.equal(readFileSync(join(import.meta.dirname, "../src/swapping.ts"), "utf8"), published());
});

test("a service lead announces a competition, and the page says what each rule is worth", async () => {
  const lead = await as("admin");
  await visit(lead, "#/competitions/new");
  const gains = lead.locator(".gains");
  await gains.getByLabel("Teams that will compete").fill("8");
  assert.match((await gains.textContent()) ?? "", /Published for 8 teams of 6\./);
  const chosen = gains.locator("dd.chosen b");
  assert.deepEqual((await chosen.allTextContents()).slice(0, 2), ["6.8 ± 1.6", "4.2 ± 1.5"]);
  await lead.getByLabel(/^How ballots become a score/).selectOption({ label: "Sum of ballots" });
  assert.equal(await chosen.first().textContent(), "22.5 ± 2.6");
  await lead.getByLabel(/^How ballots become a score/).selectOption({ label: "Pairwise consensus" });
  for (const name of ["财务部", "法务部", "教研部", "信息部"]) await lead.getByLabel(name).check();
  assert.match((await gains.textContent()) ?? "", /and 4 neutral teams/);
  await lead.getByLabel("Title").fill(TITLE);
  await lead.getByLabel(/^Prizes/).fill("一等奖\n二等奖");
  await sound(lead, "announce");
  // Fields and pages show the organisation's clocks, not the browser's.
  const closes = (await lead.getByLabel("Ballots are taken until").inputValue()).slice(-5);
  await button(lead, "Announce a competition").click();
  await lead.waitForSelector(".steps .now");
  assert.ok((await lead.textContent(".steps"))?.includes(closes), closes);
  assert.equal(await lead.textContent("h1"), TITLE);
  // What was announced can be changed as long as voting is not open.
  await button(lead, "Change what was announced").click();
  await lead.getByLabel(/^Prizes/).fill("奖杯\n二等奖");
  await lead.locator("form.announce .primary").click();
  await lead.waitForSelector("form.announce", { state: "detached" });
});

test("teams hand in, change their entries, and say with whom they have a conflict", async () => {
  const colleague = await as("staff");
  await toCompetition(colleague);
  await button(colleague, "Hand in an entry").click();
  await colleague.getByLabel("Title").fill("课后当天回访");
  await colleague.getByLabel("What the team does").fill("<b>every pupil</b> is called the same day");
  await colleague.getByLabel("Why").fill("怕问题过夜");
  await colleague.getByLabel(/^A case/).fill("小明的妈妈");
  await colleague.locator("form .primary").first().click();
  await colleague.waitForSelector(".entries h3");
  assert.match((await colleague.locator(".entries").textContent()) ?? "", /<b>every pupil<\/b>/);
  await button(colleague, /^Change the entry/).click();
  await colleague.getByLabel("Why").fill("问题不过夜");
  await colleague.locator("form .primary").first().click();
  await colleague.waitForSelector(".entries:has-text('问题不过夜')");
  await colleague.locator(".conflict summary").click();
  await colleague.locator(".conflict select").selectOption("wuhan");
  await colleague.locator(".conflict .primary").click();
  await colleague.waitForSelector(".conflict [role=status]");
  await sound(colleague, "entries");

  const lead = await as("admin");
  await toCompetition(lead);
  for (const branch of BRANCHES.slice(1)) {
    await button(lead, "Hand in an entry").click();
    await lead.locator("form.stack select").selectOption(branch);
    await lead.getByLabel("Title").fill(`${branch}的方案`);
    await lead.getByLabel("What the team does").fill("做什么");
    await lead.getByLabel("Why").fill("为什么");
    await lead.locator("form.stack .primary").click();
    await lead.waitForSelector(`.entries h3:has-text("${branch}的方案")`);
  }
});

test("voting opens when no more entries are taken, and colleagues vote by keyboard and by touch", async () => {
  const lead = await as("admin");
  await toCompetition(lead);
  await button(lead, "Open voting").click();
  assert.match((await lead.textContent(".actions .refusal")) ?? "", /CANNOT_OPEN/);
  await button(lead, "Take no more entries").click();
  await lead.waitForSelector(".actions [role=status]");
  await button(lead, "Open voting").click();
  await lead.waitForSelector(".steps .now:has-text('Voting')");
  assert.match(
    (await lead.locator(".actions [role=status]").first().textContent()) ?? "",
    /Voting is open for \d+ voters/,
  );

  const keyboard = await as("staff", { width: 400 }, ["beijing.1", "beijing"]);
  await toCompetition(keyboard);
  await keyboard.waitForSelector(".ballot li");
  assert.ok(!(await order(keyboard)).some((title) => title.includes("课后当天回访")), "the own entry");
  const dealt = await order(keyboard);
  await keyboard.locator(".handle").first().focus();
  await keyboard.keyboard.press("ArrowDown");
  await keyboard.keyboard.press("ArrowDown");
  assert.deepEqual(await order(keyboard), [dealt[1], dealt[2], dealt[0], ...dealt.slice(3)]);
  await keyboard.waitForSelector(".tag[role=status]:has-text('Draft saved')");
  await keyboard.getByRole("button", { name: "Cast the ballot" }).focus();
  await keyboard.keyboard.press("Enter");
  await keyboard.waitForSelector(".tag[role=status]:has-text('Your ballot is cast')");
  await sound(keyboard, "ballot");

  const touch = await as("staff", { width: 400, locale: "zh-CN", colorScheme: "dark" }, ["shanghai.2", "shanghai"]);
  await toCompetition(touch);
  await touch.waitForSelector(".ballot li");
  const panel = await order(touch);
  await touch.locator(".nudge button:not([disabled])").first().tap();
  assert.deepEqual(await order(touch), [panel[1], panel[0], ...panel.slice(2)]);
  await touch.locator(".actions .primary").tap();
  await touch.waitForSelector(".tag[role=status]:has-text('选票已投出')");
  await sound(touch, "ballot-dark");
});

test("of two tabs that edit one ballot the second is told, and loses nothing", async () => {
  const who = ["chengdu.1", "chengdu"];
  const [one, other] = [await as("staff", {}, who), await as("staff", {}, who)];
  for (const page of [one, other]) {
    await toCompetition(page);
    await page.waitForSelector(".ballot li");
  }
  const dealt = await order(one);
  await one.locator(".actions .primary").click();
  await one.waitForSelector(".tag[role=status]:has-text('Your ballot is cast')");
  await other.locator(".nudge button:not([disabled])").first().click();
  const mine = await order(other);
  assert.notDeepEqual(mine, dealt);
  await button(other, "Cast the ballot").click();
  await other.waitForSelector(".refusal:has-text('changed this ballot meanwhile')");
  assert.deepEqual(await order(other), mine);
  // The other one can be looked at, and one's own put back.
  await button(other, "Take the other one").click();
  assert.deepEqual(await order(other), dealt);
  await other.locator(".nudge button:not([disabled])").first().click();
  assert.deepEqual(await order(other), mine);
  await button(other, "Replace the ballot").click();
  await other.waitForSelector(".tag[role=status]:has-text('Your ballot is cast')");
  await toCompetition(one);
  assert.deepEqual(await order(one), mine);
});

test("the board comes at the close to all who look, and is explained", { timeout: 180_000 }, async () => {
  // So many others vote that every entry has a score.
  for (const team of [...BRANCHES, ...NEUTRAL]) {
    for (const member of [3, 4, 5]) await vote(`${team}.${member}`);
  }
  const colleague = await as("supervisor", { width: 400 });
  const lead = await as("admin");
  for (const page of [colleague, lead]) await toCompetition(page);
  assert.equal(await colleague.locator(".ranks").count(), 0);
  await button(lead, "Close voting now").click();
  await colleague.waitForSelector(".ranks .whisker");
  await button(colleague, /^Why/).first().click();
  await colleague.waitForSelector(".voices");
  await sound(colleague, "leaderboard");
});

async function vote(staff: string): Promise<void> {
  const service = calls("staff", staff);
  const competitionId = await idOf(service);
  const { panel, revision } = await service.getMyBallot({ competitionId });
  // People agree by and large, and each has a taste of their own.
  const liking = (title: string) =>
    title.length + ((title.charCodeAt(0) * staff.charCodeAt(staff.length - 1) + staff.length) % 5);
  const entryIds = panel.sort((a, b) => liking(a.title) - liking(b.title)).map((one) => one.entryId);
  await service.castBallot({ requestId: `vote-${staff}`, competitionId, entryIds, revision });
}

async function idOf(service: Client<typeof CompetitionService>): Promise<string> {
  const { competitions } = await service.listCompetitions({});
  return competitions.find((one) => one.title === TITLE)!.competitionId;
}

const subjects = (page: Page, title: string) =>
  page.locator(`.verified h3:has-text("${title}") + .findings li`).allTextContents();
const plain = (lines: string[]) => lines.map((line) => line.replace(/^[✓–]\s*/, ""));

async function downloaded(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
  return download.path();
}

test("the record is verified in the browser as by rapport verify", { timeout: 120_000 }, async () => {
  const page = await as("supervisor");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await toCompetition(page);
  assert.ok(!asked.some((url) => url.includes("verifier")), "the verifier is fetched when it is asked for");
  await button(page, "Verify here").click();
  await page.waitForSelector(".verdict.accent");
  const file = await downloaded(page, "Download the record");
  const told = JSON.parse(execFileSync(program, ["verify", file, "--json"], { encoding: "utf8" }));
  assert.equal(told.ok, true);
  assert.deepEqual(plain(await subjects(page, "Checked, and agrees")), told.checked);
  assert.deepEqual(plain(await subjects(page, "Could not be checked")), told.not_checked);
  assert.match((await page.textContent(".keys")) ?? "", new RegExp(told.head.hash));
  await sound(page, "record");

  // A server that gives out another result than it signed.
  await page.route("**/rapport.v1.CompetitionService/ExportRecord", async (route) => {
    const response = await route.fetch();
    const body = Buffer.from(
      (await response.body()).toString("latin1").replace('\\"place\\":1,', '\\"place\\":2,'),
      "latin1",
    );
    await route.fulfill({ response, body });
  });
  await button(page, "Verify here").click();
  await page.waitForSelector(".verdict.warm");
  assert.match((await page.textContent(".findings .warm")) ?? "", /revision 2.*its hash is not that of its text/);
});

test("auditors verify more, and see who supported whom; each opening is recorded", { timeout: 120_000 }, async () => {
  const page = await as("reviewer");
  await toCompetition(page);
  const audit = createClient(AuditService, transport("admin", "demo"));
  const readings = async () => {
    const action = AuditAction.AUDITOR_RECORD_READ;
    return (await audit.listAuditEvents({ action, objectId: await idOf(calls("admin", "demo")) })).auditEvents.length;
  };
  const before = await readings();
  await button(page, "Verify the auditor’s record").click();
  await page.waitForSelector(".verdict.accent", { timeout: 60_000 });
  const file = await downloaded(page, "Download the auditor’s record");
  const told = JSON.parse(execFileSync(program, ["verify", file, "--json"], { encoding: "utf8" }));
  assert.deepEqual(plain(await subjects(page, "Checked, and agrees")), told.checked);
  assert.deepEqual(plain(await subjects(page, "Could not be checked")), told.not_checked);
  // With the ballots of an earlier record, as `rapport verify --before`.
  const earlier = page.locator(".auditors input");
  await earlier.setInputFiles({ name: "none.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await page.waitForSelector(".verdict.warm:has-text('no record')");
  await earlier.setInputFiles(file);
  await page.waitForSelector(".verdict.accent", { timeout: 60_000 });
  assert.equal(await page.locator(".matrix").count(), 0);
  await button(page, "Open the vote network").click();
  await page.waitForSelector(".matrix td");
  await settled(page);
  assert.equal(await page.locator(".matrix thead th").count(), BRANCHES.length + 1);
  assert.equal(await readings(), before + 5);
  await sound(page, "network");
  await page.setViewportSize({ width: 400, height: 900 });
  await sound(page, "network-400");

  const colleague = await as("supervisor");
  await toCompetition(colleague);
  await colleague.waitForSelector(".ranks");
  assert.equal(await button(colleague, "Open the vote network").count(), 0);
});

test("a team's places over the months are drawn and told", async () => {
  const page = await as("supervisor", { locale: "zh-CN" });
  await visit(page, "#/competitions?team=beijing");
  await page.waitForSelector(".trend svg");
  assert.ok((await page.locator("table tbody tr").count()) >= 2);
  await sound(page, "history");
  await page.setViewportSize({ width: 400, height: 900 });
  await sound(page, "history-400");
});
