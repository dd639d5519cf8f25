// Chance that anybody can check afterwards: everything random about a competition comes from its seed.
import { chacha20 } from "@noble/ciphers/chacha.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { byBytes, hex, utf8 } from "./text.ts";

export { sha256 };

/** SHA-256 of a text, in hexadecimal. */
export const hashOf = (text: string) => hex(sha256(utf8(text)));

/** What draws are for: none takes from another. */
export type Purpose = "deal" | "lot" | "bootstrap";

export class Seed {
  constructor(private readonly bytes: Uint8Array) {}

  static of(secret: Uint8Array, manifestHash: Uint8Array, publicDraw: string): Seed {
    return new Seed(hmac(sha256, secret, concatBytes(manifestHash, utf8(publicDraw))));
  }

  stream(purpose: Purpose): Stream {
    return new Stream(hmac(sha256, this.bytes, utf8(purpose)));
  }

  /** By entry id, from 1: the lower number goes first. */
  lots(ids: string[]): Map<string, bigint> {
    const order = [...ids].sort(byBytes);
    this.stream("lot").shuffle(order);
    return new Map(order.map((id, at) => [id, BigInt(at + 1)]));
  }
}

const BLOCKS = 512;
const LENGTH = BLOCKS * 64;
const NONCE = new Uint8Array(12);
const NOTHING = new Uint8Array(LENGTH);
const TWO_32 = 2 ** 32;

/** The key stream of ChaCha20 (RFC 8439, nonce 0, from block 0), read as little-endian numbers of two halves. */
export class Stream {
  private readonly block = new Uint8Array(LENGTH);
  private readonly words = new DataView(this.block.buffer);
  private used = LENGTH;
  private next = 0;

  constructor(private readonly key: Uint8Array) {}

  /** One of 0 to `count` - 1, all equally likely: numbers of the last, incomplete round are rejected. */
  below(count: number): number {
    const n = Math.max(count, 1);
    const turn = TWO_32 % n;
    // 2^64 - 1 less its remainder is the first number that is rejected.
    const rest = (((TWO_32 - 1) % n) * turn + ((TWO_32 - 1) % n)) % n;
    for (;;) {
      if (this.used === LENGTH) {
        chacha20(this.key, NONCE, NOTHING, this.block, this.next);
        this.next += BLOCKS;
        this.used = 0;
      }
      const low = this.words.getUint32(this.used, true);
      const high = this.words.getUint32(this.used + 4, true);
      this.used += 8;
      if (high === TWO_32 - 1 && low >= TWO_32 - 1 - rest) continue;
      return ((high % n) * turn + (low % n)) % n;
    }
  }

  coin(): boolean {
    return this.below(2) === 1;
  }

  /** Fisher and Yates, from the last place down. */
  shuffle<T>(items: T[]): void {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [items[last], items[other]] = [items[other]!, items[last]!];
    }
  }
}
