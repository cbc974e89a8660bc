// Packets and bytes of TDS 7.x: an 8-byte header (type, status, length, process, number, window), then a part of a message.
// Lengths in the header are big-endian, everything inside a message is little-endian.

export const kind = { batch: 1, rpc: 3, response: 4, attention: 6, bulk: 7, transaction: 14, login: 16, sspi: 17, prelogin: 18 };
const end_of_message = 1;
const ignore_message = 2;
const reset_connection = 8;

// Takes bytes as they come and gives whole messages: {kind, body, ignore, reset}. Attention is a message of its own and never waits for others.
export class MessageReader {
  constructor() {
    this.rest = Buffer.alloc(0);
    this.parts = [];
  }
  *push(chunk) {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 8) {
      const length = this.rest.readUInt16BE(2);
      if (length < 8) throw new Error(`a packet of ${length} bytes`);
      if (this.rest.length < length) return;
      const packet = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      const [type, status] = packet;
      if (type === kind.attention) {
        yield { kind: type, body: Buffer.alloc(0) };
        continue;
      }
      this.parts.push(packet.subarray(8));
      if (!(status & end_of_message)) continue;
      const body = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts);
      this.parts = [];
      yield { kind: type, body, ignore: (status & ignore_message) !== 0, reset: (status & reset_connection) !== 0 };
    }
  }
}

export function packet(type, body, { last = true, number = 1, process = 0 } = {}) {
  const header = Buffer.alloc(8);
  header[0] = type;
  header[1] = last ? end_of_message : 0;
  header.writeUInt16BE(body.length + 8, 2);
  header.writeUInt16BE(process & 0xffff, 4);
  header[6] = number & 0xff;
  return Buffer.concat([header, body]);
}

const bytes_at_once = 65_536;

// One message to the client, cut into packets of the agreed size. `write` collects; what fills packets goes out at once, and the caller waits for `drained`
// now and then, so that a client that reads slowly slows the statement down.
export class MessageWriter {
  constructor(output, { packet_size, process = 0, type = kind.response }) {
    Object.assign(this, { output, packet_size, process, type, parts: [], length: 0, number: 0 });
  }
  write(...buffers) {
    for (const buffer of buffers) {
      this.parts.push(buffer);
      this.length += buffer.length;
    }
    if (this.length > Math.max(this.packet_size, bytes_at_once)) this.send(false);
  }
  send(last) {
    const room = this.packet_size - 8;
    const all = Buffer.concat(this.parts, this.length);
    const packets = [];
    let at = 0;
    // the last packet of a message must not be empty, so a full one waits for what comes after it
    while (all.length - at > room) {
      packets.push(packet(this.type, all.subarray(at, at + room), { last: false, number: ++this.number, process: this.process }));
      at += room;
    }
    const rest = all.subarray(at);
    if (last) packets.push(packet(this.type, rest, { last: true, number: ++this.number, process: this.process }));
    this.parts = last ? [] : [rest];
    this.length = last ? 0 : rest.length;
    if (packets.length > 0) this.output.write(Buffer.concat(packets));
  }
  async drained() {
    if (this.output.destroyed) throw new Error("the client has gone");
    if (!this.output.writableNeedDrain) return;
    await new Promise((resolve) => {
      const done = () => {
        for (const name of ["drain", "close", "error"]) this.output.off(name, done);
        resolve();
      };
      for (const name of ["drain", "close", "error"]) this.output.on(name, done);
    });
  }
  end() {
    this.send(true);
  }
  // What was written so far leaves as packets of an unfinished message: used before a connection is cut.
  flush() {
    if (this.length === 0) return;
    const all = Buffer.concat(this.parts, this.length);
    this.parts = [];
    this.length = 0;
    for (let at = 0; at < all.length; at += this.packet_size - 8)
      this.output.write(packet(this.type, all.subarray(at, at + this.packet_size - 8), { last: false, number: ++this.number, process: this.process }));
  }
}

// Reads little-endian fields one after the other.
export class Fields {
  constructor(buffer, at = 0) {
    this.buffer = buffer;
    this.at = at;
  }
  get left() {
    return this.buffer.length - this.at;
  }
  bytes(length) {
    if (length > this.left) throw new Error(`the message ends ${length - this.left} bytes early`);
    this.at += length;
    return this.buffer.subarray(this.at - length, this.at);
  }
  u8() {
    return this.bytes(1)[0];
  }
  u16() {
    return this.bytes(2).readUInt16LE();
  }
  i32() {
    return this.bytes(4).readInt32LE();
  }
  u32() {
    return this.bytes(4).readUInt32LE();
  }
  u64() {
    return this.bytes(8).readBigUInt64LE();
  }
  text(characters) {
    return this.bytes(characters * 2).toString("utf16le");
  }
  short_text() {
    return this.text(this.u8());
  }
}

export const u8 = (value) => Buffer.from([value & 0xff]);
export const u16 = (value) => {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value & 0xffff);
  return buffer;
};
export const u32 = (value) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
};
export const u64 = (value) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer;
};
export const utf16 = (text) => Buffer.from(text, "utf16le");
// A text with its length in characters before it, in one byte or in two; a longer one is cut, as names are.
export const short_text = (text) => Buffer.concat([u8(Math.min(text.length, 255)), utf16(text.slice(0, 255))]);
export const long_text = (text) => Buffer.concat([u16(Math.min(text.length, 65535)), utf16(text.slice(0, 65535))]);
