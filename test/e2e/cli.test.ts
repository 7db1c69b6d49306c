/** bin/cli.ts against a real devnet: what a newcomer types. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { Program, until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

async function cli(argv: readonly string[]) {
  const program = new Program("cli.ts", argv);
  const code = await program.ended;
  return { code, out: program.out, err: program.err };
}

test("a transfer of the devnet's first account arrives, and is shown", () =>
  inFolder(async (folder) => {
    const [listen, http] = (await findFreePorts(2)) as [number, number];
    const url = `http://127.0.0.1:${http}`;
    const absent = await cli(["status", "--node", url]);
    assert.equal(absent.code, 7);
    assert.match(absent.err, new RegExp(`${url}[\\s\\S]*bin/node.ts`));
    const data = join(folder, "data");
    const node = new Program("node.ts", [
      ...["--listen", String(listen), "--http", String(http), "--data-dir", data],
      ...["--slot-ms", "300"],
    ]);
    try {
      await until("the node answers", () => fetch(`${url}/api/health`), [node]);
      const key = join(folder, "me.json");
      const made = await cli(["key", "new", key, "--json"]);
      const { address } = JSON.parse(made.out) as { address: string };
      const accounts = join(data, "keys", "accounts.json");
      const common = ["--node", url, "--json"];
      const pay = ["--to", address, "--amount", "1000", "--key", accounts, "--wait"];
      const sent = await cli(["tx", "send", ...pay, ...common]);
      assert.equal(sent.code, 0, sent.err);
      const { id, status } = JSON.parse(sent.out) as { id: string; status: string };
      assert.equal(status, "confirmed");
      assert.equal(JSON.parse((await cli(["tx", "show", id, ...common])).out).id, id);
      // What was received can be spent with the new key.
      const back = ["--to", "ab".repeat(32), "--amount", "1", "--key", key, "--wait"];
      assert.equal((await cli(["tx", "send", ...back, ...common])).code, 0);
      const account = JSON.parse((await cli(["account", address, ...common])).out);
      assert.deepEqual([account.balance, account.nonce], ["998", "1"]);
      const shown = await cli(["status", "--node", url]);
      assert.match(shown.out, /SYNCED {3}height/);
    } finally {
      assert.equal(await node.end(), 0);
    }
  }));
