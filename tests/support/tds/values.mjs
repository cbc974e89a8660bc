// Values between the text that a backend gives (or a script writes) and the bytes of the wire.
import { decode_text, encode_text } from "./charset.mjs";
import { u16, u32, u64, u8, utf16 } from "./packets.mjs";
import { clock_text, date_text, datetime_parts, datetime_text, offset_text, parse_time, rounded, shifted, smalldatetime_parts } from "./times.mjs";
import { decimal_bytes, fixed_types, is_binary, is_wide, time_bytes, type_name } from "./types.mjs";

// A value that the type cannot hold: told to the client as SQL Server tells it.
export class ValueError extends Error {
  constructor(number, text) {
    super(text);
    this.number = number;
  }
}
const overflow = (type) => new ValueError(8115, `Arithmetic overflow error converting expression to data type ${type.name}.`);

// "12.345" at scale 2 is 1235n: half away from zero, never through binary floating point.
export function scaled(text, scale) {
  const found = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(String(text));
  if (!found || (found[2] === "" && !found[3])) throw new ValueError(8114, `Error converting data type varchar to numeric ("${text}").`);
  const [, sign, whole, fraction = "", exponent = "0"] = found;
  const shift = scale - fraction.length + Number(exponent);
  let digits = BigInt(whole + fraction || "0");
  if (shift >= 0) digits *= 10n ** BigInt(shift);
  else {
    const unit = 10n ** BigInt(-shift);
    digits = (digits + unit / 2n) / unit;
  }
  return sign === "-" ? -digits : digits;
}
export function unscaled(value, scale) {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${digits.slice(-scale)}` : ""}`;
}

function little_endian(value, length) {
  const buffer = Buffer.alloc(length);
  for (let index = 0; index < length; index++, value >>= 8n) buffer[index] = Number(value & 0xffn);
  return buffer;
}
function from_little_endian(bytes) {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]);
  return value;
}

// The mixed order of a GUID: the first three groups are turned round.
const guid_order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
const turned = (bytes) => Buffer.from(guid_order.map((index) => bytes[index]));

// Text, Buffer, "0x…" or PostgreSQL's "\x…".
export function binary(value) {
  if (Buffer.isBuffer(value)) return value;
  const found = /^(?:0x|\\x)([0-9a-f]*)$/i.exec(String(value));
  return found ? Buffer.from(found[1].length % 2 ? `0${found[1]}` : found[1], "hex") : Buffer.from(String(value));
}

const truth = (value) => [true, "t", "true", "1", 1].includes(value) || (/^-?\d+$/.test(String(value)) && BigInt(value) !== 0n);

function number_bytes(type, value) {
  const bytes = fixed_types[type.name][2];
  const buffer = Buffer.alloc(bytes);
  switch (type.name) {
    case "bit":
      buffer[0] = truth(value) ? 1 : 0;
      break;
    case "real":
    case "float": {
      const number = Number(value);
      if (!Number.isFinite(number)) throw overflow(type);
      if (bytes === 4) buffer.writeFloatLE(number);
      else buffer.writeDoubleLE(number);
      break;
    }
    case "smallmoney":
    case "money": {
      const units = scaled(value, 4);
      if (BigInt.asIntN(bytes * 8, units) !== units) throw overflow(type);
      if (bytes === 4) buffer.writeInt32LE(Number(units));
      else {
        buffer.writeInt32LE(Number(units >> 32n), 0);
        buffer.writeUInt32LE(Number(units & 0xffffffffn), 4);
      }
      break;
    }
    case "datetime": {
      const { days, ticks } = datetime_parts(parse_time(value));
      if (days < -53690 || days > 2958463)
        throw new ValueError(242, "The conversion of a datetime2 data type to a datetime data type resulted in an out-of-range value.");
      buffer.writeInt32LE(days, 0);
      buffer.writeUInt32LE(ticks, 4);
      break;
    }
    case "smalldatetime": {
      const { days, minutes } = smalldatetime_parts(parse_time(value));
      if (days < 0 || days > 65535)
        throw new ValueError(242, "The conversion of a datetime2 data type to a smalldatetime data type resulted in an out-of-range value.");
      buffer.writeUInt16LE(days, 0);
      buffer.writeUInt16LE(minutes, 2);
      break;
    }
    default: {
      const number = typeof value === "boolean" || value === "t" || value === "f" ? BigInt(truth(value)) : scaled(value, 0);
      const unsigned = type.name === "tinyint";
      if ((unsigned ? BigInt.asUintN(8, number) : BigInt.asIntN(bytes * 8, number)) !== number) throw overflow(type);
      return little_endian(number, bytes);
    }
  }
  return buffer;
}

