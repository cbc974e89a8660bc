-- Catalog views, as far as a reader of tables and indexes asks. Names compare without regard to case, as a base of a CI collation has it.

-- {name, max_length, precision, scale} of a column: from its domain's name, else from the plain type (pg_types.mjs, plain_type, says the same).
CREATE FUNCTION tds_server.type_of(type oid, modifier integer, OUT name tds."nvarchar(128)", OUT max_length smallint, OUT "precision" smallint,
    OUT scale smallint) LANGUAGE plpgsql STABLE AS $$
    DECLARE
        domain text := (SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = type AND t.typtype = 'd'
            AND n.nspname = 'tds');
        word text := coalesce(substring(domain FROM '^[a-z0-9]+'), CASE type::integer
            WHEN 16 THEN 'bit' WHEN 17 THEN 'varbinary' WHEN 18 THEN 'char' WHEN 19 THEN 'nvarchar' WHEN 20 THEN 'bigint' WHEN 21 THEN 'smallint'
                WHEN 23 THEN 'int' WHEN 26 THEN 'int' WHEN 700 THEN 'real' WHEN 701 THEN 'float'
            WHEN 1042 THEN 'nchar' WHEN 1082 THEN 'date' WHEN 1083 THEN 'time' WHEN 1114 THEN 'datetime2' WHEN 1184 THEN 'datetimeoffset'
                WHEN 1700 THEN 'decimal' WHEN 2950 THEN 'uniqueidentifier' ELSE 'nvarchar' END);
        argument text := coalesce(substring(domain FROM '\((.*)\)'), CASE WHEN type IN (1042, 1043) AND modifier > 4 THEN (modifier - 4)::text
            WHEN type IN (1083, 1114, 1184) AND modifier >= 0 THEN modifier::text WHEN type = 19 THEN '128' WHEN type = 18 THEN '1' END);
        size integer := CASE WHEN argument ~ '^\d+$' THEN argument::integer END;
    BEGIN
        name := CASE word WHEN 'rowversion' THEN 'timestamp' ELSE word END;
        max_length := CASE WHEN word IN ('nchar', 'nvarchar') THEN coalesce(size * 2, -1) WHEN word IN ('char', 'varchar', 'binary',
            'varbinary') THEN coalesce(size, -1) WHEN word IN ('text', 'ntext', 'image') THEN 16
            WHEN word IN ('bit', 'tinyint') THEN 1 WHEN word = 'smallint' THEN 2 WHEN word IN ('int', 'real', 'smallmoney', 'smalldatetime') THEN 4
                WHEN word = 'date' THEN 3 WHEN word = 'uniqueidentifier' THEN 16 WHEN word = 'xml' THEN -1 WHEN word = 'datetimeoffset' THEN 10
            WHEN word = 'time' THEN 5 WHEN word = 'decimal' THEN 17 ELSE 8 END;
        "precision" := CASE word WHEN 'bit' THEN 1 WHEN 'tinyint' THEN 3 WHEN 'smallint' THEN 5 WHEN 'int' THEN 10 WHEN 'bigint' THEN 19
            WHEN 'money' THEN 19 WHEN 'smallmoney' THEN 10 WHEN 'real' THEN 24 WHEN 'float' THEN 53
            WHEN 'decimal' THEN CASE WHEN modifier > 4 THEN ((modifier - 4) >> 16) & 65535 ELSE 38 END WHEN 'datetime' THEN 23
                WHEN 'datetime2' THEN 27 WHEN 'datetimeoffset' THEN 34 WHEN 'smalldatetime' THEN 16 WHEN 'date' THEN 10 WHEN 'time' THEN 16
                ELSE 0 END;
        scale := CASE WHEN word IN ('money', 'smallmoney') THEN 4 WHEN word = 'decimal' THEN CASE WHEN modifier > 4 THEN (modifier - 4) & 2047
            ELSE 10 END WHEN word = 'datetime' THEN 3 WHEN word IN ('time', 'datetime2', 'datetimeoffset') THEN coalesce(size, 7) ELSE 0 END;
    END $$;

CREATE VIEW sys.databases AS
    SELECT name::tds."nvarchar(128)" COLLATE tds_server.any_case AS name, (number + 4)::integer AS database_id,
        tds_server.setting('level')::tds.tinyint AS compatibility_level, tds_server.setting('collation')::tds."nvarchar(128)" AS collation_name,
        timestamp '2020-01-01'::tds.datetime AS create_date, 0::tds.tinyint AS state, 'ONLINE'::tds."nvarchar(60)" AS state_desc, 0::tds.bit AS is_read_only,
            tds_server.setting('snapshot')::tds.tinyint AS snapshot_isolation_state,
        CASE tds_server.setting('snapshot') WHEN '1' THEN 'ON' ELSE 'OFF' END::tds."nvarchar(60)" AS snapshot_isolation_state_desc,
            tds_server.setting('read_committed_snapshot')::tds.bit AS is_read_committed_snapshot_on
    FROM unnest(string_to_array(tds_server.setting('databases'), ',')) WITH ORDINALITY AS d(name, number);
