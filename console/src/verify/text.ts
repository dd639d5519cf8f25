// Texts and bytes as a record holds them: order by bytes, hexadecimal, base64url, and how names are quoted.
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export { bytesToHex as hex, utf8ToBytes as utf8 };

/** Surrogates stand for characters after all others, but before some as numbers. */
const placed = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** The order of UTF-8 bytes, which is not that of JavaScript's strings. */
export function byBytes(one: string, other: string): number {
  const both = Math.min(one.length, other.length);
  for (let at = 0; at < both; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a !== b) return placed(a) - placed(b);
  }
  return one.length - other.length;
}

/** Each once, in order. */
export const inOrder = (texts: Iterable<string>): string[] => [...new Set(texts)].sort(byBytes);

/** The keys of a map, in order. */
export const keys = (map: Map<string, unknown>): string[] => [...map.keys()].sort(byBytes);

/** Whether both hold the same, each being in order. */
export const sameTexts = (one: string[], other: string[]) =>
  one.length === other.length && one.every((text, at) => text === other[at]);

/** The bytes of a hash, in either case. */
export function hash(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

/** Base64url without padding, and only as it is written: no bit is left over. */
export function base64url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const again = btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return again === text ? Uint8Array.from(plain, (one) => one.charCodeAt(0)) : undefined;
}

/** A public key: 32 bytes in base64url. */
export function publicKey(text: string): Uint8Array | undefined {
  const key = base64url(text);
  return key?.length === 32 ? key : undefined;
}

const NAMED: Record<string, string> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };

/** In quotation marks, with what cannot be seen written out. */
export function quoted(text: string): string {
  const unseen = /["\\]|[\p{C}\p{Zl}\p{Zp}\p{Grapheme_Extend}]|(?! )\p{Zs}/gu;
  const written = (one: string) => NAMED[one] ?? `\\u{${one.codePointAt(0)!.toString(16)}}`;
  return `"${text.replace(unseen, written)}"`;
}
