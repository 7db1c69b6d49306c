/**
 * Small files that survive a power cut whole or not at all: write a new one, fsync it, move it into
 * place, fsync the folder. Nothing here knows what the files say.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

interface FileOptions {
  /** Permission bits, whatever the umask. */
  readonly mode: number;
}

/** Replaces the file at `path`. */
export function replaceFileSync(path: string, content: string | Uint8Array, options: FileOptions) {
  const fresh = writeFresh(path, content, options.mode);
  renameSync(fresh, path);
  syncFolderSync(dirname(path));
}

/** Creates the file at `path`; throws EEXIST, and changes nothing, when there is one. */
export function createFileSync(path: string, content: string | Uint8Array, options: FileOptions) {
  const fresh = writeFresh(path, content, options.mode);
  try {
    linkSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
  syncFolderSync(dirname(path));
}

/** As `replaceFileSync`, without blocking the loop. One call at a time for one path. */
export async function replaceFile(path: string, content: string, options: FileOptions) {
  const fresh = freshName(path);
  const file = await open(fresh, "w", options.mode);
  try {
    await file.chmod(options.mode);
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes names created, moved or removed in `folder` durable. */
export function syncFolderSync(folder: string): void {
  // Windows cannot open a folder; there a rename is durable with the file.
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const freshName = (path: string) => `${path}.${process.pid}.new`;

function writeFresh(path: string, content: string | Uint8Array, mode: number): string {
  const fresh = freshName(path);
  rmSync(fresh, { force: true });
  const fd = openSync(fresh, "wx", mode);
  try {
    fchmodSync(fd, mode);
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return fresh;
}