CREATE VIEW sys.schemas AS SELECT 'dbo'::tds."nvarchar(128)" COLLATE tds_server.any_case AS name, 1 AS schema_id;
CREATE VIEW sys.objects AS
    SELECT tds_server.declared(c.relname::text) COLLATE tds_server.any_case AS name, c.oid::integer AS object_id, 1 AS schema_id, 0 AS parent_object_id,
        CASE c.relkind WHEN 'v' THEN 'V' ELSE 'U' END::tds."char(2)" AS type,
        CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'USER_TABLE' END::tds."nvarchar(60)" AS type_desc,
            timestamp '2020-01-01'::tds.datetime AS create_date, timestamp '2020-01-01'::tds.datetime AS modify_date, 0::tds.bit AS is_ms_shipped
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN ('tds_server', 'sys', 'tds_information', 'pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
        AND (tds_server.almighty() OR has_any_column_privilege(c.oid, 'SELECT') OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE'));
CREATE VIEW sys.tables AS SELECT *, 0::tds.bit AS is_tracked_by_cdc FROM sys.objects WHERE type = 'U';
CREATE VIEW sys.views AS SELECT * FROM sys.objects WHERE type = 'V';
CREATE VIEW sys.types AS
    SELECT name::tds."nvarchar(128)" COLLATE tds_server.any_case AS name, id::tds.tinyint AS system_type_id, id AS user_type_id, 4 AS schema_id,
        0::tds.bit AS is_user_defined
    FROM (VALUES ('image', 34), ('text', 35), ('uniqueidentifier', 36), ('date', 40), ('time', 41), ('datetime2', 42), ('datetimeoffset', 43),
        ('tinyint', 48), ('smallint', 52), ('int', 56), ('smalldatetime', 58), ('real', 59), ('money', 60),
        ('datetime', 61), ('float', 62), ('ntext', 99), ('bit', 104), ('decimal', 106), ('numeric', 108), ('smallmoney', 122), ('bigint', 127),
            ('varbinary', 165), ('varchar', 167), ('binary', 173), ('char', 175), ('timestamp', 189), ('nvarchar', 231),
        ('nchar', 239), ('xml', 241)) t(name, id);
CREATE VIEW sys.columns AS
    SELECT o.object_id, tds_server.declared(a.attname::text) COLLATE tds_server.any_case AS name, a.attnum::integer AS column_id, k.system_type_id,
        k.user_type_id, t.max_length, t."precision"::tds.tinyint AS "precision", t.scale::tds.tinyint AS scale,
        CASE WHEN t.name IN ('char', 'varchar', 'nchar', 'nvarchar', 'text',
            'ntext') THEN tds_server.setting('collation') END::tds."nvarchar(128)" AS collation_name, (NOT a.attnotnull)::integer::tds.bit AS is_nullable,
        (a.attidentity <> '')::integer::tds.bit AS is_identity, (a.attgenerated <> '')::integer::tds.bit AS is_computed
    FROM sys.objects o JOIN pg_attribute a ON a.attrelid = o.object_id::oid AND a.attnum > 0 AND NOT a.attisdropped CROSS
        JOIN LATERAL tds_server.type_of(a.atttypid, a.atttypmod) t JOIN sys.types k ON k.name = t.name;
-- PostgreSQL has no clustered index; the primary key passes for one. index_id counts from 1, the primary key first.
CREATE VIEW sys.indexes AS
    SELECT i.indrelid::oid::integer AS object_id, c.relname::text::tds."nvarchar(128)" COLLATE tds_server.any_case AS name,
        row_number() OVER (PARTITION BY i.indrelid ORDER BY i.indisprimary DESC, i.indexrelid)::integer AS index_id,
        CASE WHEN i.indisprimary THEN 1 ELSE 2 END::tds.tinyint AS type, CASE WHEN i.indisprimary THEN 'CLUSTERED'
            ELSE 'NONCLUSTERED' END::tds."nvarchar(60)" AS type_desc, i.indisunique::integer::tds.bit AS is_unique,
        i.indisprimary::integer::tds.bit AS is_primary_key, (NOT i.indisvalid)::integer::tds.bit AS is_disabled, 0::tds.bit AS is_hypothetical,
            (i.indpred IS NOT NULL)::integer::tds.bit AS has_filter
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN sys.objects o ON o.object_id = i.indrelid::oid::integer;
CREATE VIEW sys.index_columns AS
    SELECT i.indrelid::oid::integer AS object_id, dense_rank() OVER (PARTITION BY i.indrelid ORDER BY i.indisprimary DESC,
        i.indexrelid)::integer AS index_id, k.place::integer AS index_column_id, k.attribute::integer AS column_id,
        CASE WHEN k.place <= i.indnkeyatts THEN k.place ELSE 0 END::tds.tinyint AS key_ordinal, (k.place <= i.indnkeyatts
            AND (i.indoption::int2[])[k.place - 1] & 1 = 1)::integer::tds.bit AS is_descending_key,
            (k.place > i.indnkeyatts)::integer::tds.bit AS is_included_column
    FROM pg_index i JOIN sys.objects o ON o.object_id = i.indrelid::oid::integer CROSS
        JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attribute, place);
CREATE VIEW sys.partitions AS SELECT o.object_id, 1 AS index_id, 1 AS partition_number, greatest(c.reltuples, 0)::bigint AS rows FROM sys.tables o
    JOIN pg_class c ON c.oid = o.object_id::oid;
CREATE FUNCTION tds_server.col_length(table_name text, column_name text) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT max_length FROM sys.columns WHERE object_id = tds_server.object_id(table_name) AND name = column_name $$;
-- Change Tracking. tds_server.track_changes('visits') switches it on: from then on the keys that transactions write go into a list of that table's own, under a
-- version that is given when they commit, one transaction after the other. Who may read the view changes_visits has VIEW CHANGE TRACKING.
CREATE TABLE tds_server.change_counter (version bigint NOT NULL);
INSERT INTO tds_server.change_counter VALUES (0);
CREATE TABLE tds_server.tracked (table_id integer PRIMARY KEY, begin_version bigint NOT NULL, min_valid_version bigint NOT NULL);
GRANT SELECT ON tds_server.change_counter, tds_server.tracked TO PUBLIC;
CREATE FUNCTION tds_server.note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        key text := TG_ARGV[0];
        list text := 'change_list_' || TG_TABLE_NAME;
        now bigint;
    BEGIN
        IF coalesce(current_setting('tds_server.change_of', true), '') <> txid_current()::text THEN
            UPDATE tds_server.change_counter SET version = version + 1 RETURNING version INTO now;
            PERFORM set_config('tds_server.change_version', now::text, true), set_config('tds_server.change_of', txid_current()::text, true);
        END IF;
        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) -> key <> to_jsonb(NEW) -> key) THEN
            EXECUTE format('INSERT INTO tds_server.%I SELECT ($1).%I, $2, ''D''', list, key) USING OLD, current_setting('tds_server.change_version')::bigint;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            EXECUTE format('INSERT INTO tds_server.%I SELECT ($1).%I, $2, $3', list, key) USING NEW, current_setting('tds_server.change_version')::bigint,
                left(TG_OP, 1);
        END IF;
        RETURN NULL;
    END $$;
