import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { DataFolder } from "../../../src/host/data-folder.ts";
import { FileLock } from "../../../src/host/file-lock.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { inFolder } from "./temporary-folder.ts";

const mode = (path: string) => statSync(path).mode & 0o777;

test("a new folder and its parts are private whatever the umask", () =>
  inFolder((folder) => {
    const umask = process.umask(0);
    try {
      const path = join(folder, "data", "4321");
      const data = DataFolder.open(path);
      assert.equal(mode(path), 0o700);
      assert.equal(mode(join(path, "keys")), 0o700);
      assert.equal(mode(join(path, "chain")), 0o700);
      assert.equal(mode(join(path, "lock")), 0o600);
      data.close();
      assert.equal(existsSync(join(path, "lock")), false);
    } finally {
      process.umask(umask);
    }
  }));

test("two nodes on one folder are refused, naming the process, with exit code 3", () =>
  inFolder((folder) => {
    const first = DataFolder.open(folder);
    assert.throws(
      () => DataFolder.open(folder),
      (error: HostError) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.exitCode, 3);
        assert.match(error.message, new RegExp(`another node .* \\(process ${process.pid}\\)`));
        assert.match(error.mend, /--data-dir/);
        return true;
      },
    );
    first.close();
    DataFolder.open(folder).close();
  }));

test("a path that cannot be a folder is a usage error", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "file"), "");
    assert.throws(
      () => DataFolder.open(join(folder, "file")),
      (error: HostError) => error.exitCode === 2,
    );
  }));

test("the lock of a killed process is taken over", () =>
  inFolder(async (folder) => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const path = join(folder, "lock");
    const held = { pid: child.pid, life: lifeOf(child.pid!) };
    writeFileSync(path, JSON.stringify(held));
    assert.deepEqual(FileLock.acquire(path), { heldBy: child.pid });
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = FileLock.acquire(path);
    assert.ok(lock instanceof FileLock);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
  }));

test("a pid that went to another process, and a cut lock file, hold nothing", () =>
  inFolder((folder) => {
    const path = join(folder, "lock");
    for (const text of ['{"pid":1,"life":"other-boot/1"}', "", '{"pid":', '{"pid":-4,"life":""}']) {
      writeFileSync(path, text);
      const lock = FileLock.acquire(path);
      assert.ok(lock instanceof FileLock, text);
      lock.release();
    }
  }));

test("release leaves the lock of someone else alone", () =>
  inFolder((folder) => {
    const path = join(folder, "lock");
    const lock = FileLock.acquire(path);
    assert.ok(lock instanceof FileLock);
    writeFileSync(path, "another's");
    lock.release();
    assert.equal(readFileSync(path, "utf8"), "another's");
  }));

function lifeOf(pid: number): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return `${boot}/${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}
