// The console in a real browser, on the demo's data: what each role is shown and asks for, signing in and staying so, a
// ballot by keyboard and by touch, and what people wrote, shown as text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, fromBinary, getOption, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Browser, Page } from "playwright-core";
import { Role as Roles, access } from "../gen/rapport/v1/access_pb.ts";
import { AuditService } from "../gen/rapport/v1/audit_pb.ts";
import { CalendarService } from "../gen/rapport/v1/calendar_pb.ts";
import { CallbackService } from "../gen/rapport/v1/callback_pb.ts";
import { CompetitionService } from "../gen/rapport/v1/competition_pb.ts";
import { ContactService } from "../gen/rapport/v1/contact_pb.ts";
import {
  ContestReviewSchema,
  ContestService,
  ContestState,
  ContestVerdict,
  ListContestsResponseSchema,
} from "../gen/rapport/v1/contest_pb.ts";
import { Consent, ContactKind, DirectoryService } from "../gen/rapport/v1/directory_pb.ts";
import { DiscretionService } from "../gen/rapport/v1/discretion_pb.ts";
import { FollowUpService } from "../gen/rapport/v1/follow_up_pb.ts";
import { ImportService } from "../gen/rapport/v1/import_pb.ts";
import { Channel, InteractionService, Outcome } from "../gen/rapport/v1/interaction_pb.ts";
import { JourneyService } from "../gen/rapport/v1/journey_pb.ts";
import { OperationsService } from "../gen/rapport/v1/operations_pb.ts";
import { PreferenceService } from "../gen/rapport/v1/preference_pb.ts";
import { PrivacyService } from "../gen/rapport/v1/privacy_pb.ts";
import { QualityService } from "../gen/rapport/v1/quality_pb.ts";
import { RatingService } from "../gen/rapport/v1/rating_pb.ts";
import { SessionService } from "../gen/rapport/v1/session_pb.ts";
import { DeliveryOutcome, SurveyService } from "../gen/rapport/v1/survey_pb.ts";
import { TrialService } from "../gen/rapport/v1/trial_pb.ts";
import { VoiceService } from "../gen/rapport/v1/voice_pb.ts";
import { Demo, ROLES, faults, launch, settled, signIn, type Look, type Role, visit } from "./demo.ts";

const SERVICES = [
  AuditService,
  CalendarService,
  CallbackService,
  CompetitionService,
  ContactService,
  ContestService,
  DirectoryService,
  DiscretionService,
  FollowUpService,
  ImportService,
  InteractionService,
  JourneyService,
  OperationsService,
  PreferenceService,
  PrivacyService,
  QualityService,
  RatingService,
  SessionService,
  SurveyService,
  TrialService,
  VoiceService,
];

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

/** A page of somebody, with what it asked for and what went wrong in it. */
interface Watched {
  page: Page;
  asked: Set<string>;
  refused: string[];
  wrong: string[];
}

async function as(role: Role, look: Look = {}): Promise<Watched> {
  const { page } = await signIn(browser, demo.link(role), look);
  const watched: Watched = { page, asked: new Set(), refused: [], wrong: [] };
  page.on("console", (message) => message.type() === "error" && watched.wrong.push(message.text()));
  page.on("pageerror", (error) => watched.wrong.push(String(error)));
  page.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== demo.url) watched.wrong.push(`a request to ${request.url()}`);
    if (request.method() === "POST") watched.asked.add(pathname);
  });
  page.on("response", (response) => {
    const status = response.headers()["grpc-status"];
    if (status && status !== "0")
      watched.refused.push(`${new URL(response.url()).pathname} ${response.headers()["grpc-message"]}`);
  });
  return watched;
}


