/** A server on a free port of the loopback, and sockets to one. */
import { createConnection, createServer, type Socket } from "node:net";

export const loopback = "127.0.0.1";

export interface Listening {
  readonly port: number;
  close(): void;
}

export function listenOnLoopback(onSocket: (socket: Socket) => void): Promise<Listening> {
  const server = createServer(onSocket);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: loopback, backlog: 1024 }, () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      resolve({ port: address.port, close: () => server.close() });
    });
  });
}

export function dialLoopback(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: loopback });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
