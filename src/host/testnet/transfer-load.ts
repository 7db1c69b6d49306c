/**
 * A trickle of signed transfers among the funded accounts, each given to the next node in turn, so
 * that they must travel. Keeps each account's nonce, and asks for it again after a refusal.
 */
import { hexBytes, toHex } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import { signTransaction } from "../../model/transaction.ts";
import { accountAnswer, submittedAnswer } from "../cli/answers.ts";
import type { NodeClient } from "../cli/node-client.ts";
import type { DevAccount } from "../devnet.ts";

/** Not yet answered; beyond it the network is too slow and turns are left out. */
const inFlightMax = 16;

export class TransferLoad {
  sent = 0;
  refused = 0;
  private readonly accounts: readonly DevAccount[];
  private readonly genesisHash: Uint8Array;
  private readonly clients: () => readonly NodeClient[];
  private readonly nonces = new Map<string, bigint>();
  private turn = 0;
  private inFlight = 0;
  private timer: NodeJS.Timeout | undefined;

  /** `clients`: nodes that answer now. */
  constructor(
    accounts: readonly DevAccount[],
    genesisHash: string,
    clients: () => readonly NodeClient[],
  ) {
    this.accounts = accounts;
    this.genesisHash = hexBytes(genesisHash);
    this.clients = clients;
  }

  /** `rate`: transfers a second; 0 for none. */
  start(rate: number): void {
    if (rate > 0) this.timer = setInterval(() => void this.sendNext(), 1000 / rate);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async sendNext(): Promise<void> {
    const clients = this.clients();
    const client = clients[this.turn % Math.max(1, clients.length)];
    if (client === undefined || this.inFlight >= inFlightMax) return;
    const from = this.accounts[this.turn % this.accounts.length]!;
    const to = this.accounts[(this.turn + 1) % this.accounts.length]!;
    this.turn++;
    this.inFlight++;
    try {
      await this.send(client, from, to);
      this.sent++;
    } catch {
      this.refused++;
      this.nonces.delete(from.name);
    }
    this.inFlight--;
  }

  private async send(client: NodeClient, from: DevAccount, to: DevAccount): Promise<void> {
    const nonce = this.nonces.get(from.name) ?? (await nextNonce(client, from));
    this.nonces.set(from.name, nonce + 1n);
    const transaction = signTransaction(
      {
        type: 0,
        sender: from.publicKey,
        nonce,
        fee: 1n,
        validUntilSlot: 0,
        to: to.address,
        amount: 1n + BigInt(this.turn % 100),
        payload: new Uint8Array(0),
      },
      this.genesisHash,
      (preimage) => ed25519.sign(hexBytes(from.seed), preimage),
    );
    await client.post(
      "/api/transactions",
      { transaction: toHex(transaction.bytes) },
      submittedAnswer,
    );
  }
}

async function nextNonce(client: NodeClient, { address }: DevAccount): Promise<bigint> {
  return BigInt((await client.get(`/api/accounts/${address}`, accountAnswer)).nextNonce);
}