const PAGES = [
  "#/today",
  "#/customers",
  "#/customers/C-1001",
  "#/scorecards",
  "#/scorecards?team=beijing&period=26w",
  "#/ranks?period=26w",
  "#/ranks?unit=staff&period=26w",
  "#/competitions",
  "#/review",
  "#/review?list=mismatches",
  "#/review?list=exemptions",
  "#/review?list=flags",
  "#/journeys?weeks=26",
  "#/journeys?list=anticipated",
  "#/trials",
  "#/giving",
  "#/giving?list=budgets",
  "#/giving?list=budgets&team=beijing",
  "#/giving?list=colleagues",
  "#/giving?list=effect",
  "#/voice?weeks=26",
  "#/voice?list=concerns&all=1",
  "#/voice?list=kept&weeks=52",
  "#/operations",
  "#/operations?view=files",
  "#/operations?view=templates",
  "#/operations?view=calendars",
  "#/operations?view=policy",
  "#/operations?view=trail",
  "#/operations?view=erasure",
  "#/sessions",
];

test(
  "each role is shown its pages, asks only what it is granted, and nothing is refused",
  { timeout: 240_000 },
  async () => {
    for (const role of ROLES) {
      const { page, asked, refused, wrong } = await as(role, { locale: role === "staff" ? "en-GB" : "zh-CN" });
      await settled(page);
      for (const hash of PAGES) {
        await visit(page, hash);
        assert.deepEqual(await faults(page), [], `${role} ${hash}`);
      }
      assert.deepEqual(wrong, [], role);
      assert.deepEqual(refused, [], role);
      const named = Roles[role.toUpperCase() as keyof typeof Roles];
      for (const path of asked) {
        const [service, method] = path.slice(1).split("/");
        const found = SERVICES.find((one) => one.typeName === service)?.methods.find((one) => one.name === method);
        assert.ok(found, path);
        assert.ok(
          getOption(found, access).grants.some((grant) => grant.role === named),
          `${role} asks ${path}`,
        );
      }
      // Three clicks at most: each page of the role is one of the frame's links.
      const links = await page.locator(".side nav a").count();
      assert.equal(links, { supervisor: 10, staff: 5, reviewer: 10, admin: 11 }[role]);
    }
  },
);

test(
  "dark, English and a phone have no faults, and nothing is wider than the phone",
  { timeout: 120_000 },
  async () => {
    const { page, wrong } = await as("admin", { locale: "en-GB", colorScheme: "dark", width: 400 });
    for (const hash of PAGES) {
      await visit(page, hash);
      assert.deepEqual(await faults(page), [], hash);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash);
    }
    assert.deepEqual(wrong, []);
  },
);

test("a link signs in once, and says so the second time", async () => {
  const link = demo.link("admin");
  const first = await signIn(browser, link);
  assert.equal(await first.page.evaluate(() => location.href.includes("link=")), false);
  // It leads to the first page, with its data.
  await settled(first.page);
  assert.equal(await first.page.textContent("main h1"), "今日");
  assert.ok((await first.page.locator("main .card").count()) > 0);
  const second = await signIn(browser, link);
  assert.match((await second.page.textContent(".refusal")) ?? "", /LINK_USED/);
  // One that is pasted into a tab of the console signs in as well.
  await first.page.goto(demo.link("reviewer"));
  await first.page.getByRole("link", { name: "评审" }).first().waitFor();
  await first.page.waitForFunction(() => !location.href.includes("link="));
  await first.page.reload();
  // Tokens are in memory alone.
  await first.page.waitForSelector("main.door h2");
  assert.deepEqual(await first.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [
    0,
    0,
    "",
  ]);
});

test("a token that expires in mid-page is renewed, and the call is made again", async () => {
  const { page, asked } = await as("admin");
  await settled(page);
  // As the server answers once the token has expired: the first call finds it so.
  let refusals = 0;
  await page.route("**/rapport.v1.RatingService/RankTeams", async (route) => {
    if (refusals++ > 0) return route.continue();
    await route.fulfill({
      status: 200,
      headers: { "content-type": "application/grpc-web+proto", "grpc-status": "16", "grpc-message": "expired" },
    });
  });
  await visit(page, "#/ranks?period=26w");
  await page.waitForSelector(".rank button");
  assert.ok(asked.has("/rapport.v1.SessionService/RenewSession"));
  assert.equal(refusals, 2);
});

