/** A TCP relay that can hold its breath: what is on its way waits, nothing is lost. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export class PausableProxy {
  readonly port: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isPaused = false;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  static async to(targetPort: number): Promise<PausableProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new PausableProxy(server, (server.address() as AddressInfo).port);
    server.on("connection", (near) => {
      const far = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      proxy.join(near, far);
      proxy.join(far, near);
    });
    return proxy;
  }

  pause(): void {
    this.isPaused = true;
    for (const socket of this.sockets) socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Cuts all connections; new ones are still taken. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on("data", (bytes) => to.write(bytes));
    from.on("error", () => {});
    from.on("close", () => {
      this.sockets.delete(from);
      to.destroy();
    });
    if (this.isPaused) from.pause();
  }
}