function decimal(type, value) {
  const number = scaled(value, type.scale);
  const magnitude = number < 0n ? -number : number;
  if (magnitude >= 10n ** BigInt(type.precision)) throw overflow(type);
  return Buffer.concat([u8(number < 0n ? 0 : 1), little_endian(magnitude, decimal_bytes(type.precision))]);
}

function time_of_day(type, value) {
  const parsed = parse_time(value);
  if (type.name === "datetimeoffset") {
    const offset = parsed.offset ?? 0;
    const { days, units } = rounded(shifted(parsed, -offset), type.scale);
    const minutes = Buffer.alloc(2);
    minutes.writeInt16LE(offset);
    return Buffer.concat([little_endian(units, time_bytes(type.scale)), little_endian(BigInt(days), 3), minutes]);
  }
  const { days, units } = rounded(parsed, type.scale);
  const clock = little_endian(units, time_bytes(type.scale));
  return type.name === "time" ? clock : Buffer.concat([clock, little_endian(BigInt(days), 3)]);
}

function text_bytes(type, value, collation) {
  if (is_binary(type.name)) return binary(value);
  return is_wide(type.name) ? utf16(String(value)) : encode_text(String(value), collation);
}
function padded(type, bytes) {
  const room = type.name === "rowversion" ? 8 : is_wide(type.name) ? type.length * 2 : type.length;
  if (bytes.length > room) throw new ValueError(8152, "String or binary data would be truncated.");
  if (!["char", "nchar", "binary", "rowversion"].includes(type.name) || bytes.length === room) return bytes;
  const filled = type.name === "nchar" ? Buffer.alloc(room, " ", "utf16le") : Buffer.alloc(room, is_binary(type.name) ? 0 : 0x20);
  if (type.name === "rowversion") return Buffer.concat([Buffer.alloc(room - bytes.length), bytes]);
  bytes.copy(filled);
  return filled;
}

const chunk_bytes = 8000;
function* chunks(bytes, length_known) {
  yield length_known ? u64(bytes.length) : u64(0xfffffffffffffffen);
  for (let at = 0; at < bytes.length; at += chunk_bytes) {
    const part = bytes.subarray(at, at + chunk_bytes);
    yield u32(part.length);
    yield part;
  }
  yield u32(0);
}

const is_chunked = (type) => type.max === true || type.name === "xml";

// The bytes of one value in a ROW or a RETURNVALUE. A column that is not nullable has fixed types without a length.
export function encode_value(type, value, { nullable = true, collation, length_known = true } = {}) {
  const { name } = type;
  if (value === null || value === undefined) {
    if (!nullable) throw new Error(`NULL in a column that is NOT NULL (${type_name(type)})`);
    if (is_chunked(type)) return u64(0xffffffffffffffffn);
    return name === "rowversion" || (type.length !== undefined && !(name in fixed_types)) ? u16(0xffff) : u8(0);
  }
  if (name in fixed_types) {
    const bytes = number_bytes(type, value);
    return nullable ? Buffer.concat([u8(bytes.length), bytes]) : bytes;
  }
  const with_length = (bytes) => Buffer.concat([u8(bytes.length), bytes]);
  if (name === "decimal" || name === "numeric") return with_length(decimal(type, value));
  if (name === "date") return with_length(little_endian(BigInt(parse_time(value).days), 3));
  if (["time", "datetime2", "datetimeoffset"].includes(name)) return with_length(time_of_day(type, value));
  if (name === "uniqueidentifier") return with_length(turned(Buffer.from(String(value).replace(/[{}-]/g, ""), "hex")));
  const bytes = text_bytes(type, value, collation);
  if (is_chunked(type)) return Buffer.concat([...chunks(bytes, length_known)]);
  if (["text", "ntext", "image"].includes(name)) return Buffer.concat([u8(16), Buffer.alloc(16, 0x64), Buffer.alloc(8), u32(bytes.length), bytes]);
  const filled = padded(type, bytes);
  return Buffer.concat([u16(filled.length), filled]);
}

