import { test } from "node:test";
import { runForkCase } from "./fork-case.ts";
import { forkCases } from "./fork-cases.ts";

for (const forkCase of forkCases) test(forkCase.title, () => runForkCase(forkCase));
