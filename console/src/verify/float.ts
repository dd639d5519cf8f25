// Elementary functions to the last bit, as the server's have them: those of JavaScript may differ from browser to
// browser. The method is that of fdlibm (Sun Microsystems 1993), which the server's library follows.

const bits = new DataView(new ArrayBuffer(8));
function high(x: number): number {
  bits.setFloat64(0, x);
  return bits.getUint32(0);
}

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const ONE_OVER_LN2 = 1.442695040888963387;
/** High words: half of ln 2, one and a half of it, 2^-28. */
const [HALF_LN2, THREE_HALVES_LN2, TINY] = [0x3fd62e42, 0x3ff0a2b2, 0x3e300000];
/** Of x / tanh(x / 2) around 0, in powers of x^2. */
const [P1, P2, P3, P4, P5] = [
  1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
  4.13813679705723846039e-8,
] as const;

/** e^x; 0 for what would be a subnormal number, which added to 1 is none either. */
export function exp(x: number): number {
  const size = high(x) & 0x7fffffff;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -708) return 0;
  if (size <= TINY) return 1 + x;
  let [steps, ahead, behind] = [0, x, 0];
  if (size > HALF_LN2) {
    const sign = x < 0 ? -1 : 1;
    steps = size >= THREE_HALVES_LN2 ? Math.trunc(ONE_OVER_LN2 * x + sign * 0.5) : sign;
    ahead = x - steps * LN2_HIGH;
    behind = steps * LN2_LOW;
  }
  const rest = ahead - behind;
  const square = rest * rest;
  const c = rest - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
  const y = 1 + ((rest * c) / (2 - c) - behind + ahead);
  // 2 to the power 1024 is none.
  return steps > 1023 ? y * 2 * 2 ** (steps - 1) : y * 2 ** steps;
}

/** Of (log(1 + s) - log(1 - s)) / s - 2 in powers of s^2. */
const [L1, L2, L3, L4, L5, L6, L7] = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
] as const;
/** High word of the square root of a half. */
const ROOT_HALF = 0x3fe6a09e;

/** The natural logarithm of what is above 0 and no subnormal number. */
export function log(x: number): number {
  if (!(x >= 2 ** -1022) || x === Infinity) throw new RangeError("a logarithm that no odds have");
  if (x === 1) return 0;
  const word = high(x) + 0x3ff00000 - ROOT_HALF;
  const steps = (word >>> 20) - 0x3ff;
  // `bits` still holds x: its exponent is put between the root of a half and that of 2.
  bits.setUint32(0, (word & 0x000fffff) + ROOT_HALF);
  const f = bits.getFloat64(0) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (L2 + w * (L4 + w * L6));
  const odd = z * (L1 + w * (L3 + w * (L5 + w * L7)));
  return s * (half + (odd + even)) + steps * LN2_LOW - half + f + steps * LN2_HIGH;
}

/** Rounded half to even. */
export function rint(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** The order of numbers, in which -0 comes before 0. */
export const byValue = (one: number, other: number) =>
  one - other || (one === 0 && other === 0 ? Number(Object.is(other, -0)) - Number(Object.is(one, -0)) : 0);

/** The shortest decimal that reads back as the number, without an exponent. */
export function decimal(x: number): string {
  const written = Object.is(x, -0) ? "-0" : String(x);
  const [digits, exponent] = written.split("e");
  if (exponent === undefined) return written;
  const sign = digits!.startsWith("-") ? "-" : "";
  const [above, below = ""] = digits!.slice(sign.length).split(".");
  const point = above!.length + Number(exponent);
  const all = above! + below;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${all}`;
  return sign + (point >= all.length ? all.padEnd(point, "0") : `${all.slice(0, point)}.${all.slice(point)}`);
}

/** What is told, if it is a number and no other text is told of it. */
export function told(text: string): number | undefined {
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) && decimal(value) === text ? value : undefined;
}
