// Functions of T-SQL: those that PostgreSQL writes otherwise, or that schema tds (postgres.sql) has under their own name.
import { is_word, split_commas, TsqlError, unspoken, word_set } from "./tsql.mjs";

// Words without parentheses.
export const niladic = new Map([
  ["current_timestamp", "tds_server.getdate()"],
  ["system_user", "session_user::text"],
]);

// Same name and arguments in schema tds.
const same = word_set(`
  getdate getutcdate sysdatetime sysutcdatetime sysdatetimeoffset len charindex replace stuff datalength eomonth isnumeric db_name db_id
  object_id schema_name min_active_rowversion has_perms_by_name has_dbaccess original_login suser_sname suser_name
  user_name host_name app_name is_srvrolemember is_member is_rolemember fn_my_permissions object_name col_length power
  year month day change_tracking_current_version change_tracking_min_valid_version str
`);
const renamed = {
  newid: "gen_random_uuid",
  replicate: "repeat",
  datefromparts: "make_date",
  nchar: "chr",
  unicode: "ascii",
  char: "chr",
  ceiling: "ceil",
  log10: "log",
  square: "tds_server.square",
  rand: "random",
};
// Functions and the year they came with.
const too_new = {
  2012: word_set("iif concat try_convert try_cast format eomonth datefromparts choose"),
  2016: word_set("string_split"),
  2017: word_set("string_agg concat_ws trim translate"),
};
const came_with = (name) => Number(Object.keys(too_new).find((year) => too_new[year].has(name)) ?? 0);
const unspoken_functions = word_set(`
  format parse openjson json_value checksum binary_checksum soundex openquery openrowset
`);
const parts = word_set(`
  yy:year yyyy:year qq:quarter q:quarter mm:month m:month dy:dayofyear y:dayofyear dd:day d:day wk:week ww:week dw:weekday w:weekday hh:hour mi:minute
  n:minute ss:second s:second ms:millisecond mcs:microsecond ns:nanosecond isowk:iso_week isoww:iso_week
`);
const part_names = Object.fromEntries(Array.from(parts, (pair) => pair.split(":")));
const with_part = new Set(["dateadd", "datediff", "datediff_big", "datepart", "datename"]);

const globals = {
  "@@version": (session) => text(session.product_name),
  "@@servername": (session) => text(session.server_name),
  "@@servicename": (session) => text(session.instance),
  "@@spid": (session) => `${session.id}::smallint`,
  "@@trancount": (session) => String(session.transactions),
  "@@rowcount": (session) => String(session.row_count),
  "@@error": (session) => String(session.last_error),
  "@@dbts": () => "tds_server.dbts()",
  "@@identity": () => "lastval()::numeric(38,0)",
  "@@lock_timeout": (session) => String(session.lock_timeout),
  "@@language": () => text("us_english"),
  "@@langid": () => "0::smallint",
  "@@datefirst": () => "7::smallint",
  "@@max_precision": () => "38::smallint",
  "@@textsize": () => "2147483647",
  "@@microsoftversion": (session) => String(session.product[0] * 0x1000000 + session.product[1] * 0x10000 + session.product[2]),
  "@@options": () => "5496",
  "@@nestlevel": () => "0",
  "@@fetch_status": () => "0",
};
const text = (value) => `'${String(value).replaceAll("'", "''")}'::varchar(4000)`;

const cast = (rewriter, expression, type_tokens, { trying = false } = {}) => {
  const type = rewriter.type_from(type_tokens, { unsized: 30 });
  const target = rewriter.type(type);
  if (trying) return `tds_server.try_cast((${expression})::text, NULL::${target})`;
  if (["binary", "varbinary"].includes(type.name)) return `CAST(tds_server.bytes(${expression}, ${type.max ? 2147483647 : type.length}) AS ${target})`;
  if (type.name === "bit") return `CAST(tds_server.truth(${expression}) AS ${target})`;
  if (type.name === "datetime") return `CAST(tds_server.rounded(tds_server.moment(${expression})) AS ${target})`;
  if (type.name === "smalldatetime") return `CAST(tds_server.minute_of(tds_server.moment(${expression})) AS ${target})`;
  // SQL Server cuts a fraction off where PostgreSQL would round it
  return ["int", "bigint", "smallint", "tinyint"].includes(type.name) ? `CAST(tds_server.whole(${expression}) AS ${target})` : `CAST(${expression} AS ${target})`;
};

