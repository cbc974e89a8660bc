// The T-SQL types: read from their names, written into and read from a TYPE_INFO. A type is {name, length, precision, scale, max}; what does not apply is absent.
import { collation_of, collations } from "./charset.mjs";
import { u16, u32, u8 } from "./packets.mjs";

// name: [code of the nullable form, code of the NOT NULL form, bytes]
export const fixed_types = {
  tinyint: [0x26, 0x30, 1],
  smallint: [0x26, 0x34, 2],
  int: [0x26, 0x38, 4],
  bigint: [0x26, 0x7f, 8],
  bit: [0x68, 0x32, 1],
  real: [0x6d, 0x3b, 4],
  float: [0x6d, 0x3e, 8],
  smallmoney: [0x6e, 0x7a, 4],
  money: [0x6e, 0x3c, 8],
  smalldatetime: [0x6f, 0x3a, 4],
  datetime: [0x6f, 0x3d, 8],
};
const scaled_times = { time: 0x29, datetime2: 0x2a, datetimeoffset: 0x2b };
const sized = { varbinary: 0xa5, varchar: 0xa7, binary: 0xad, char: 0xaf, nvarchar: 0xe7, nchar: 0xef };
const old_long = { image: 0x22, text: 0x23, ntext: 0x63 };
const synonyms = { integer: "int", dec: "decimal", "double precision": "float", timestamp: "rowversion", character: "char", "national character": "nchar" };

export const is_text = (name) => ["char", "varchar", "text"].includes(name);
export const is_wide = (name) => ["nchar", "nvarchar", "ntext", "xml"].includes(name);
export const is_binary = (name) => ["binary", "varbinary", "image", "rowversion"].includes(name);

