// Whether a signature is that of a public key: Ed25519 (RFC 8032).
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/**
 * As strictly as the server's library: the equation without the cofactor, and no point of small order, under which
 * anything would verify. The library's own check multiplies by the cofactor and so lets more pass.
 */
export function verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const [first, scalar] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  if (scalar >= ORDER) return false;
  try {
    const key = Point.fromBytes(publicKey);
    const point = Point.fromBytes(first);
    if (key.isSmallOrder() || point.isSmallOrder()) return false;
    const challenge = littleEndian(sha512(concatBytes(first, publicKey, message))) % ORDER;
    return Point.BASE.multiplyUnsafe(scalar).equals(point.add(key.multiplyUnsafe(challenge)));
  } catch {
    // What is no point is no key and no signature.
    return false;
  }
}
