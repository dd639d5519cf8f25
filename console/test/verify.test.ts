// The verifier is held to the vectors of the server's: the same records, sound and altered, and the same findings.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decimal, exp, log, told } from "../src/verify/float.ts";
import type { Failure, Report } from "../src/verify/found.ts";
import { Unreadable } from "../src/verify/json.ts";
import { readRecord } from "../src/verify/record.ts";
import { publicKey } from "../src/verify/text.ts";
import { verify } from "../src/verify/verify.ts";
import { zh } from "../src/words/zh.ts";

const folder = join(import.meta.dirname, "../../crates/vote/tests/vectors");

interface Case extends Report {
  name: string;
  alteration: {
    revisions?: number[];
    splices: ({ at: (string | number)[] } & (
      { skip: number; drop: number; put: string } | { skip?: never; put: unknown }
    ))[];
  };
  pinned: Record<string, string>;
}
type Tree = { [step: string | number]: Tree };

const files = readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "floats.json");
const load = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));

function altered(record: Tree, { revisions, splices }: Case["alteration"]): Tree {
  const copy = structuredClone(record);
  if (revisions) copy.revisions = revisions.map((number) => structuredClone(record.revisions![number])) as never;
  for (const splice of splices) {
    const path = [...splice.at];
    const last = path.pop()!;
    const holder = path.reduce((value: Tree, step) => value[step]!, copy);
    if (splice.skip === undefined) holder[last] = splice.put as Tree;
    else {
      const text = [...(holder[last] as unknown as string)];
      text.splice(splice.skip, splice.drop, splice.put);
      holder[last] = text.join("") as never;
    }
  }
  return copy;
}

/** What a parser says of what it cannot read is its own. */
const own = ({ where, what }: Failure) => ({ where, what: what.replace(/(cannot be read: ).*/s, "$1") });

for (const file of files) {
  test(`what is found in ${file}`, () => {
    const { record, cases } = load(file) as { record: Tree; cases: Case[] };
    assert.ok(cases.length > 0);
    for (const one of cases) {
      const pinned = new Map(Object.entries(one.pinned).map(([id, key]) => [id, publicKey(key)!]));
      const found = verify(readRecord(JSON.stringify(altered(record, one.alteration))), pinned);
      assert.deepEqual(
        { ...found, failures: found.failures.map(own) },
        { checked: one.checked, unchecked: one.unchecked, failures: one.failures.map(own) },
        `${file}: ${one.name}`,
      );
    }
  });
}

test("numbers agree to the last bit", () => {
  const view = new DataView(new ArrayBuffer(8));
  const number = (bits: string) => (view.setBigUint64(0, BigInt(`0x${bits}`)), view.getFloat64(0));
  const bits = (value: number) => (view.setFloat64(0, value), view.getBigUint64(0).toString(16).padStart(16, "0"));
  const floats = load("floats.json") as Record<"exp" | "log" | "decimal", [string, string][]>;
  for (const [x, value] of floats.exp) assert.equal(bits(exp(number(x))), value, `exp ${number(x)}`);
  for (const [x, value] of floats.log) assert.equal(bits(log(number(x))), value, `log ${number(x)}`);
  for (const [x, text] of floats.decimal) {
    assert.equal(decimal(number(x)), text);
    assert.equal(bits(told(text)!), x);
  }
});

test("what is no record is not read", () => {
  const { record } = load("trimmed.json") as { record: Record<string, unknown> };
  const text = JSON.stringify(record);
  assert.ok(readRecord(text));
  const twice = text.replace("{", '{"competition":"another",');
  const others = ["", "{}", "[]", '{"format": 1}', `${text}{}`, twice, text.replace("record 1", "record 2")];
  for (const other of others) assert.throws(() => readRecord(other), Unreadable, other.slice(0, 80));
});

test("every subject has a name in Chinese", () => {
  const cases = files.flatMap((file) => (load(file) as { cases: Case[] }).cases);
  const subjects = new Set(cases.flatMap((one) => [...one.checked, ...one.unchecked]));
  for (const subject of subjects) assert.ok(zh.subjects[subject], subject);
});
