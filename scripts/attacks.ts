/**
 * Longer attacks on a real node, with figures: `npm run attacks:long -- [idle|churn|propagation]`,
 * all three without a name. NOT in `npm test`: minutes of both cores.
 */
import { churn } from "./attacks/churn.ts";
import { idle } from "./attacks/idle.ts";
import { propagation } from "./attacks/propagation.ts";

const all: Readonly<Record<string, () => Promise<void>>> = { idle, churn, propagation };
const given = process.argv.slice(2);
const names = given.length === 0 ? Object.keys(all) : given;
for (const name of names) {
  const run = all[name];
  if (run === undefined) {
    console.error(`no such attack: ${name}; there are ${Object.keys(all).join(", ")}`);
    process.exit(1);
  }
  await run();
}
