/**
 * A line of so many bytes a second between a node and those who dial it: a TCP relay that passes on
 * no more, and reads no more ahead than a small router holds.
 */
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** How often a part of a second's bytes is let through. */
const stepMs = 5;
const heldBytes = 65_536;

export class ThinLine {
  private readonly server = createServer({ highWaterMark: 16_384, noDelay: true });
  private readonly sockets = new Set<Socket>();

  private constructor(targetPort: number, bytesPerSecond: number) {
    this.server.on("connection", (near) => {
      const far = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      near.on("data", (bytes) => far.write(bytes));
      this.thin(far, near, bytesPerSecond);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async to(targetPort: number, bytesPerSecond: number): Promise<ThinLine> {
    const line = new ThinLine(targetPort, bytesPerSecond);
    await new Promise<void>((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private thin(from: Socket, to: Socket, bytesPerSecond: number): void {
    let held: Buffer[] = [];
    let waiting = 0;
    let allowed = 0;
    let at = performance.now();
    from.on("data", (bytes) => {
      held.push(bytes as Buffer);
      waiting += bytes.length;
      if (waiting >= heldBytes) from.pause();
    });
    const timer = setInterval(() => {
      const now = performance.now();
      allowed = Math.min(allowed + ((now - at) / 1000) * bytesPerSecond, bytesPerSecond / 20);
      at = now;
      if (waiting === 0 || allowed < 1) return;
      const all = Buffer.concat(held);
      const part = all.subarray(0, Math.floor(allowed));
      held = part.length === all.length ? [] : [all.subarray(part.length)];
      waiting -= part.length;
      allowed -= part.length;
      to.write(part);
      if (waiting < heldBytes) from.resume();
    }, stepMs);
    from.on("close", () => clearInterval(timer));
  }
}