function decode(type, bytes, collation) {
  const { name } = type;
  switch (name) {
    case "tinyint":
      return String(bytes[0]);
    case "smallint":
    case "int":
    case "bigint":
      return String(BigInt.asIntN(bytes.length * 8, from_little_endian(bytes)));
    case "bit":
      return bytes[0] ? "1" : "0";
    case "real":
      return String(bytes.readFloatLE());
    case "float":
      return String(bytes.readDoubleLE());
    case "smallmoney":
      return unscaled(BigInt(bytes.readInt32LE()), 4);
    case "money":
      return unscaled((BigInt(bytes.readInt32LE(0)) << 32n) | BigInt(bytes.readUInt32LE(4)), 4);
    case "datetime":
      return datetime_text(bytes.readInt32LE(0), bytes.readUInt32LE(4));
    case "smalldatetime":
      return datetime_text(bytes.readUInt16LE(0), bytes.readUInt16LE(2) * 60 * 300);
    case "decimal":
    case "numeric": {
      const magnitude = from_little_endian(bytes.subarray(1));
      return unscaled(bytes[0] ? magnitude : -magnitude, type.scale);
    }
    case "date":
      return date_text(Number(from_little_endian(bytes)));
    case "time":
    case "datetime2":
    case "datetimeoffset": {
      const length = time_bytes(type.scale);
      const steps = from_little_endian(bytes.subarray(0, length)) * 10n ** BigInt(7 - type.scale);
      if (name === "time") return clock_text(steps, type.scale);
      const days = Number(from_little_endian(bytes.subarray(length, length + 3)));
      if (name === "datetime2") return `${date_text(days)} ${clock_text(steps, type.scale)}`;
      const offset = bytes.readInt16LE(length + 3);
      const local = shifted({ days, steps }, offset);
      return `${date_text(local.days)} ${clock_text(local.steps, type.scale)} ${offset_text(offset)}`;
    }
    case "uniqueidentifier":
      return turned(bytes)
        .toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
        .toUpperCase();
    default:
      if (is_binary(name)) return Buffer.from(bytes);
      return is_wide(name) ? bytes.toString("utf16le") : decode_text(bytes, collation);
  }
}

// Reads the value that follows a parameter's TYPE_INFO: text, a Buffer for binary types, or null.
export function read_value(fields, { type, form, collation }) {
  if (form === "none") return null;
  if (form === "bare") return decode(type, fields.bytes(fixed_types[type.name][2]), collation);
  if (form === "byte") {
    const length = fields.u8();
    return length === 0 ? null : decode(type, fields.bytes(length), collation);
  }
  if (form === "short") {
    const length = fields.u16();
    return length === 0xffff ? null : decode(type, fields.bytes(length), collation);
  }
  if (form === "long") {
    const length = fields.u32();
    return length === 0xffffffff ? null : decode(type, fields.bytes(length), collation);
  }
  if (fields.u64() === 0xffffffffffffffffn) return null;
  const parts = [];
  for (let length = fields.u32(); length !== 0; length = fields.u32()) parts.push(fields.bytes(length));
  return decode(type, Buffer.concat(parts), collation);
}
