/** 05-objects §9: the network file and its slots. */
import { check, refuse } from "./fault.ts";

export interface Network {
  readonly name: string;
  readonly genesisTimeMs: number;
  readonly slotMs: number;
  readonly engine: string;
  readonly validators: readonly string[];
  readonly accounts: readonly { readonly address: string; readonly balance: string }[];
  readonly blockReward: string;
  readonly minFee: string;
}

const refused = "refused";
const names = ["name", "genesisTimeMs", "slotMs", "engine", "validators", "accounts"];
const allNames = [...names, "blockReward", "minFee"];

/** Refuses whatever 05-objects §9 does not allow. */
export function readNetwork(text: string): Network {
  const file = parsed(text);
  check(Object.keys(file).sort().join() === [...allNames].sort().join(), refused);
  const amount = (value: unknown): boolean =>
    typeof value === "string" && /^(0|[1-9][0-9]*)$/.test(value) && BigInt(value) < 2n ** 63n;
  const id = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  const between = (value: unknown, min: number, max: number): boolean =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : refuse(refused));
  const network = file as unknown as Network;
  check(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(String(file["name"])), refused);
  check(between(file["genesisTimeMs"], 0, 2 ** 52), refused);
  check(between(file["slotMs"], 100, 600_000), refused);
  check(file["engine"] === "poa", refused);
  check(amount(file["blockReward"]) && amount(file["minFee"]), refused);
  const validators = list(file["validators"]);
  check(validators.length >= 1 && validators.length <= 128 && validators.every(id), refused);
  check(new Set(validators).size === validators.length, refused);
  list(file["accounts"]);
  for (const account of network.accounts) {
    check(Object.keys(account).sort().join() === "address,balance", refused);
    check(id(account.address) && amount(account.balance), refused);
  }
  const addresses = new Set(network.accounts.map(({ address }) => address));
  check(addresses.size === network.accounts.length, refused);
  const supply = network.accounts.reduce((sum, { balance }) => sum + BigInt(balance), 0n);
  check(supply < 2n ** 63n, refused);
  return network;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return refuse(refused);
  }
}

/** The canonical text, put together by hand. */
export function canonicalText(n: Network): string {
  const lines = (items: readonly string[]): string =>
    items.length === 0 ? "[]" : `[\n${items.map((item) => `    ${item}`).join(",\n")}\n  ]`;
  const accounts = [...n.accounts]
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((a) => `{\n      "address": "${a.address}",\n      "balance": "${a.balance}"\n    }`);
  return `{
  "name": "${n.name}",
  "genesisTimeMs": ${n.genesisTimeMs},
  "slotMs": ${n.slotMs},
  "engine": "${n.engine}",
  "validators": ${lines(n.validators.map((key) => `"${key}"`))},
  "accounts": ${lines(accounts)},
  "blockReward": "${n.blockReward}",
  "minFee": "${n.minFee}"
}
`;
}

export const slotAt = (
  network: Pick<Network, "genesisTimeMs" | "slotMs">,
  wallMs: number,
): number => Math.max(0, Math.floor((wallMs - network.genesisTimeMs) / network.slotMs));
