// JSON read as the server reads it: whole numbers to the last digit, each field once, no lone surrogate, nothing after
// the end. JSON.parse rounds beyond 2^53 and takes the last of two fields, so that two readers could see two records in
// one text.

export class Unreadable extends Error {}

/** The fields of an object, and the names of those that it has more than once. */
export class Fields {
  readonly all = new Map<string, Json>();
  readonly twice = new Set<string>();
}

/** A whole number is a bigint; one with a point, an exponent or beyond 64 bits is a number. */
export type Json = null | boolean | string | bigint | number | Json[] | Fields;

const DEEPEST = 128;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const MOST = 2n ** 64n - 1n;
const LEAST = -(2n ** 63n);

export function parse(text: string): Json {
  let at = 0;
  const wrong = (what: string) => new Unreadable(`${what} at character ${at + 1}`);
  const blank = () => {
    for (let unit = text.charCodeAt(at); unit === 32 || unit === 10 || unit === 13 || unit === 9;) {
      unit = text.charCodeAt(++at);
    }
  };
  const word = <T>(name: string, value: T): T => {
    if (!text.startsWith(name, at)) throw wrong("expected a value");
    at += name.length;
    return value;
  };
  const number = (): bigint | number => {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text);
    if (!found) throw wrong("invalid number");
    at = NUMBER.lastIndex;
    const [digits, point, exponent] = found;
    if (point === undefined && exponent === undefined && digits !== "-0") {
      const whole = BigInt(digits);
      if (whole >= LEAST && whole <= MOST) return whole;
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) throw wrong("number out of range");
    return value;
  };
  const unit = (): string => {
    const digits = text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw wrong("invalid escape");
    at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  };
  const string = (): string => {
    at += 1;
    let read = "";
    for (;;) {
      PLAIN.lastIndex = at;
      read += PLAIN.exec(text)![0];
      at = PLAIN.lastIndex;
      const next = text[at];
      if (next !== '"' && next !== "\\") throw wrong(next === undefined ? "unexpected end" : "control character");
      at += 1;
      if (next === '"') break;
      const escape = text[at++] ?? "";
      const plain = ESCAPES[escape];
      if (plain === undefined && escape !== "u") throw wrong("invalid escape");
      read += plain ?? unit();
    }
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(read)) {
      throw wrong("lone surrogate");
    }
    return read;
  };
  const list = (depth: number): Json[] => {
    at += 1;
    const items: Json[] = [];
    blank();
    if (text[at] === "]") return (at++, items);
    for (;;) {
      items.push(value(depth));
      blank();
      const next = text[at++];
      if (next === "]") return items;
      if (next !== ",") throw wrong("expected , or ]");
    }
  };
  const object = (depth: number): Fields => {
    at += 1;
    const fields = new Fields();
    blank();
    if (text[at] === "}") return (at++, fields);
    for (;;) {
      blank();
      if (text[at] !== '"') throw wrong("expected a name");
      const name = string();
      blank();
      if (text[at++] !== ":") throw wrong("expected :");
      const of = value(depth);
      if (fields.all.has(name)) fields.twice.add(name);
      fields.all.set(name, of);
      blank();
      const next = text[at++];
      if (next === "}") return fields;
      if (next !== ",") throw wrong("expected , or }");
    }
  };
  const value = (depth: number): Json => {
    if (depth === 0) throw wrong("nested too deeply");
    blank();
    switch (text[at]) {
      case "{":
        return object(depth - 1);
      case "[":
        return list(depth - 1);
      case '"':
        return string();
      case "t":
        return word("true", true);
      case "f":
        return word("false", false);
      case "n":
        return word("null", null);
      default:
        return number();
    }
  };
  const read = value(DEEPEST);
  blank();
  if (at < text.length) throw wrong("trailing characters");
  return read;
}

/** Takes a value for what it is to be, or throws [`Unreadable`]. */
export type Reader<T> = (json: Json) => T;

const expected = (what: string) => new Unreadable(`expected ${what}`);

export const text: Reader<string> = (json) => {
  if (typeof json !== "string") throw expected("a string");
  return json;
};

export const flag: Reader<boolean> = (json) => {
  if (typeof json !== "boolean") throw expected("a boolean");
  return json;
};

/** A whole number within bounds. */
export const whole =
  (least: bigint, most: bigint): Reader<bigint> =>
  (json) => {
    if (typeof json !== "bigint" || json < least || json > most) throw expected(`a whole number, ${least} to ${most}`);
    return json;
  };
export const i32 = whole(-(2n ** 31n), 2n ** 31n - 1n);
export const u32 = whole(0n, 2n ** 32n - 1n);
export const i64 = whole(LEAST, 2n ** 63n - 1n);
export const u64 = whole(0n, MOST);

export const oneOf =
  <T extends string>(...names: T[]): Reader<T> =>
  (json) => {
    const found = names.find((name) => name === json);
    if (found === undefined) throw expected(`one of ${names.join(", ")}`);
    return found;
  };

export const list =
  <T>(of: Reader<T>): Reader<T[]> =>
  (json) => {
    if (!Array.isArray(json)) throw expected("a list");
    return json.map(of);
  };

/** A list of exactly so many, each read in its own way. */
export const row =
  <T extends unknown[]>(...of: { [K in keyof T]: Reader<T[K]> }): Reader<T> =>
  (json) => {
    if (!Array.isArray(json) || json.length !== of.length) throw expected(`a list of ${of.length}`);
    return json.map((one, at) => of[at]!(one)) as T;
  };

type Shape = Record<string, { read: Reader<unknown>; missing?: unknown }>;
type Read<S extends Shape> = { [K in keyof S]: S[K] extends { read: Reader<infer T> } ? T : never };

export const due = <T>(read: Reader<T>) => ({ read });
export const or = <T>(missing: T, read: Reader<T>) => ({ read, missing });
export const nullable = <T>(read: Reader<T>) => ({
  read: (json: Json): T | null => (json === null ? null : read(json)),
  missing: null,
});

/** An object of named fields; what it has besides is passed over. */
export const object =
  <S extends Shape>(shape: S): Reader<Read<S>> =>
  (json) => {
    if (!(json instanceof Fields)) throw expected("an object");
    const read = Object.entries(shape).map(([name, field]) => {
      if (json.twice.has(name)) throw new Unreadable(`duplicate field ${name}`);
      const found = json.all.get(name);
      if (found === undefined && field.missing === undefined) throw new Unreadable(`missing field ${name}`);
      return [name, found === undefined ? field.missing : field.read(found)];
    });
    return Object.fromEntries(read) as Read<S>;
  };
