// Signing in at a provider that others wrote (npm oidc-provider), through a proxy that serves the console under a path:
// as somebody with a role, as somebody without, and as somebody who changes their mind.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import Provider from "oidc-provider";
import type { Browser, Page } from "playwright-core";
import { en } from "../src/words/en.ts";
import { zh } from "../src/words/zh.ts";
import { faults, launch, program } from "./demo.ts";

const PEOPLE: Record<string, { groups: string[]; teams?: string[] }> = {
  "zhao.min": { groups: ["desk", "service leads"], teams: ["hotline", "beijing"] },
  "xu.guest": { groups: ["guests"] },
};
const SECRET = randomBytes(24).toString("base64");

const directory = mkdtempSync(join(tmpdir(), "rapport-sign-in-"));
const servers: Server[] = [];
let rapport: ChildProcess;
let browser: Browser;
let desk: string;
let issuer: string;

/** A server at a port of its own; what answers is set once that is known. */
async function listen(): Promise<{ server: Server; origin: string }> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function provider(origin: string, callback: string): Provider {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  return new Provider(origin, {
    clients: [{ client_id: "rapport", client_secret: SECRET, redirect_uris: [callback] }],
    // Only its userinfo endpoint tells these: its ID tokens hold no more than they must.
    claims: { openid: ["sub"], desk: ["groups", "teams"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    pkce: { required: () => true },
    jwks: { keys: [{ ...key, use: "sig", alg: "RS256" }] as never },
    cookies: { keys: [randomBytes(24).toString("base64")] },
  });
}

/** The server, by what the environment says. */
async function serve(): Promise<string> {
  const secret = join(directory, "secret");
  writeFileSync(secret, SECRET, { mode: 0o600 });
  const env = {
    ...process.env,
    RAPPORT_CONSOLE: "on",
    RAPPORT_OIDC_ISSUER: issuer,
    RAPPORT_OIDC_CLIENT_ID: "rapport",
    RAPPORT_OIDC_CLIENT_SECRET_FILE: secret,
    RAPPORT_OIDC_PUBLIC_URL: desk,
    RAPPORT_OIDC_SCOPES: "openid desk",
    RAPPORT_OIDC_TEAMS_CLAIM: "teams",
    RAPPORT_OIDC_ROLES: "supervisor groups service leads\nstaff groups desk",
  };
  const flags = ["serve", "--listen", "127.0.0.1:0", "--data-dir", join(directory, "data")];
  rapport = spawn(program, flags, { env, stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface(rapport.stderr!)) {
    const found = /serving address=(\S+)/.exec(line);
    if (found) return (rapport.stderr!.resume(), found[1]!);
  }
  throw new Error("the server did not start");
}

before(async () => {
  const [front, back] = await Promise.all([listen(), listen()]);
  desk = `${front.origin}/desk/`;
  issuer = back.origin;
  back.server.on("request", provider(issuer, `${desk}signin/callback`).callback());
  const [host, port] = (await serve()).split(":");
  front.server.on("request", (asked, answer) => {
    const path = asked.url!.replace(/^\/desk\//, "/");
    const passed = request({ host, port, path, method: asked.method, headers: asked.headers }, (told) => {
      answer.writeHead(told.statusCode!, told.headers);
      told.pipe(answer);
    });
    asked.pipe(passed);
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  servers.forEach((server) => (server.close(), server.closeAllConnections()));
  const ended = new Promise((resolve) => rapport.once("exit", resolve));
  rapport.kill("SIGTERM");
  await ended;
  rmSync(directory, { recursive: true });
});

/** Somebody before the door, with what their browser asked of others than the two. */
async function atTheDoor(locale: "en-GB" | "zh-CN"): Promise<{ page: Page; elsewhere: string[] }> {
  const page = await (await browser.newContext({ locale })).newPage();
  const elsewhere: string[] = [];
  // The provider's own page names a font.
  await page.route(/fonts\.googleapis\.com/, (route) => route.abort());
  page.on("request", (asked) => {
    const known = [desk, `${issuer}/`, "https://fonts.googleapis.com/"].some((place) => asked.url().startsWith(place));
    if (!known) elsewhere.push(asked.url());
  });
  await page.goto(desk);
  await page.waitForSelector(".door a.button");
  return { page, elsewhere };
}

/** Says at the provider who they are, and lets it tell. */
async function identify(page: Page, login: string) {
  await page.click(".door a.button");
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "any");
  await page.click("button[type=submit]");
  await page.waitForSelector("button:has-text('Continue')");
  await page.click("button[type=submit]");
}

test("somebody signs in at the provider, signs out, and comes back", async () => {
  const { page, elsewhere } = await atTheDoor("en-GB");
  assert.deepEqual(await faults(page), []);
  let callback = "";
  page.on("request", (asked) => (callback = asked.url().includes("/callback?") ? asked.url() : callback));
  await identify(page, "zhao.min");
  await page.waitForSelector("main#page header.page");
  assert.equal(await page.textContent(".self small"), en.roles.SUPERVISOR);
  // Nothing that opens anything is left in the address or kept.
  assert.equal(page.url(), `${desk}#/`);
  assert.deepEqual((await page.context().cookies(desk)).filter((one) => one.name.includes("rapport")), []);

  await page.evaluate(() => (location.hash = "#/sessions"));
  await page.locator(".tools button").last().click();
  await page.waitForSelector(".door a.button");
  // The provider knows them still, and asks nothing.
  await page.click(".door a.button");
  await page.waitForSelector("main#page header.page");

  // What they came back with is good once.
  await page.goto(callback);
  assert.equal(await page.textContent(".door [role=alert]"), en.signInRefused.expired);
  assert.deepEqual(elsewhere, []);
});

test("somebody without a role is told so in their language, and somebody who turns back too", async () => {
  const { page, elsewhere } = await atTheDoor("zh-CN");
  await page.click(".door a.button");
  await page.click("a:has-text('Cancel')");
  assert.equal(await page.textContent(".door [role=alert]"), zh.signInRefused.denied);
  await identify(page, "xu.guest");
  assert.equal(await page.textContent(".door [role=alert]"), zh.signInRefused.account);
  assert.deepEqual(await faults(page), []);
  await page.waitForSelector(".door a.button");
  assert.deepEqual(elsewhere, []);
});
