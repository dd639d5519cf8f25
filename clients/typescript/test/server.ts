// A real server for a test; RAPPORT names its program.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { rapport, type TokenFunction } from "rapport-client";
import { DirectoryService } from "rapport-client/v1/directory";

const program = process.env.RAPPORT ?? join(import.meta.dirname, "../../../target/debug/rapport");

export class Server {
  private readonly directory = mkdtempSync(join(tmpdir(), "rapport-"));
  private process?: ChildProcess;
  address = "127.0.0.1:0";

  constructor(readonly environment: Record<string, string> = {}) {}

  /** Serves until it is stopped; started again, on the same address with the same record. */
  async start(): Promise<this> {
    const flags = ["serve", "--listen", this.address, "--data-dir", this.directory];
    const env = { ...process.env, ...this.environment };
    this.process = spawn(program, flags, { env, stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface(this.process.stderr!)) {
      const found = /serving address=(\S+)/.exec(line);
      if (found) {
        this.address = found[1]!;
        break;
      }
    }
    this.process.stderr!.resume();
    return this;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = this.process;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true });
  }

  get url(): string {
    return `http://${this.address}`;
  }

  async token(...flags: string[]): Promise<string> {
    const command = ["token", "--role", "app", "--subject", "desk", "--data-dir", this.directory, ...flags];
    return (await promisify(execFile)(program, command)).stdout.trim();
  }

  /** From Node over gRPC. */
  transport(token: TokenFunction = () => this.token()): Transport {
    return createGrpcTransport({ baseUrl: this.url, interceptors: [rapport({ token })] });
  }

  /** Makes the customer of whom the tests tell. */
  async knowCarla(): Promise<this> {
    const customer = { customerId: "carla", salutation: "王女士" };
    await createClient(DirectoryService, this.transport()).upsertCustomer({ customer });
    return this;
  }
}