test("signing out everywhere ends the other page at its next call", async () => {
  const here = await as("reviewer");
  const there = await as("reviewer");
  await settled(there.page);
  await visit(here.page, "#/sessions");
  await here.page.locator(".tools button").last().click();
  await here.page.waitForSelector("main.door h2");
  await there.page.evaluate(() => (location.hash = "#/ranks"));
  await there.page.waitForSelector("main.door h2");
  assert.match((await there.page.textContent(".refusal")) ?? "", /SESSION_OVER/);
});

test("a colleague casts a ballot on a phone, by keyboard and by touch", async () => {
  const { page, wrong } = await as("staff", { width: 400 });
  await visit(page, "#/competitions");
  await page.locator(".rows li", { hasText: "本月服务竞赛" }).locator("a").click();
  await page.waitForSelector(".ballot .handle");
  const titles = () => page.locator(".ballot h3").allTextContents();
  const dealt = await titles();
  await page.locator(".handle").first().focus();
  await page.keyboard.press("ArrowDown");
  assert.deepEqual(await titles(), [dealt[1], dealt[0], ...dealt.slice(2)]);
  // The focus went with it.
  await page.keyboard.press("ArrowUp");
  assert.deepEqual(await titles(), dealt);
  await page.locator(".nudge button").nth(1).tap();
  assert.deepEqual(await titles(), [dealt[1], dealt[0], ...dealt.slice(2)]);
  // Dragging the first below the third.
  const [from, to] = await Promise.all([0, 2].map((row) => page.locator(".handle").nth(row).boundingBox()));
  await page.mouse.move(from!.x + 10, from!.y + 10);
  await page.mouse.down();
  await page.mouse.move(to!.x + 10, to!.y + to!.height, { steps: 8 });
  await page.mouse.up();
  assert.deepEqual(await titles(), [dealt[0], dealt[2], dealt[1], ...dealt.slice(3)]);
  await page.waitForSelector(".tag[role=status]");
  const order = await titles();
  await page.locator(".actions .primary").click();
  await page.waitForSelector(".actions button:nth-of-type(2)");
  assert.deepEqual(await titles(), order);
  assert.deepEqual(wrong, []);
});

test("a service lead announces a competition, and what is refused says why", async () => {
  const { page } = await as("admin", { locale: "en-GB" });
  await visit(page, "#/competitions/new");
  const script = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
  await page.fill("input[maxlength='200']", script);
  await page.locator("form .primary").click();
  await page.waitForSelector(".steps");
  assert.equal(await page.textContent("h1"), script);
  assert.notEqual(await page.title(), "owned");
  await page.locator(".actions .primary").click();
  await page.waitForSelector(".refusal");
  assert.match((await page.textContent(".refusal")) ?? "", /CANNOT_OPEN/);
  await page.getByRole("button", { name: "Cancel the competition" }).click();
  await page.fill(".actions .inline input", "a rehearsal");
  await page.locator(".actions .inline .primary").click();
  await page.waitForSelector(".tag.warm");
});

test("a colleague notes what a customer said, and script in it stays text", async () => {
  const { page, wrong } = await as("supervisor", { locale: "en-GB" });
  await visit(page, "#/customers");
  await page.fill("input[type=search]", "C-3001");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".person");
  await settled(page);
  const form = page.locator("details", { hasText: "Note what they said" });
  await form.locator("summary").click();
  await form.locator("select").first().selectOption({ label: "Salutation" });
  const said = "<b onclick=alert(1)>أحمد 🙂</b>";
  await form.locator("input").first().fill(said);
  await form.locator("input").last().fill("told me");
  await form.locator(".primary").click();
  await page.waitForSelector(`.dimension .label:has-text("onclick")`);
  assert.equal(await page.locator(".dimension .label", { hasText: "onclick" }).first().textContent(), said);
  assert.deepEqual(wrong, []);
});