CREATE FUNCTION tds_server.track_changes(name text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        id regclass := tds_server.relation(name);
        plain name := (SELECT relname FROM pg_class WHERE oid = id);
        key name := (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = id
            AND i.indisprimary);
    BEGIN
        EXECUTE format('CREATE TABLE tds_server.%I AS SELECT %I FROM %s LIMIT 0', 'change_list_' || plain, key, id);
        EXECUTE format('ALTER TABLE tds_server.%I ADD sys_change_version bigint, ADD sys_change_operation varchar(1)', 'change_list_' || plain);
        EXECUTE format('CREATE VIEW tds_server.%I AS SELECT DISTINCT ON (%I) * FROM tds_server.%I ORDER BY %2$I, sys_change_version DESC',
            'changes_' || plain, key, 'change_list_' || plain);
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
            tds_server.note_change(%L)', 'note changes of ' || plain, id, key);
        INSERT INTO tds_server.tracked SELECT id::oid::integer, version, version FROM tds_server.change_counter;
    END $$;
CREATE FUNCTION tds_server.stop_tracking(name text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        id regclass := tds_server.relation(name);
        plain name := (SELECT relname FROM pg_class WHERE oid = id);
    BEGIN
        EXECUTE format('DROP TRIGGER %I ON %s', 'note changes of ' || plain, id);
        EXECUTE format('DROP TABLE tds_server.%I CASCADE', 'change_list_' || plain);
        DELETE FROM tds_server.tracked WHERE table_id = id::oid::integer;
    END $$;
-- What its retention does: what happened up to now is told no more.
CREATE FUNCTION tds_server.forget_changes(name text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('DELETE FROM tds_server.%I', 'change_list_' || (SELECT relname FROM pg_class WHERE oid = tds_server.relation(name)));
        UPDATE tds_server.tracked SET min_valid_version = (SELECT version FROM tds_server.change_counter) WHERE table_id = tds_server.object_id(name);
    END $$;
CREATE FUNCTION tds_server.sees_changes(id integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT has_table_privilege(v.oid, 'SELECT') FROM pg_class v JOIN pg_class t ON v.relname = 'changes_' || t.relname
        WHERE t.oid = id::oid AND v.relnamespace = 'tds_server'::regnamespace), false) $$;
CREATE VIEW sys.change_tracking_databases AS SELECT tds_server.db_id()::integer AS database_id, 1::tds.bit AS is_auto_cleanup_on, 2 AS retention_period,
    3::tds.tinyint AS retention_period_units WHERE EXISTS (SELECT FROM tds_server.tracked);
CREATE VIEW sys.change_tracking_tables AS SELECT table_id AS object_id, 0::tds.bit AS is_track_columns_updated_on, min_valid_version, begin_version
    FROM tds_server.tracked;
CREATE FUNCTION tds_server.change_tracking_current_version() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT version FROM tds_server.change_counter WHERE EXISTS (SELECT FROM tds_server.tracked) $$;
CREATE FUNCTION tds_server.change_tracking_min_valid_version(id integer) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT min_valid_version FROM tds_server.tracked WHERE table_id = id AND tds_server.sees_changes(id) $$;

CREATE VIEW tds_information.tables AS
    SELECT tds_server.setting('database')::tds."nvarchar(128)" AS table_catalog, 'dbo'::tds."nvarchar(128)" COLLATE tds_server.any_case AS table_schema,
        name AS table_name, CASE type WHEN 'V' THEN 'VIEW' ELSE 'BASE TABLE' END::tds."nvarchar(60)" AS table_type FROM sys.objects;
CREATE VIEW tds_information.columns AS
    SELECT tds_server.setting('database')::tds."nvarchar(128)" AS table_catalog, 'dbo'::tds."nvarchar(128)" COLLATE tds_server.any_case AS table_schema,
        o.name AS table_name, c.name AS column_name, c.column_id AS ordinal_position, NULL::tds."nvarchar(128)" AS column_default,
        CASE WHEN c.is_nullable = 1 THEN 'YES' ELSE 'NO' END::tds."nvarchar(128)" AS is_nullable, t.name AS data_type,
        CASE WHEN t.name IN ('nchar', 'nvarchar') AND c.max_length > 0 THEN c.max_length / 2 WHEN t.name IN ('char', 'varchar', 'nchar', 'nvarchar',
            'binary', 'varbinary') THEN c.max_length WHEN t.name = 'text' THEN 2147483647
            WHEN t.name = 'ntext' THEN 1073741823 END::integer AS character_maximum_length,
        CASE WHEN t.name IN ('bigint', 'int', 'smallint', 'tinyint', 'money', 'smallmoney', 'decimal', 'numeric', 'float',
            'real') THEN c."precision" END::tds.tinyint AS numeric_precision,
        CASE WHEN t.name IN ('bigint', 'int', 'smallint', 'tinyint', 'money', 'smallmoney', 'decimal', 'numeric') THEN c.scale END::integer AS numeric_scale,
        CASE WHEN t.name IN ('date', 'smalldatetime') THEN 0 WHEN t.name IN ('datetime', 'datetime2', 'datetimeoffset',
            'time') THEN c.scale END::smallint AS datetime_precision, c.collation_name
    FROM sys.columns c JOIN sys.objects o ON o.object_id = c.object_id JOIN sys.types t ON t.user_type_id = c.user_type_id;
CREATE VIEW tds_information.key_column_usage AS
    SELECT i.name AS constraint_name, 'dbo'::tds."nvarchar(128)" AS table_schema, o.name AS table_name, c.name AS column_name,
        k.key_ordinal::integer AS ordinal_position
    FROM sys.indexes i JOIN sys.objects o ON o.object_id = i.object_id JOIN sys.index_columns k ON k.object_id = i.object_id
        AND k.index_id = i.index_id JOIN sys.columns c ON c.object_id = i.object_id AND c.column_id = k.column_id WHERE i.is_primary_key = 1;
INSERT INTO tds_server.declared_names SELECT attname, upper(attname) FROM pg_attribute WHERE attrelid IN ('tds_information.tables'::regclass,
    'tds_information.columns'::regclass) AND attnum > 0 ON CONFLICT DO NOTHING;
GRANT SELECT ON ALL TABLES IN SCHEMA sys, tds_information TO PUBLIC;
CREATE EVENT TRIGGER tds_changed ON ddl_command_end EXECUTE FUNCTION tds_server.changed();
CREATE EVENT TRIGGER tds_dropped ON sql_drop EXECUTE FUNCTION tds_server.dropped();
