// Catalog procedures as drivers call them (SQLTables, SQLColumns), as selects on the catalog views.
const found = (parameters, name, index) => parameters.find((parameter) => parameter.name.toLowerCase() === name)?.value ?? parameters.filter((parameter) => parameter.name === "")[index]?.value ?? null;
const parameter = (name, value) => ({ name, type: { name: "nvarchar", length: 400 }, value });

const selects = {
  sp_tables: (parameters) => ({
    text: `SELECT DB_NAME() AS TABLE_QUALIFIER, 'dbo' AS TABLE_OWNER, TABLE_NAME, CASE TABLE_TYPE WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END AS TABLE_TYPE, CAST(NULL AS varchar(254)) AS REMARKS
      FROM INFORMATION_SCHEMA.TABLES WHERE (@name IS NULL OR TABLE_NAME LIKE @name) ORDER BY 4, 1, 2, 3`,
    parameters: [parameter("@name", found(parameters, "@table_name", 0))],
  }),
  sp_columns: (parameters) => ({
    text: `SELECT DB_NAME() AS TABLE_QUALIFIER, 'dbo' AS TABLE_OWNER, c.TABLE_NAME, c.COLUMN_NAME,
        CAST(CASE c.DATA_TYPE WHEN 'bigint' THEN -5 WHEN 'int' THEN 4 WHEN 'smallint' THEN 5 WHEN 'tinyint' THEN -6 WHEN 'bit' THEN -7 WHEN 'float' THEN 6 WHEN 'real' THEN 7 WHEN 'decimal' THEN 3 WHEN 'money' THEN 3 WHEN 'smallmoney' THEN 3
          WHEN 'date' THEN 91 WHEN 'time' THEN -154 WHEN 'datetime' THEN 93 WHEN 'datetime2' THEN 93 WHEN 'smalldatetime' THEN 93 WHEN 'datetimeoffset' THEN -155 WHEN 'char' THEN 1 WHEN 'varchar' THEN 12 WHEN 'nchar' THEN -8 WHEN 'nvarchar' THEN -9
          WHEN 'binary' THEN -2 WHEN 'timestamp' THEN -2 WHEN 'varbinary' THEN -3 WHEN 'uniqueidentifier' THEN -11 WHEN 'text' THEN -1 WHEN 'ntext' THEN -10 WHEN 'image' THEN -4 ELSE 12 END AS smallint) AS DATA_TYPE,
        c.DATA_TYPE AS TYPE_NAME, CAST(ISNULL(c.NUMERIC_PRECISION, ISNULL(c.CHARACTER_MAXIMUM_LENGTH, s.precision)) AS int) AS PRECISION, CAST(s.max_length AS int) AS LENGTH, CAST(ISNULL(c.NUMERIC_SCALE, c.DATETIME_PRECISION) AS smallint) AS SCALE,
        CAST(10 AS smallint) AS RADIX, CAST(CASE c.IS_NULLABLE WHEN 'YES' THEN 1 ELSE 0 END AS smallint) AS NULLABLE, CAST(NULL AS varchar(254)) AS REMARKS, CAST(NULL AS nvarchar(4000)) AS COLUMN_DEF, CAST(0 AS smallint) AS SQL_DATA_TYPE,
        CAST(NULL AS smallint) AS SQL_DATETIME_SUB, CAST(NULL AS int) AS CHAR_OCTET_LENGTH, c.ORDINAL_POSITION, CAST(c.IS_NULLABLE AS varchar(254)) AS IS_NULLABLE, CAST(0 AS tinyint) AS SS_DATA_TYPE
      FROM INFORMATION_SCHEMA.COLUMNS c JOIN sys.columns s ON s.object_id = OBJECT_ID(c.TABLE_NAME) AND s.column_id = c.ORDINAL_POSITION
      WHERE (@name IS NULL OR c.TABLE_NAME LIKE @name) AND (@column IS NULL OR c.COLUMN_NAME LIKE @column) ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
    parameters: [parameter("@name", found(parameters, "@table_name", 0)), parameter("@column", found(parameters, "@column_name", 3))],
  }),
};

// {text, parameters} of a batch that answers for the procedure, or undefined.
export const catalog_procedure = (name, parameters) => (Object.hasOwn(selects, name) ? selects[name](parameters) : undefined);
