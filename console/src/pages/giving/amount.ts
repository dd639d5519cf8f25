// Amounts: of money in the smallest unit of a currency, of things in pieces.
import { language } from "../../words.ts";

/** As the server tells one from the other: three capital letters are a currency. */
const isCurrency = (unit: string) => /^[A-Z]{3}$/.test(unit);

const money = (unit: string) => new Intl.NumberFormat(language.value, { style: "currency", currency: unit });

/** How many digits of a unit stand behind the point. */
export const digits = (unit: string) => (isCurrency(unit) ? (money(unit).resolvedOptions().maximumFractionDigits ?? 0) : 0);

export function written(quantity: bigint, unit: string): string {
  if (!isCurrency(unit)) return `${new Intl.NumberFormat(language.value).format(quantity)} × ${unit}`;
  return money(unit).format(Number(quantity) / 10 ** digits(unit));
}

/** What somebody typed, in the smallest unit; nothing where it is no amount of the unit. */
export function read(text: string, unit: string): bigint | undefined {
  const places = digits(unit);
  const found = /^(\d+)(?:\.(\d*))?$/.exec(text.trim());
  const [, whole = "", part = ""] = found ?? [];
  if (!found || part.length > places) return undefined;
  return BigInt(whole + part.padEnd(places, "0")) || undefined;
}