test("a colleague gives a customer something, and asks for what is more", async () => {
  const { page, wrong } = await as("staff", { locale: "en-GB", width: 400 });
  await visit(page, "#/giving");
  const form = page.locator("form.inline");
  const fields = form.locator("input");
  // To whom nothing was given yet: the last of the list.
  const options = form.locator("select").first().locator("option");
  await form.locator("select").first().selectOption({ index: (await options.count()) - 1 });
  await form.locator("select").last().selectOption("CNY");
  await fields.first().fill("20.5");
  await fields.last().fill("等了太久");
  await form.locator("button.primary").click();
  await page.locator(".rows > li", { hasText: "CN¥20.50" }).locator(".tag", { hasText: "given" }).waitFor();
  await fields.first().fill("75");
  await fields.last().fill("航班取消");
  await form.locator("button.primary").click();
  await page.locator(".refusal", { hasText: "GRANT_NEEDS_APPROVAL" }).waitFor();
  await form.locator("button").last().click();
  await page.locator(".rows .tag.warm", { hasText: "asked for" }).first().waitFor();
  const lead = await as("supervisor", { locale: "en-GB" });
  await visit(lead.page, "#/giving");
  const asked = lead.page.locator(".rows > li", { hasText: "航班取消" });
  await asked.locator("button.primary").click();
  await lead.page.locator(".rows > li", { hasText: "航班取消" }).locator(".tag", { hasText: "approved" }).waitFor();
  await visit(page, "#/today");
  await visit(page, "#/giving");
  await page.locator(".rows > li", { hasText: "航班取消" }).locator("button.primary").click();
  await page.locator(".rows > li", { hasText: "航班取消" }).locator(".tag.accent").waitFor();
  assert.deepEqual([wrong, lead.wrong], [[], []]);
});

test("a contest that waits for a second reviewer is not asked of the first one again", async () => {
  const { page } = await as("reviewer", { locale: "en-GB" });
  await page.route("**/rapport.v1.ContestService/ListContests", async (route) => {
    const answer = await route.fetch();
    const body = await answer.body();
    const end = 5 + body.readUInt32BE(1);
    const message = fromBinary(ListContestsResponseSchema, body.subarray(5, end));
    for (const [nth, contest] of message.contests.entries()) {
      contest.state = ContestState.SECOND_REVIEW;
      const reviewer = nth === 0 ? "xu.wei" : "somebody.else";
      contest.reviews = [create(ContestReviewSchema, { verdict: ContestVerdict.GRANTED, reason: "heard", reviewer })];
    }
    const changed = toBinary(ListContestsResponseSchema, message);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(changed.length, 1);
    await route.fulfill({ response: answer, body: Buffer.concat([head, changed, body.subarray(end)]) });
  });
  await visit(page, "#/review");
  const rows = page.locator(".rows > li");
  const count = await rows.count();
  assert.ok(count > 1);
  assert.equal(await rows.first().locator("form").count(), 0);
  assert.match((await rows.first().textContent()) ?? "", /waits for a second reviewer/);
  assert.equal(await page.locator(".rows form.inline").count(), count - 1);
});

test("a reviewer settles a contest", async () => {
  const { page } = await as("reviewer", { locale: "en-GB" });
  await visit(page, "#/review");
  const waiting = page.locator(".rows > li", { has: page.locator("form.inline") });
  let before = await waiting.count();
  assert.ok(before > 0);
  // One in ten, by its number, waits for a second reviewer then; not for the first one again.
  for (; before > 0; before -= 1) {
    await waiting.first().locator("input").fill("the recording says so");
    await waiting.first().locator(".primary").click();
    await page.waitForFunction((count) => document.querySelectorAll(".rows form.inline").length < count, before);
  }
});

test("what waits moves as it happens, also after the network was away", async () => {
  const here = await as("supervisor", { locale: "en-GB" });
  const there = await as("supervisor", { locale: "en-GB" });
  await visit(here.page, "#/today");
  await visit(there.page, "#/today");
  const held = here.page.locator(".under", { hasText: "held by" });
  const before = await held.count();
  await here.page.context().setOffline(true);
  await here.page.waitForTimeout(300);
  await here.page.context().setOffline(false);
  await there.page.locator("button", { hasText: "Take it" }).first().click();
  await here.page.waitForFunction(
    (count) =>
      [...document.querySelectorAll(".under")].filter((one) => one.textContent?.includes("held by")).length > count,
    before,
  );
});

