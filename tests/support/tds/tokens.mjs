// The tokens of a response (TDS 7.3 and 7.4), each as bytes.
import { long_text, short_text, u16, u32, u64, u8, utf16 } from "./packets.mjs";
import { encode_value } from "./values.mjs";
import { type_info, user_type } from "./types.mjs";

export const done_bit = { more: 1, error: 2, in_transaction: 4, count: 0x10, attention: 0x20 };
const done_code = { done: 0xfd, procedure: 0xfe, in_procedure: 0xff };
const command_code = { SELECT: 0xc1, INSERT: 0xc3, DELETE: 0xc4, UPDATE: 0xc5, COMMIT: 0xd5, ROLLBACK: 0xd2, BEGIN: 0xd4, SET: 0xf9 };

export function done(form, { status = 0, count, command } = {}) {
  const bits = count === undefined ? status : status | done_bit.count;
  return Buffer.concat([u8(done_code[form]), u16(bits), u16(command_code[command] ?? 0), u64(count ?? 0)]);
}

const with_length = (token, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u8(token), u16(body.length), body]);
};

// {number, state, class, text, server, procedure, line}: class 11 and more is an error, less a remark.
export function message(token, { number, state = 1, class: severity, text, server, procedure = "", line = 1 }) {
  return with_length(token, u32(number), u8(state), u8(severity), long_text(text), short_text(server), short_text(procedure), u32(line));
}
export const error = (server, what) => message(0xaa, { class: 16, server, ...what });
export const info = (server, what) => message(0xab, { class: 0, state: 1, server, ...what });

export function login_ack({ version, product }) {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  const [major, minor, build] = product;
  return with_length(0xad, u8(1), number, short_text("Microsoft SQL Server"), Buffer.from([major, minor, build >> 8, build & 0xff]));
}

const change = (type, ...parts) => with_length(0xe3, u8(type), ...parts);
export const env = {
  database: (now, before) => change(1, short_text(now), short_text(before)),
  language: (now, before) => change(2, short_text(now), short_text(before)),
  packet_size: (now, before) => change(4, short_text(String(now)), short_text(String(before))),
  collation: (collation) => change(7, u8(5), collation.bytes, u8(0)),
  begin: (descriptor) => change(8, u8(8), u64(descriptor), u8(0)),
  commit: (descriptor) => change(9, u8(0), u8(8), u64(descriptor)),
  rollback: (descriptor) => change(10, u8(0), u8(8), u64(descriptor)),
  reset: () => change(18, u8(0), u8(0)),
};

export const return_status = (value) => Buffer.concat([u8(0x79), u32(value)]);
export function return_value({ ordinal = 0, name, type, value }) {
  return Buffer.concat([u8(0xac), u16(ordinal), short_text(name), u8(1), u32(0), u16(1), type_info(type), encode_value(type, value)]);
}

const nullable_bit = 1;
const updatable_bits = 8; // "unknown", as for what a query computes
export function column_metadata(columns, collation) {
  const parts = [u8(0x81), u16(columns.length)];
  for (const { name, type, nullable = true, table = "" } of columns) {
    parts.push(u32(user_type(type)), u16((nullable ? nullable_bit : 0) | updatable_bits), type_info(type, { nullable, collation }));
    if (["text", "ntext", "image"].includes(type.name)) parts.push(u8(1), u16(table.length), utf16(table));
    parts.push(short_text(name));
  }
  return Buffer.concat(parts);
}

// A row with NULLs goes as NBCROW where the client may take it and it is shorter: a bit per column instead of NULLs.
export function row(columns, values, { collation, null_bitmap = false, length_known = true } = {}) {
  const bitmap = null_bitmap && values.some((value) => value === null);
  const parts = [u8(bitmap ? 0xd2 : 0xd1)];
  if (bitmap) {
    const bits = Buffer.alloc(Math.ceil(columns.length / 8));
    values.forEach((value, index) => {
      if (value === null) bits[index >> 3] |= 1 << (index & 7);
    });
    parts.push(bits);
  }
  columns.forEach(({ type, nullable = true }, index) => {
    if (!bitmap || values[index] !== null) parts.push(encode_value(type, values[index] ?? null, { nullable, collation, length_known }));
  });
  return Buffer.concat(parts);
}
