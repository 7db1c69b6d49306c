/**
 * Sockets by their `Conn`: listens, dials, writes, pauses, closes. Decides nothing about peers;
 * the only limits here are those of the machine (how many sockets, how long a dial may take).
 *
 *   dial -> connecting -> open -> closing -> gone        accept -> open -> ...
 *
 * Invariant: after `close(conn)` no event names `conn` again but `room`, which lets the host write
 * what the core still gives.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { acceptedConn, type Conn } from "../edge/conn.ts";
import { connectionLimits, wireLimits } from "../params/limits.ts";
import { parsePeerAddress } from "../wire/address.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";

export interface TcpEvents {
  onConnected(conn: Conn, inbound: boolean, address: string): void;
  onDialFailed(conn: Conn, reason: string): void;
  onBytes(conn: Conn, bytes: Uint8Array): void;
  /** The kernel took a write; `conn` may be closing. */
  onRoom(conn: Conn): void;
  onClosed(conn: Conn, reason: string): void;
}

interface Line {
  readonly socket: Socket;
  state: "connecting" | "open" | "closing";
  /** Given to the socket and not yet with the kernel. */
  unsentWrites: number;
  unsentBytes: number;
  /** How much one write should carry, from how fast the last ones left. */
  writeBytes: number;
  reason: string;
  timer: NodeJS.Timeout | undefined;
}

export interface TcpOptions {
  /** Accepted sockets beyond this are dropped unseen. */
  readonly inboundMax: number;
  /** For what is queued to leave after `close`, a farewell or a network file; then it is cut. */
  readonly closeMs?: number;
  /** Instead of `wire.unsentAllBytesMax`. */
  readonly unsentAllBytesMax?: number;
}

/** 256 KiB over a slow line. */
const lingerMs = 10_000;
const dialsMax = 64;
const unsentWritesMax = 2;
const writeBytesMin = 16_384;
const writeBytesMax = wireLimits.frameHeaderBytes + wireLimits.frameBodyBytesMax;
/** A write should be with the kernel within this, so that urgent messages find a short queue. */
const drainMs = 20;

export class Tcp {
  private readonly events: TcpEvents;
  private readonly options: TcpOptions;
  private readonly lines = new Map<Conn, Line>();
  private server: Server | undefined;
  private acceptedCount = 0;
  /** Bytes given to sockets, over all of them, that are not yet with the kernel. */
  unsent = 0;
  private emptied: (() => void)[] = [];

  constructor(events: TcpEvents, options: TcpOptions) {
    this.events = events;
    this.options = options;
  }

  /** Sockets of any state. */
  get size(): number {
    return this.lines.size;
  }

