// Which type of PostgreSQL holds a T-SQL type, and which T-SQL type a column of PostgreSQL goes out as.
//
// A domain of schema tds that is named like a T-SQL type ("money", "nvarchar(100)", "datetime2(3)") says both at once. Where there is none the plain type decides.
import { type_name } from "./types.mjs";

const native = { smallint: "smallint", int: "integer", bigint: "bigint", real: "real", float: "double precision", date: "date", uniqueidentifier: "uuid" };
const precise = (scale) => Math.min(scale, 6); // PostgreSQL has microseconds: the seventh digit of a datetime2(7) is always 0

function domain_base(type) {
  switch (type.name) {
    case "bit":
    case "tinyint":
      return "smallint";
    case "money":
      return "numeric(19,4)";
    case "smallmoney":
      return "numeric(10,4)";
    case "datetime":
      return "timestamp(3)";
    case "smalldatetime":
      return "timestamp(0)";
    case "time":
      return `time(${precise(type.scale)})`;
    case "datetime2":
      return `timestamp(${precise(type.scale)})`;
    case "datetimeoffset":
      return `timestamptz(${precise(type.scale)})`;
    case "char":
    case "nchar":
      return `char(${type.length})`;
    case "varchar":
    case "nvarchar":
      return type.max ? "text" : `varchar(${type.length})`;
    case "text":
    case "ntext":
    case "xml":
      return "text";
    default:
      return "bytea";
  }
}

// {text: as written in a statement, domain: {name, base} where one must exist}
export function pg_type(type) {
  if (type.name in native) return { text: native[type.name] };
  if (type.precision !== undefined) return { text: `numeric(${type.precision},${type.scale})` };
  const name = type_name(type);
  return { text: `tds."${name}"`, domain: { name, base: domain_base(type) } };
}

const oids = {
  16: "bit",
  20: "bigint",
  21: "smallint",
  23: "int",
  26: "int",
  700: "real",
  701: "float",
  790: "money",
  1082: "date",
  2950: "uniqueidentifier",
};
const wide = (length) => (length > 4000 ? { name: "nvarchar", max: true } : { name: "nvarchar", length });

// Of an expression PostgreSQL knows no length and no scale; SQL Server would. These stand for it: wide enough for what a test selects, and short enough to be bound.
const expression_text = { name: "nvarchar", length: 4000 };
const expression_decimal = { name: "decimal", precision: 38, scale: 10 };

// stored: the column belongs to a table (text without a length is then long text)
export function plain_type(oid, modifier, { stored = false } = {}) {
  if (oid in oids) return { name: oids[oid] };
  switch (oid) {
    case 17:
      return stored ? { name: "varbinary", max: true } : { name: "varbinary", length: 8000 };
    case 18:
      return { name: "char", length: 1 };
    case 19:
      return { name: "nvarchar", length: 128 };
    case 1042:
      return modifier > 4 ? { name: "nchar", length: modifier - 4 } : { name: "nvarchar", length: 4000 };
    case 1043:
      return modifier > 4 ? wide(modifier - 4) : stored ? { name: "nvarchar", max: true } : expression_text;
    case 1083:
      return { name: "time", scale: modifier >= 0 ? modifier : 7 };
    case 1114:
      return { name: "datetime2", scale: modifier >= 0 ? modifier : 7 };
    case 1184:
      return { name: "datetimeoffset", scale: modifier >= 0 ? modifier : 7 };
    case 1700: {
      if (modifier < 4) return expression_decimal;
      const [precision, scale] = [((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff];
      return { name: "decimal", precision: Math.min(precision, 38), scale: Math.min(scale, 38) };
    }
    default:
      return stored ? { name: "nvarchar", max: true } : expression_text;
  }
}