// "nvarchar(100)", "DECIMAL (10, 2)", "[money]", "sysname". Undefined where it is no type of T-SQL.
export function parse_type(text) {
  const found = /^\s*(?:\[?sys\]?\.)?\[?([a-z][a-z0-9]*(?: precision)?)\]?\s*(?:\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(text);
  if (!found) return undefined;
  const word = found[1].toLowerCase();
  const name = synonyms[word] ?? word;
  const first = found[2]?.toLowerCase();
  const number = first === undefined || first === "max" ? undefined : Number(first);
  if (name === "sysname") return { name: "nvarchar", length: 128 };
  if (name === "float") return number !== undefined && number <= 24 ? { name: "real" } : { name: "float" };
  if (name in fixed_types) return { name };
  if (name === "decimal" || name === "numeric") return { name, precision: number ?? 18, scale: found[3] === undefined ? 0 : Number(found[3]) };
  if (name in scaled_times) return { name, scale: number ?? 7 };
  if (name in sized) return first === "max" ? { name, max: true } : { name, length: number ?? 1 };
  if (["date", "uniqueidentifier", "rowversion", "xml"].includes(name) || name in old_long) return { name };
  return undefined;
}

// The canonical name: what a domain of PostgreSQL is called, too.
export function type_name(type) {
  if (type.max) return `${type.name}(max)`;
  if (type.length !== undefined) return `${type.name}(${type.length})`;
  if (type.precision !== undefined) return `${type.name}(${type.precision},${type.scale})`;
  return type.scale === undefined ? type.name : `${type.name}(${type.scale})`;
}

export const decimal_bytes = (precision) => (precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16);
export const time_bytes = (scale) => (scale <= 2 ? 3 : scale <= 4 ? 4 : 5);

// How COLMETADATA and RETURNVALUE describe a value of the type.
export function type_info(type, { nullable = true, collation = collations.Cyrillic_General_CI_AS } = {}) {
  const { name } = type;
  if (name in fixed_types) {
    const [with_null, without, bytes] = fixed_types[name];
    return nullable ? Buffer.from([with_null, bytes]) : Buffer.from([without]);
  }
  if (name === "decimal" || name === "numeric")
    return Buffer.from([name === "decimal" ? 0x6a : 0x6c, decimal_bytes(type.precision) + 1, type.precision, type.scale]);
  if (name === "date") return Buffer.from([0x28]);
  if (name in scaled_times) return Buffer.from([scaled_times[name], type.scale]);
  if (name === "uniqueidentifier") return Buffer.from([0x24, 16]);
  if (name === "rowversion") return Buffer.concat([u8(sized.binary), u16(8)]);
  if (name === "xml") return Buffer.concat([u8(sized.nvarchar), u16(0xffff), collation.bytes]);
  if (name in sized) {
    const length = type.max ? 0xffff : is_wide(name) ? type.length * 2 : type.length;
    return Buffer.concat([u8(sized[name]), u16(length), ...(is_binary(name) ? [] : [collation.bytes])]);
  }
  if (name in old_long)
    return Buffer.concat([u8(old_long[name]), u32(name === "ntext" ? 0x7ffffffe : 0x7fffffff), ...(name === "image" ? [] : [collation.bytes])]);
  throw new Error(`no TYPE_INFO for ${type_name(type)}`);
}

export const user_type = (type) => (type.name === "rowversion" ? 0x50 : 0);

const by_code = new Map(Object.entries(fixed_types).map(([name, [, code]]) => [code, name]));
const by_length = {
  0x26: { 1: "tinyint", 2: "smallint", 4: "int", 8: "bigint" },
  0x68: { 1: "bit" },
  0x6d: { 4: "real", 8: "float" },
  0x6e: { 4: "smallmoney", 8: "money" },
  0x6f: { 4: "smalldatetime", 8: "datetime" },
};
const name_of = (table, code) => Object.keys(table).find((name) => table[name] === code);

// Reads the TYPE_INFO of a parameter. `form` says how its value follows: bare, byte (length in one byte), short, chunks (PLP), long or pointer (old long types).
export function read_type_info(fields) {
  const code = fields.u8();
  if (code === 0x1f) return { type: { name: "int" }, form: "none" };
  if (by_code.has(code)) return { type: { name: by_code.get(code) }, form: "bare" };
  if (code in by_length) return { type: { name: by_length[code][fields.u8()] }, form: "byte" };
  if (code === 0x24) return (fields.u8(), { type: { name: "uniqueidentifier" }, form: "byte" });
  if (code === 0x6a || code === 0x6c) {
    fields.u8();
    return { type: { name: code === 0x6a ? "decimal" : "numeric", precision: fields.u8(), scale: fields.u8() }, form: "byte" };
  }
  if (code === 0x28) return { type: { name: "date" }, form: "byte" };
  const time = name_of(scaled_times, code);
  if (time) return { type: { name: time, scale: fields.u8() }, form: "byte" };
  const name = name_of(sized, code);
  if (name) {
    const length = fields.u16();
    const collation = is_binary(name) ? undefined : collation_of(fields.bytes(5));
    if (length === 0xffff) return { type: { name, max: true }, form: "chunks", collation };
    return { type: { name, length: Math.max(1, is_wide(name) ? length / 2 : length) }, form: "short", collation };
  }
  const long = name_of(old_long, code);
  if (long) {
    fields.u32();
    return { type: { name: long }, form: "long", collation: long === "image" ? undefined : collation_of(fields.bytes(5)) };
  }
  throw new Error(`a parameter of the unknown type 0x${code.toString(16)}`);
}

// Declarations of a statement's parameters: [{name, type}].
export const parse_declarations = (text) => {
  // "@P1 int, @P2 decimal(10,2) output": commas within parentheses belong to the type
  const found = [];
  for (const [, name, type] of text.matchAll(/(@[\w$#@]+)\s+(?:as\s+)?((?:[^,()]|\([^)]*\))+)/gi)) {
    const bare = type
      .replace(/\s+(output|out|readonly)\s*$/i, "")
      .replace(/=.*$/s, "")
      .trim();
    found.push({ name, type: parse_type(bare) ?? { name: "nvarchar", length: 4000 } });
  }
  return found;
};
