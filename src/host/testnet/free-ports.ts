/** Ports that nobody listens on, found by listening on them for a moment. */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Below those that systems hand out to outgoing connections, above those of services. */
const [portMin, portMax] = [20_000, 32_000];
const triesMax = 50;

/** `count` ports in a row from the same random start, or undefined when none was found. */
export async function findFreePorts(count: number): Promise<number[] | undefined> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const first = randomInt(portMin, portMax - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (await areFree(ports)) return ports;
  }
  return undefined;
}

/** True when all of them can be listened on, on all interfaces. */
export async function areFree(ports: readonly number[]): Promise<boolean> {
  const servers = await Promise.all(ports.map(listen));
  await Promise.all(servers.map((server) => server && close(server)));
  return servers.every((server) => server !== undefined);
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
