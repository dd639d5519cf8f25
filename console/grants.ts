// Writes gen/grants.ts from the contract: which role may call which method, and how far it reaches by it. The page needs it of
// all methods, of services too whose messages it fetches later or never.
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { getOption, type DescFile } from "@bufbuild/protobuf";
import { Role, access } from "./gen/rapport/v1/access_pb.ts";

const here = dirname(fileURLToPath(import.meta.url));
const contract = join(here, "gen/rapport/v1");
const roles = Object.values(Role).filter((role) => typeof role === "number");

const lines: string[] = [];
for (const name of readdirSync(contract).sort()) {
  const files = Object.values(await import(join(contract, name))).filter(
    (one): one is DescFile => (one as DescFile).kind === "file",
  );
  for (const service of files.flatMap((file) => file.services)) {
    for (const method of service.methods) {
      const { grants } = getOption(method, access);
      const reaches = roles.map((role) => grants.find((grant) => grant.role === role)?.reach ?? 0);
      lines.push(`  "${service.name}/${method.name}": "${reaches.join("")}",\n`);
    }
  }
}
writeFileSync(
  join(here, "gen/grants.ts"),
  `// By method: for each role, in the order of their numbers, the number of its reach; 0: none.
export const GRANTS = {
${lines.join("")}} as const;

export type MethodName = keyof typeof GRANTS;
`,
);
