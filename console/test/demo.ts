// The demo's server with its data, and a browser to look at it with; RAPPORT names the program.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

export const program = process.env.RAPPORT ?? join(import.meta.dirname, "../../target/debug/rapport");

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Who looks: as the demo's links. */
export const WHO = {
  supervisor: ["zhao.min", "hotline", "beijing", "nanjing"],
  staff: ["beijing.1", "beijing"],
  reviewer: ["xu.wei"],
  admin: ["demo"],
} as const;
export type Role = keyof typeof WHO;
export const ROLES = Object.keys(WHO) as Role[];

export class Demo {
  private readonly directory = process.env.RAPPORT_DEMO_DIR ?? mkdtempSync(join(tmpdir(), "rapport-console-"));
  private process?: ChildProcess;
  url = process.env.RAPPORT_DEMO_URL ?? "";
  /** What it printed. */
  readonly lines: string[] = [];

  /** Serves; or takes the one that RAPPORT_DEMO_URL and RAPPORT_DEMO_DIR name. */
  async start(): Promise<this> {
    if (this.url) return this;
    const flags = ["demo", "--listen", "127.0.0.1:0", "--data-dir", this.directory, "--redeals", "2"];
    this.process = spawn(program, flags, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface(this.process.stdout!)) {
      this.lines.push(line);
      this.url = /^Serving on (\S+)/.exec(line)?.[1] ?? this.url;
      if ((line.includes("rapport") && line.includes("summary")) || line.includes(" summary ")) break;
    }
    this.process.stdout!.resume();
    return this;
  }

  async stop(): Promise<void> {
    if (!this.process) return;
    const ended = new Promise((resolve) => this.process!.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.directory, { recursive: true });
  }

  token(role: string, subject: string): string {
    const flags = ["token", "--role", role, "--subject", subject, "--data-dir", this.directory];
    return execFileSync(program, flags, { encoding: "utf8" }).trim();
  }

  link(role: Role, url = this.url, [subject = "", ...teams]: readonly string[] = WHO[role]): string {
    const flags = ["console", "--role", role, "--subject", subject, "--data-dir", this.directory, "--endpoint", url];
    teams.forEach((team) => flags.push("--team", team));
    return execFileSync(program, flags, { encoding: "utf8" }).trim();
  }
}

export async function launch(): Promise<Browser> {
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

export interface Look {
  locale?: "zh-CN" | "en-GB";
  colorScheme?: "light" | "dark";
  width?: number;
}

/** A browser of one person, signed in. */
export async function signIn(
  browser: Browser,
  link: string,
  look: Look = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const { locale = "zh-CN", colorScheme = "light", width = 1280 } = look;
  const context = await browser.newContext({
    locale,
    colorScheme,
    viewport: { width, height: 900 },
    hasTouch: width < 500,
  });
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector("main#page header.page, main.door .refusal");
  return { context, page };
}

/** Waits until a page has all that it asked for. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.querySelector(".waiting, [aria-busy='true']"));
  await page.waitForTimeout(150);
}

/** Goes to a place in the console. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), hash);
  await settled(page);
}

/** What a page does wrong to those who cannot see it, or use no mouse. */
export async function faults(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no script in.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      window as never as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run();
    return violations.map(
      (one) =>
        `${one.id}: ${one.nodes
          .slice(0, 3)
          .map((node) => node.html.slice(0, 160))
          .join(" | ")}`,
    );
  });
}
