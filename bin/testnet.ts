/** A local network of real processes: `npx tsx bin/testnet.ts --nodes 5 --validators 4`. */
import { runTestnet } from "../src/host/testnet/run-testnet.ts";

process.exitCode = await runTestnet(process.argv.slice(2));
