// PRELOGIN and LOGIN7: what a client says of itself, and what a server of a given year answers.
import { Fields } from "./packets.mjs";

export const encryption = { off: 0, on: 1, not_supported: 2, required: 3 };

// {version, encryption, instance, mars}; options are a table of (token, offset, length), big-endian, ended by 0xff.
export function read_prelogin(body) {
  const options = new Map();
  for (let at = 0; at < body.length && body[at] !== 0xff; at += 5)
    options.set(body[at], body.subarray(body.readUInt16BE(at + 1), body.readUInt16BE(at + 1) + body.readUInt16BE(at + 3)));
  return {
    encryption: options.get(1)?.[0] ?? encryption.not_supported,
    instance: (options.get(2) ?? Buffer.alloc(0)).toString("latin1").replace(/\0.*$/s, ""),
    mars: options.get(4)?.[0] === 1,
  };
}

export function write_prelogin({ product: [major, minor, build], encryption: answer }) {
  const options = [
    [0, Buffer.from([major, minor, build >> 8, build & 0xff, 0, 0])],
    [1, Buffer.from([answer])],
    [2, Buffer.from([0])],
    [3, Buffer.alloc(0)],
    [4, Buffer.from([0])],
  ];
  const table = Buffer.alloc(options.length * 5 + 1, 0xff);
  let offset = table.length;
  options.forEach(([token, bytes], index) => {
    table[index * 5] = token;
    table.writeUInt16BE(offset, index * 5 + 1);
    table.writeUInt16BE(bytes.length, index * 5 + 3);
    offset += bytes.length;
  });
  return Buffer.concat([table, ...options.map(([, bytes]) => bytes)]);
}

// Of two wishes: {answer, scope}; scope is what is encrypted: nothing, the login alone, or all. Undefined where they cannot agree.
export function negotiate(client, { possible, required }) {
  if (!possible)
    return client === encryption.on || client === encryption.required
      ? { answer: encryption.not_supported, scope: undefined }
      : { answer: encryption.not_supported, scope: "nothing" };
  if (client === encryption.not_supported)
    return required ? { answer: encryption.required, scope: undefined } : { answer: encryption.not_supported, scope: "nothing" };
  if (client === encryption.off) return required ? { answer: encryption.required, scope: "all" } : { answer: encryption.off, scope: "login" };
  return { answer: encryption.on, scope: "all" };
}

// A password is hidden, not encrypted: each byte has its halves swapped and is xored with 0xa5.
const uncovered = (bytes) => Buffer.from(bytes.map((byte) => ((((byte ^ 0xa5) << 4) & 0xf0) | ((byte ^ 0xa5) >> 4)) & 0xff));

export function read_login(body) {
  const fields = new Fields(body);
  const length = fields.u32();
  if (length > body.length || length < 94) throw new Error(`a LOGIN7 of ${body.length} bytes that says ${length}`);
  const version = fields.u32();
  const packet_size = fields.u32();
  const [first_flags, second_flags, type_flags, third_flags] = body.subarray(24, 28);
  const raw = (at) => body.subarray(body.readUInt16LE(at), body.readUInt16LE(at) + body.readUInt16LE(at + 2) * 2);
  const text = (at) => raw(at).toString("utf16le");
  return {
    version,
    packet_size,
    host: text(36),
    user: text(40),
    password: uncovered(raw(44)).toString("utf16le"),
    application: text(48),
    server: text(52),
    library: text(60),
    language: text(64),
    database: text(68),
    flags: { first: first_flags, second: second_flags, third: third_flags },
    integrated: (second_flags & 0x80) !== 0,
    intent: type_flags & 0x20 ? "ReadOnly" : "ReadWrite",
    features: third_flags & 0x10 ? read_features(body) : [],
  };
}

// The extension is a pointer to a pointer to a list of (id, length, bytes) that 0xff ends.
function read_features(body) {
  const features = [];
  const list = body.readUInt32LE(body.readUInt16LE(56));
  for (let at = list; at < body.length && body[at] !== 0xff; at += 5 + body.readUInt32LE(at + 1)) features.push(body[at]);
  return features;
}

// The years that matter for a client: version for LOGINACK, product number, name.
export const products = {
  "2008R2": { version: 0x730b0003, product: [10, 50, 6000], name: "Microsoft SQL Server 2008 R2 (SP3) - 10.50.6000.34 (X64)" },
  2012: { version: 0x74000004, product: [11, 0, 7001], name: "Microsoft SQL Server 2012 (SP4) - 11.0.7001.0 (X64)" },
  2014: { version: 0x74000004, product: [12, 0, 6024], name: "Microsoft SQL Server 2014 (SP3) - 12.0.6024.0 (X64)" },
  2016: { version: 0x74000004, product: [13, 0, 6300], name: "Microsoft SQL Server 2016 (SP3) - 13.0.6300.2 (X64)" },
  2017: { version: 0x74000004, product: [14, 0, 3456], name: "Microsoft SQL Server 2017 (RTM-CU31) - 14.0.3456.2 (X64)" },
  2019: { version: 0x74000004, product: [15, 0, 4261], name: "Microsoft SQL Server 2019 (RTM-CU18) - 15.0.4261.1 (X64)" },
  2022: { version: 0x74000004, product: [16, 0, 4085], name: "Microsoft SQL Server 2022 (RTM-CU10) - 16.0.4085.2 (X64)" },
};
