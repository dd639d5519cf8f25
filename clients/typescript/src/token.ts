// The bearer token, and when another one is due.

/** Gives a bearer token. */
export type TokenFunction = () => string | Promise<string>;

const LONGEST_MARGIN_MS = 60_000;

/** A token that is asked for when there is none, when it is about to expire, and after the server refused it. */
export class Token {
  // A promise, so that calls that need a new one at the same time ask once.
  private token?: Promise<string>;
  private value = "";
  private renewAt = Infinity;

  constructor(private readonly give: TokenFunction) {}

  get(): Promise<string> {
    if (!this.token || Date.now() >= this.renewAt) {
      this.renewAt = Infinity;
      this.token = this.ask();
    }
    return this.token;
  }

  /** The server did not accept this one. Another call may have brought a newer one since. */
  refused(token: string): void {
    if (token === this.value) this.token = undefined;
  }

  private async ask(): Promise<string> {
    try {
      this.value = await this.give();
    } catch (error) {
      this.token = undefined;
      throw error;
    }
    this.renewAt = renewAt(this.value, Date.now());
    return this.value;
  }
}

/** A while before the token's `exp`; never, where it does not tell. */
function renewAt(token: string, now: number): number {
  try {
    const claims = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    const expires = Number((JSON.parse(claims) as { exp: unknown }).exp) * 1_000;
    return Number.isNaN(expires) ? Infinity : expires - Math.min(LONGEST_MARGIN_MS, (expires - now) / 5);
  } catch {
    return Infinity;
  }
}
