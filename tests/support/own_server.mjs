// What servers of our own have in common that tests start: a port that the system chose, and a user who is not root.
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

export const free_port = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
export const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });

// Root must not run a server: Debian's package brings a user for it. {uid, gid}; undefined: we are not root.
export function server_user(package_user) {
  if (process.getuid() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const found = users.find(([name]) => name === package_user) ?? users.find(([name]) => name === "nobody");
  return { uid: Number(found[2]), gid: Number(found[3]) };
}