const written = {
  isnull: (rewriter, args) => `COALESCE(${args.map((part) => rewriter.range(part)).join(", ")})`,
  iif: (rewriter, [condition, then, otherwise]) => `CASE WHEN ${rewriter.range(condition)} THEN ${rewriter.range(then)} ELSE ${rewriter.range(otherwise)} END`,
  choose: (rewriter, [index, ...values]) =>
    `CASE ${rewriter.range(index)} ${values.map((value, at) => `WHEN ${at + 1} THEN ${rewriter.range(value)}`).join(" ")} END`,
  space: (rewriter, [count]) => `repeat(' ', ${rewriter.range(count)})`,
  count_big: (rewriter, args) => `count(${rewriter.range(args[0])})`,
  serverproperty: (rewriter, [name]) => {
    const { session } = rewriter;
    const [major, minor, build] = session.product;
    const known = {
      productversion: text(`${major}.${minor}.${build}.0`),
      productlevel: text("SP"),
      edition: text("Standard Edition (64-bit)"),
      engineedition: "2",
      servername: text(session.server_name),
      machinename: text(session.server_name.split("\\")[0]),
      instancename: session.instance === "MSSQLSERVER" ? "NULL::varchar(128)" : text(session.instance),
      collation: text(session.collation_name),
      isclustered: "0",
      ishadrenabled: "0",
      isintegratedsecurityonly: "0",
      productmajorversion: text(major),
    };
    return known[name[0]?.value?.toLowerCase()] ?? "NULL::varchar(128)";
  },
  cast: (rewriter, args, inner) => {
    const at = inner.findLastIndex((token) => is_word(token, "as"));
    return cast(rewriter, rewriter.range(inner.slice(0, at)), inner.slice(at + 1));
  },
  try_cast: (rewriter, args, inner) => {
    const at = inner.findLastIndex((token) => is_word(token, "as"));
    return cast(rewriter, rewriter.range(inner.slice(0, at)), inner.slice(at + 1), { trying: true });
  },
  convert: (rewriter, [type, expression, style]) => {
    const value = rewriter.range(expression);
    if (style === undefined) return cast(rewriter, value, type);
    const target = rewriter.type_from(type, { unsized: 30 });
    const styled = ["char", "nchar", "varchar", "nvarchar"].includes(target.name)
      ? `tds_server.styled((${value}), ${rewriter.range(style)})`
      : ["date", "datetime", "datetime2", "smalldatetime"].includes(target.name)
        ? `tds_server.from_styled((${value})::text, ${rewriter.range(style)})`
        : ["binary", "varbinary"].includes(target.name)
          ? `tds_server.from_hex((${value})::text, ${rewriter.range(style)}, ${target.max ? 2147483647 : target.length})`
          : value;
    return `CAST(${styled} AS ${rewriter.type(target)})`;
  },
  try_convert: (rewriter, [type, expression]) => cast(rewriter, rewriter.range(expression), type, { trying: true }),
  // CHANGETABLE(CHANGES table, version); of VERSION nobody has asked yet
  changetable: (rewriter, [what, since]) => {
    if (!is_word(what[0], "changes") || !since) throw unspoken("CHANGETABLE(VERSION …)");
    const name = what.at(-1);
    const lower = (name.kind === "word" ? name.raw : name.value).toLowerCase();
    const view = `changes_${rewriter.names.get(lower) ?? lower}`.replaceAll('"', '""');
    return `(SELECT * FROM tds_server."${view}" WHERE sys_change_version > ${rewriter.range(since)})`;
  },
  count: (rewriter, args, inner, over) => `CAST(count(${rewriter.range(inner)}) ${over} AS integer)`,
};

// The call as PostgreSQL has it, or undefined where it is written alike. `over`: the window that follows.
export function call_function(rewriter, name, inner, over = "") {
  if (name.startsWith("@@")) return globals[name]?.(rewriter.session);
  if (came_with(name) > rewriter.year) throw new TsqlError(195, `'${name.toUpperCase()}' is not a recognized built-in function name.`);
  if (unspoken_functions.has(name)) throw unspoken(`${name.toUpperCase()}()`);
  const args = split_commas(inner);
  if (Object.hasOwn(written, name)) return written[name](rewriter, args, inner, over);
  const rest = () => args.map((part) => rewriter.range(part));
  if (with_part.has(name)) {
    const part = args[0]?.[0]?.value;
    const given = args
      .slice(1)
      .map((words, index) => (name === "dateadd" && index === 0 ? `CAST(${rewriter.range(words)} AS bigint)` : `tds_server.moment(${rewriter.range(words)})`));
    return `tds_server.${name}('${part_names[part] ?? part}', ${given.join(", ")})`;
  }
  if (same.has(name)) return `tds_server.${name}(${rest().join(", ")})`;
  if (Object.hasOwn(renamed, name)) return `${renamed[name]}(${rest().join(", ")})`;
  return undefined;
}