test("the board comes at the close, to all who look", async () => {
  const voter = await as("staff");
  const lead = await as("admin");
  for (const { page } of [voter, lead]) {
    await visit(page, "#/competitions");
    await page.locator(".rows li", { hasText: "本月服务竞赛" }).locator("a").click();
    await page.waitForSelector(".steps .now");
  }
  // While it is open nobody sees a board.
  assert.equal(await voter.page.locator(".ranks").count(), 0);
  await lead.page.locator(".actions .primary").click();
  await voter.page.waitForSelector(".ranks .rank .whisker, .ranks .rank .empty", { timeout: 20_000 });
});

test("a page that is older than the server says so", async () => {
  const { page } = await as("admin", { locale: "en-GB" });
  await settled(page);
  await page.route(
    (url) => url.pathname === "/",
    (route) => route.fulfill({ body: "<script src=assets/console-NEWER000.js>" }),
  );
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.waitForSelector(".banner button");
});

test("a server that is away is said to be, and asked again", async () => {
  const { page } = await as("admin", { locale: "en-GB" });
  await settled(page);
  await page.route("**/rapport.v1.RatingService/*", (route) => route.abort());
  await visit(page, "#/ranks?period=26w");
  await page.waitForSelector(".refusal button");
  await page.unroute("**/rapport.v1.RatingService/*");
  await page.locator(".refusal button").click();
  await page.waitForSelector(".rank button");
});

test("a customer answers a survey without script, with one thumb", async () => {
  const transport = createGrpcWebTransport({
    baseUrl: demo.url,
    interceptors: [
      (next) => (request) => (
        request.header.set("authorization", `Bearer ${demo.token("app", "shop")}`),
        next(request)
      ),
    ],
  });
  // Wherever it is noon: nobody is asked at night.
  const east = 12 - new Date().getUTCHours();
  const customer = {
    customerId: "survey-page",
    salutation: "<i>Ada</i>",
    locale: "en",
    timeZone: `Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}`,
    contactPoints: [{ kind: ContactKind.PHONE, value: "+44 20 7946 0000", source: "order", consent: Consent.GRANTED }],
  };
  await createClient(DirectoryService, transport).upsertCustomer({ requestId: "survey-customer", customer });
  const ago = (seconds: number) => timestampFromDate(new Date(Date.now() - seconds * 1000));
  const { interactionId } = await createClient(InteractionService, transport).recordInteraction({
    requestId: "survey-call",
    interaction: {
      channel: Channel.INBOUND_CALL,
      outcome: Outcome.ANSWERED,
      customerId: customer.customerId,
      participants: [{ staffId: "li.na" }],
      requestedTime: ago(90),
      connectedTime: ago(80),
      endedTime: ago(30),
    },
  });
  const surveys = createClient(SurveyService, transport);
  const { toSend } = await surveys.issueSurvey({ requestId: "survey-issue", interactionId, templateId: "csat" });
  const { invitationId } = toSend!.invitation!;
  await surveys.reportDelivery({ requestId: "survey-sent", invitationId, outcome: DeliveryOutcome.DELIVERED });
  const url = `${demo.url}/s/${toSend!.token}`;

  const scripted = await browser.newPage({ viewport: { width: 400, height: 800 } });
  await scripted.goto(url);
  assert.deepEqual(await faults(scripted), []);
  if (process.env.RAPPORT_SCREENS)
    await scripted.screenshot({ path: `${process.env.RAPPORT_SCREENS}/survey.png`, fullPage: true });
  await scripted.close();

  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 400, height: 800 },
    hasTouch: true,
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(".score label").first().tap();
  await page.fill("textarea", "<script>alert(1)</script>");
  await page.locator("button").tap();
  await page.waitForSelector("h1:has-text('Thank you')");
  await page.goto(url);
  assert.match((await page.textContent("h1")) ?? "", /answered already/);
  await page.goto(`${demo.url}/s/nothing`);
  assert.match((await page.textContent("h1")) ?? "", /leads to no survey/);
  await context.close();
});

test("the demo prints at most 40 lines", { skip: !!process.env.RAPPORT_DEMO_URL }, () => {
  assert.ok(demo.lines.length <= 40, `${demo.lines.length}`);
  assert.equal(demo.lines.filter((line) => line.includes("/#link=")).length, 4);
});
