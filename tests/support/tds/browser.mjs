// SQL Server Browser: over UDP it tells which port a named instance listens on. Clients ask port 1434 and no other, so a test that wants to be asked listens
// there, on a loopback address of its own (127.x.y.z).
import { createSocket } from "node:dgram";

const ask = { all: 2, all_here: 3, one: 4 };

function description({ options, port }) {
  const [major, minor, build] = options.product.product;
  return `ServerName;${options.server_name.split("\\")[0]};InstanceName;${options.instance};IsClustered;No;Version;${major}.${minor}.${build}.0;tcp;${port};;`;
}
function answer(text) {
  const header = Buffer.from([5, 0, 0]);
  header.writeUInt16LE(text.length, 1);
  return Buffer.concat([header, Buffer.from(text, "latin1")]);
}

// One browser may speak for several servers: `server.neighbours` are asked as well. An instance that nobody is gets no answer, as from the real one.
export function answer_browsers(server, port) {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const here = [server, ...(server.neighbours ?? [])];
    let told = "";
    if (message[0] === ask.all || message[0] === ask.all_here) told = here.map(description).join("");
    else if (message[0] === ask.one) {
      const wanted = message.subarray(1).toString("latin1").replace(/\0.*$/s, "").toLowerCase();
      const found = here.find(({ options }) => options.instance.toLowerCase() === wanted);
      if (found) told = description(found);
    }
    server.saw({ browser: message[0], answered: told !== "" });
    if (told !== "") socket.send(answer(told), from.port, from.address);
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, server.options.host, () => resolve(socket));
  });
}