  /** The port listened on (for `port` 0: the one that was free). All interfaces, IPv4 and IPv6. */
  listen(port: number): Promise<number> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
    server.maxConnections = this.options.inboundMax;
    server.on("connection", (socket) => this.accept(socket));
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(listenError(error, port)));
      server.listen(port, () => {
        // Later errors of a listening socket (no descriptors left) pass by themselves.
        server.on("error", () => {});
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  stopListening(): void {
    this.server?.close();
    this.server = undefined;
  }

  dial(conn: Conn, address: string): void {
    const target = parsePeerAddress(address);
    if (target === undefined || this.diallingCount() >= dialsMax) {
      const reason = target === undefined ? "not a host:port" : "too many dials";
      this.events.onDialFailed(conn, reason);
      return;
    }
    const socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      // Node's 250 ms give up on every far peer whose name has two addresses.
      autoSelectFamilyAttemptTimeout: 2500,
    });
    const line = this.add(conn, socket, "connecting");
    line.timer = setTimeout(
      () => socket.destroy(new Error("timed out")),
      connectionLimits.connectMs,
    );
    socket.once("connect", () => {
      if (line.state !== "connecting") return;
      clearTimeout(line.timer);
      line.state = "open";
      this.events.onConnected(conn, false, remoteAddress(socket));
    });
  }

  /** True while `write` should be called: what the kernel has not taken is little. */
  hasRoom(conn: Conn): boolean {
    const line = this.lines.get(conn);
    if (line === undefined || line.state === "connecting") return false;
    if (line.unsentWrites >= unsentWritesMax) return false;
    return line.unsentBytes < wireLimits.unsentBytesMax && line.socket.writable;
  }

  /** How many bytes the next write should carry at most: few while many sockets hold much. */
  writeBytes(conn: Conn): number {
    const { unsentAllBytesMax = wireLimits.unsentAllBytesMax } = this.options;
    if (this.unsent > unsentAllBytesMax) return writeBytesMin;
    return this.lines.get(conn)?.writeBytes ?? writeBytesMin;
  }

  /** `bytes` belong to the socket until `onRoom`. */
  write(conn: Conn, bytes: Uint8Array): void {
    const line = this.lines.get(conn);
    if (line === undefined) return;
    const writtenAt = performance.now();
    line.unsentWrites++;
    line.unsentBytes += bytes.length;
    this.unsent += bytes.length;
    line.socket.write(bytes, (error) => {
      line.unsentWrites--;
      line.unsentBytes -= bytes.length;
      this.unsent -= bytes.length;
      if (error !== undefined && error !== null) return;
      const slow = performance.now() - writtenAt > drainMs;
      line.writeBytes = slow
        ? Math.max(writeBytesMin, Math.floor(line.writeBytes / 2))
        : Math.min(writeBytesMax, line.writeBytes * 2);
      if (this.lines.get(conn) === line) this.events.onRoom(conn);
    });
  }

  reading(conn: Conn, on: boolean): void {
    const line = this.lines.get(conn);
    if (line?.state !== "open") return;
    if (on) line.socket.resume();
    else line.socket.pause();
  }

  /** open -> closing: nothing is reported any more; `end` follows once all is written. */
  close(conn: Conn): void {
    const line = this.lines.get(conn);
    if (line === undefined || line.state === "closing") return;
    clearTimeout(line.timer);
    if (line.state === "connecting") {
      line.state = "closing";
      line.socket.destroy();
      return;
    }
    line.state = "closing";
    // Read on: closing over unread bytes resets the connection, and the farewell would be lost.
    line.socket.resume();
    line.timer = setTimeout(() => line.socket.destroy(), this.options.closeMs ?? lingerMs);
  }

  isClosing(conn: Conn): boolean {
    return this.lines.get(conn)?.state === "closing";
  }

  /** After `close`: everything has been written. */
  end(conn: Conn): void {
    this.lines.get(conn)?.socket.end();
  }

  /** Resolves when no socket is left. */
  async drained(): Promise<void> {
    if (this.lines.size > 0) await new Promise<void>((resolve) => this.emptied.push(resolve));
  }

  /** Ends everything at once, silently. */
  async destroy(): Promise<void> {
    this.stopListening();
    for (const line of this.lines.values()) {
      line.state = "closing";
      line.socket.destroy();
    }
    await this.drained();
  }

  private diallingCount(): number {
    let count = 0;
    for (const line of this.lines.values()) if (line.state === "connecting") count++;
    return count;
  }

  private accept(socket: Socket): void {
    if (socket.remoteAddress === undefined || this.server === undefined) {
      socket.destroy();
      return;
    }
    const conn = acceptedConn(this.acceptedCount++);
    this.add(conn, socket, "open");
    this.events.onConnected(conn, true, remoteAddress(socket));
  }

  private add(conn: Conn, socket: Socket, state: Line["state"]): Line {
    const line: Line = {
      socket,
      state,
      unsentWrites: 0,
      unsentBytes: 0,
      writeBytes: 65_536,
      reason: "ended by the peer",
      timer: undefined,
    };
    this.lines.set(conn, line);
    socket.on("data", (bytes) => {
      if (line.state === "open") this.events.onBytes(conn, bytes as Buffer);
    });
    socket.on("error", (error) => {
      line.reason = socketReason(error);
    });
    socket.on("close", () => this.gone(conn, line));
    return line;
  }

  private gone(conn: Conn, line: Line): void {
    clearTimeout(line.timer);
    this.lines.delete(conn);
    const { state } = line;
    line.state = "closing";
    if (state === "connecting") this.events.onDialFailed(conn, line.reason);
    else if (state === "open") this.events.onClosed(conn, line.reason);
    if (this.lines.size > 0) return;
    for (const resolve of this.emptied.splice(0)) resolve();
  }
}

/** `ip:port`, or `[ip]:port` for IPv6; IPv4 mapped into IPv6 is written as IPv4, zones are cut. */
function remoteAddress(socket: Socket): string {
  const ip = (socket.remoteAddress ?? "").replace(/^::ffff:(?=[0-9.]+$)/i, "").replace(/%.*$/, "");
  return ip.includes(":") ? `[${ip}]:${socket.remotePort}` : `${ip}:${socket.remotePort}`;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset by the peer",
  EPIPE: "reset by the peer",
  ETIMEDOUT: "timed out",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "name not found",
  EAI_AGAIN: "name not resolved",
  EMFILE: "too many open files here",
};

function socketReason(error: Error): string {
  const code = systemCode(error);
  return code === undefined ? reasonOf(error) : (reasons[code] ?? code);
}

function listenError(error: Error, port: number): Error {
  const code = systemCode(error);
  if (code === "EADDRINUSE") {
    return new HostError(
      "port-in-use",
      `port ${port} is in use by another program`,
      "stop it, or choose another port with --listen",
      error,
    );
  }
  if (code === "EACCES") {
    return new HostError(
      "usage",
      `port ${port} may not be opened by this user`,
      "choose a port above 1023 with --listen",
      error,
    );
  }
  return error;
}
