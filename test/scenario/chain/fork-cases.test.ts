import { test } from "node:test";
import { runForkCase } from "./fork-case.ts";
import { forkCases } from "./fork-cases.ts";
import { slotBoundCases } from "./slot-bound-cases.ts";

for (const forkCase of [...forkCases, ...slotBoundCases]) {
  test(forkCase.title, () => runForkCase(forkCase));
}
