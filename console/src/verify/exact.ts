// Fractions without rounding: order and ties must be the same on every machine.

export const NANOS = 1_000_000_000n;
const DIGITS = 400;
const MOST = 2n ** 63n - 1n;

const absolute = (value: bigint) => (value < 0n ? -value : value);

function common(one: bigint, other: bigint): bigint {
  while (other !== 0n) [one, other] = [other, one % other];
  return one;
}

/** In lowest terms, `below` above 0. */
export class Ratio {
  private constructor(
    readonly above: bigint,
    readonly below: bigint,
  ) {}

  /** `below` is above 0. */
  static of(above: bigint, below: bigint): Ratio {
    const by = common(absolute(above), below);
    return new Ratio(above / by, below / by);
  }

  plus(other: Ratio): Ratio {
    return Ratio.of(this.above * other.below + other.above * this.below, this.below * other.below);
  }

  times(other: Ratio): Ratio {
    return Ratio.of(this.above * other.above, this.below * other.below);
  }

  over(count: bigint): Ratio {
    return Ratio.of(this.above, this.below * count);
  }

  compare(other: Ratio): number {
    const [one, two] = [this.above * other.below, other.above * this.below];
    return one < two ? -1 : one > two ? 1 : 0;
  }

  text(): string {
    return `${this.above}/${this.below}`;
  }

  /** In units of 1 / `scale`, half to even. */
  rounded(scale: bigint): bigint {
    const above = this.above * scale;
    let floor = above / this.below;
    if (above < 0n && floor * this.below !== above) floor -= 1n;
    const twice = 2n * (above - floor * this.below);
    const up = twice > this.below || (twice === this.below && floor % 2n !== 0n);
    const rounded = up ? floor + 1n : floor;
    return rounded > MOST || rounded < -MOST - 1n ? MOST : rounded;
  }

  /** In billionths. */
  nanos(): bigint {
    return this.rounded(NANOS);
  }
}

/** An exact fraction and what is shown of it, as a record tells them. */
export interface Fraction {
  exact: string;
  nanos: bigint;
}

export const fractionOf = (value: Ratio): Fraction => ({ exact: value.text(), nanos: value.nanos() });

/** What is told, if it is a fraction in lowest terms and shown as such. */
export function fraction(told: Fraction): Ratio | undefined {
  const found = /^(-?[0-9]+)\/([0-9]+)$/.exec(told.exact);
  const [above, below] = [found?.[1] ?? "", found?.[2] ?? ""];
  if (!found || Math.max(above.length, below.length) > DIGITS || BigInt(below) === 0n) return undefined;
  const value = Ratio.of(BigInt(above), BigInt(below));
  return value.text() === told.exact && value.nanos() === told.nanos ? value : undefined;
}

export const sameFraction = (one: Fraction | null, other: Fraction | null) =>
  one?.exact === other?.exact && one?.nanos === other?.nanos;
