/**
 * The eclipse experiment over many runs, one row for each size of attacker, with the bar that a row
 * must keep and the command that repeats what broke it. It prints nothing (scripts/eclipse.ts).
 */
import { assert } from "../../base/assert.ts";
import { Eclipse, type EclipseReport } from "./eclipse.ts";
import { PoisonedNetwork, percent } from "./poisoned-network.ts";

export interface EclipseSettings {
  readonly seed: string;
  readonly restarts: number;
  /** Addresses in each netgroup of the attacker. */
  readonly machines: number;
  /** Of what it tells, addresses where nobody is. */
  readonly trash: number;
  /** Of the victim between restarts; undefined: a few. */
  readonly lifeMinutes?: number | undefined;
}

export const eclipseDefaults = { seed: "1", restarts: 6, machines: 64, trash: 20 } as const;

export interface EclipseRow {
  readonly groups: number;
  readonly runs: number;
  /** Runs in which the attacker once held all outbound slots. */
  readonly captured: number;
  readonly capturedPercent: number;
  /** Undefined: no bar. */
  readonly barPercent: number | undefined;
  /** Runs in which once no outbound peer was honest, though slots were free. */
  readonly surrounded: number;
  /** Means over all runs. */
  readonly attackerPercent: number;
  readonly filledPercent: number;
  readonly poisonPercent: number;
  /** In the network that lived under the attack: nodes without an honest outbound peer. */
  readonly residentsEclipsed: number;
  readonly residentsAttackerPercent: number;
  /** Repeats each run that was captured. */
  readonly repeat: readonly string[];
  readonly isKept: boolean;
}

const bars: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 1],
  [16, 10],
]);
const honestNodes = 50;
const honestMinutes = 2;

export function poisonedNetwork(groups: number, settings: EclipseSettings): PoisonedNetwork {
  const { machines: machinesPerGroup, seed, trash: trashPercent } = settings;
  const plan = { groups, machinesPerGroup, trashPercent, honestPercent: 10, greetings: 8 };
  const of = { plan, nodes: honestNodes, minutes: honestMinutes };
  return new PoisonedNetwork({ seed: `${seed}/${groups}`, ...of });
}

/** `onRun` hears of each run as it ends. */
export function eclipseRow(
  groups: number,
  runs: readonly number[],
  settings: EclipseSettings,
  onRun: (report: EclipseReport) => void = () => {},
): EclipseRow {
  const ground = poisonedNetwork(groups, settings);
  assert(ground.blames.length === 0, "the attacker breaks no rule that would end its connections");
  const { seed, restarts, lifeMinutes } = settings;
  const reports = runs.map((run) => {
    const report = new Eclipse(ground, {
      ...{ seed: `${seed}/${groups}`, run, restarts, lifeMinutes },
    }).run();
    onRun(report);
    return report;
  });
  const captured = reports.filter((report) => report.captured);
  const barPercent = bars.get(groups);
  const capturedPercent = percent(captured.length, runs.length);
  return {
    ...{ groups, runs: runs.length, captured: captured.length, capturedPercent, barPercent },
    surrounded: reports.filter((report) => report.surrounded).length,
    attackerPercent: mean(reports.map((report) => report.attackerPercent)),
    filledPercent: mean(reports.map((report) => report.filledPercent)),
    poisonPercent: mean(reports.map(({ poison, book }) => percent(poison, book))),
    residentsEclipsed: ground.eclipsed,
    residentsAttackerPercent: ground.attackerPercent,
    repeat: captured.map(({ run }) => commandOf(groups, run, settings)),
    isKept: barPercent === undefined || capturedPercent <= barPercent,
  };
}

function commandOf(groups: number, run: number, settings: EclipseSettings): string {
  const differing = (["seed", "restarts", "machines", "trash"] as const)
    .filter((name) => settings[name] !== eclipseDefaults[name])
    .map((name) => ` --${name} ${settings[name]}`);
  if (settings.lifeMinutes !== undefined) differing.push(` --life-minutes ${settings.lifeMinutes}`);
  return `npm run eclipse -- --groups ${groups} --run ${run}${differing.join("")}`;
}

function mean(values: readonly number[]): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  return Math.round((10 * total) / Math.max(1, values.length)) / 10;
}
