// Catalog procedures as drivers call them (SQLTables, SQLColumns), as selects on the catalog views.
const found = (parameters, name, index) =>
  parameters.find((parameter) => parameter.name.toLowerCase() === name)?.value ?? parameters.filter((parameter) => parameter.name === "")[index]?.value ?? null;
const parameter = (name, value) => ({ name, type: { name: "nvarchar", length: 400 }, value });

// name, ODBC type, precision, what follows a literal and what comes before, parameters of its declaration, scales
const types = [
  ["bigint", -5, 19, "", "", "", 0, 0],
  ["binary", -2, 8000, "0x", "", "length", "", ""],
  ["bit", -7, 1, "", "", "", 0, 0],
  ["char", 1, 8000, "'", "'", "length", "", ""],
  ["date", 91, 10, "'", "'", "", 0, 0],
  ["datetime", 93, 23, "'", "'", "", 3, 3],
  ["datetime2", 93, 27, "'", "'", "scale", 0, 7],
  ["datetimeoffset", -155, 34, "'", "'", "scale", 0, 7],
  ["decimal", 3, 38, "", "", "precision,scale", 0, 38],
  ["float", 6, 53, "", "", "", "", ""],
  ["image", -4, 2147483647, "0x", "", "", "", ""],
  ["int", 4, 10, "", "", "", 0, 0],
  ["money", 3, 19, "$", "", "", 4, 4],
  ["nchar", -8, 4000, "N'", "'", "length", "", ""],
  ["ntext", -10, 1073741823, "N'", "'", "", "", ""],
  ["numeric", 2, 38, "", "", "precision,scale", 0, 38],
  ["nvarchar", -9, 4000, "N'", "'", "max length", "", ""],
  ["real", 7, 24, "", "", "", "", ""],
  ["smalldatetime", 93, 16, "'", "'", "", 0, 0],
  ["smallint", 5, 5, "", "", "", 0, 0],
  ["smallmoney", 3, 10, "$", "", "", 4, 4],
  ["text", -1, 2147483647, "'", "'", "", "", ""],
  ["time", -154, 16, "'", "'", "scale", 0, 7],
  ["timestamp", -2, 8, "0x", "", "", "", ""],
  ["tinyint", -6, 3, "", "", "", 0, 0],
  ["uniqueidentifier", -11, 36, "'", "'", "", "", ""],
  ["varbinary", -3, 8000, "0x", "", "max length", "", ""],
  ["varchar", 12, 8000, "'", "'", "max length", "", ""],
];
const literal = (value) => (value === "" ? "NULL" : typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`);
const type_row = ([name, odbc, precision, prefix, suffix, parameters, least, most]) =>
  `SELECT CAST('${name}' AS nvarchar(128)) AS TYPE_NAME, CAST(${odbc} AS smallint) AS DATA_TYPE, ${precision} AS PRECISION,
      CAST(${literal(prefix)} AS varchar(32)) AS LITERAL_PREFIX, CAST(${literal(suffix)} AS varchar(32)) AS LITERAL_SUFFIX,
    CAST(${literal(parameters)} AS varchar(32)) AS CREATE_PARAMS, CAST(1 AS smallint) AS NULLABLE, CAST(0 AS smallint) AS CASE_SENSITIVE,
        CAST(3 AS smallint) AS SEARCHABLE, CAST(NULL AS smallint) AS UNSIGNED_ATTRIBUTE,
    CAST(${name.includes("money") ? 1 : 0} AS smallint) AS MONEY, CAST(0 AS smallint) AS AUTO_INCREMENT,
        CAST('${name}' AS nvarchar(128)) AS LOCAL_TYPE_NAME, CAST(${literal(least)} AS smallint) AS MINIMUM_SCALE,
        CAST(${literal(most)} AS smallint) AS MAXIMUM_SCALE,
    CAST(${[91, 93].includes(odbc) ? 9 : odbc} AS smallint) AS SQL_DATA_TYPE,
        CAST(${odbc === 93 ? 3 : odbc === 91 ? 1 : "NULL"} AS smallint) AS SQL_DATETIME_SUB, CAST(10 AS int) AS NUM_PREC_RADIX,
        CAST(NULL AS smallint) AS INTERVAL_PRECISION`;

const type_list = (parameters) => {
  const wanted = Number(found(parameters, "@data_type", 0) ?? 0);
  const rows = types.filter(([, odbc]) => wanted === 0 || odbc === wanted).map(type_row);
  return { text: rows.length > 0 ? rows.join(" UNION ALL ") : `${type_row(types[0])} WHERE 1 = 0`, parameters: [] };
};

const selects = {
  sp_datatype_info: type_list,
  sp_datatype_info_90: type_list,
  sp_datatype_info_100: type_list,
  sp_tables: (parameters) => ({
    text: `SELECT DB_NAME() AS TABLE_QUALIFIER, 'dbo' AS TABLE_OWNER, TABLE_NAME, CASE TABLE_TYPE WHEN 'VIEW' THEN 'VIEW'
        ELSE 'TABLE' END AS TABLE_TYPE, CAST(NULL AS varchar(254)) AS REMARKS
      FROM INFORMATION_SCHEMA.TABLES WHERE (@name IS NULL OR TABLE_NAME LIKE @name) ORDER BY 4, 1, 2, 3`,
    parameters: [parameter("@name", found(parameters, "@table_name", 0))],
  }),
  sp_columns: (parameters) => ({
    text: `SELECT DB_NAME() AS TABLE_QUALIFIER, 'dbo' AS TABLE_OWNER, c.TABLE_NAME, c.COLUMN_NAME,
        CAST(CASE c.DATA_TYPE WHEN 'bigint' THEN -5 WHEN 'int' THEN 4 WHEN 'smallint' THEN 5 WHEN 'tinyint' THEN -6 WHEN 'bit' THEN -7
            WHEN 'float' THEN 6 WHEN 'real' THEN 7 WHEN 'decimal' THEN 3 WHEN 'money' THEN 3 WHEN 'smallmoney' THEN 3
          WHEN 'date' THEN 91 WHEN 'time' THEN -154 WHEN 'datetime' THEN 93 WHEN 'datetime2' THEN 93 WHEN 'smalldatetime' THEN 93
              WHEN 'datetimeoffset' THEN -155 WHEN 'char' THEN 1 WHEN 'varchar' THEN 12 WHEN 'nchar' THEN -8 WHEN 'nvarchar' THEN -9
          WHEN 'binary' THEN -2 WHEN 'timestamp' THEN -2 WHEN 'varbinary' THEN -3 WHEN 'uniqueidentifier' THEN -11 WHEN 'text' THEN -1
              WHEN 'ntext' THEN -10 WHEN 'image' THEN -4 ELSE 12 END AS smallint) AS DATA_TYPE,
        c.DATA_TYPE AS TYPE_NAME, CAST(ISNULL(c.NUMERIC_PRECISION, ISNULL(c.CHARACTER_MAXIMUM_LENGTH, s.precision)) AS int) AS PRECISION,
            CAST(s.max_length AS int) AS LENGTH, CAST(ISNULL(c.NUMERIC_SCALE, c.DATETIME_PRECISION) AS smallint) AS SCALE,
        CAST(10 AS smallint) AS RADIX, CAST(CASE c.IS_NULLABLE WHEN 'YES' THEN 1 ELSE 0 END AS smallint) AS NULLABLE,
            CAST(NULL AS varchar(254)) AS REMARKS, CAST(NULL AS nvarchar(4000)) AS COLUMN_DEF, CAST(0 AS smallint) AS SQL_DATA_TYPE,
        CAST(NULL AS smallint) AS SQL_DATETIME_SUB, CAST(NULL AS int) AS CHAR_OCTET_LENGTH, c.ORDINAL_POSITION,
            CAST(c.IS_NULLABLE AS varchar(254)) AS IS_NULLABLE, CAST(0 AS tinyint) AS SS_DATA_TYPE
      FROM INFORMATION_SCHEMA.COLUMNS c JOIN sys.columns s ON s.object_id = OBJECT_ID(c.TABLE_NAME) AND s.column_id = c.ORDINAL_POSITION
      WHERE (@name IS NULL OR c.TABLE_NAME LIKE @name) AND (@column IS NULL OR c.COLUMN_NAME LIKE @column) ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
    parameters: [parameter("@name", found(parameters, "@table_name", 0)), parameter("@column", found(parameters, "@column_name", 3))],
  }),
};

// {text, parameters} of a batch that answers for the procedure, or undefined.
export const catalog_procedure = (name, parameters) => (Object.hasOwn(selects, name) ? selects[name](parameters) : undefined);
