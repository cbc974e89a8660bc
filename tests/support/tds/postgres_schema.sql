-- What T-SQL expects of a server, in PostgreSQL: functions (tds_server), catalog views (sys, tds_information), and domains (tds), which
-- a vendor's tables may have brought before. Installed once per base by postgres.mjs, which keeps
-- settings of the session in tds.*: database, databases (comma between), snapshot, read_committed_snapshot, level, collation, login, host, application, spid.
CREATE SCHEMA IF NOT EXISTS tds;
CREATE SCHEMA tds_server;
CREATE SCHEMA sys;
CREATE SCHEMA tds_information;
GRANT USAGE ON SCHEMA tds, tds_server, sys, tds_information TO PUBLIC;
DO $domains$
    DECLARE
        wanted text;
    BEGIN
        FOREACH wanted IN ARRAY ARRAY[
            $$tds.bit AS smallint CHECK (VALUE IN (0, 1))$$,
            $$tds.tinyint AS smallint CHECK (VALUE BETWEEN 0 AND 255)$$,
            $$tds.money AS numeric(19,4)$$,
            $$tds.smallmoney AS numeric(10,4)$$,
            $$tds.datetime AS timestamp(3)$$,
            $$tds.smalldatetime AS timestamp(0)$$,
            $$tds."datetime2(7)" AS timestamp(6)$$,
            $$tds."datetimeoffset(7)" AS timestamptz(6)$$,
            $$tds."nvarchar(128)" AS varchar(128)$$,
            $$tds."nvarchar(60)" AS varchar(60)$$,
            $$tds."char(2)" AS char(2)$$,
            $$tds.uniqueidentifier AS uuid$$,
            $$tds.rowversion AS bytea CHECK (length(VALUE) = 8)$$
        ] LOOP
            BEGIN
                EXECUTE 'CREATE DOMAIN ' || wanted;
            EXCEPTION WHEN duplicate_object THEN NULL; -- a vendor's tables have brought it
            END;
        END LOOP;
    END $domains$;
CREATE COLLATION tds_server.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- Names as a table's DDL wrote them, where PostgreSQL holds them in lower case.
CREATE TABLE tds_server.declared_names (word text PRIMARY KEY, name text NOT NULL);
GRANT SELECT ON tds_server.declared_names TO PUBLIC;
CREATE FUNCTION tds_server.declared(word text) RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT coalesce((SELECT name FROM tds_server.declared_names n
    WHERE n.word = $1), $1) $$;
CREATE FUNCTION tds_server.setting(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('tds.' || name, true) $$;

-- A server keeps what it has read of the catalog until a table changes, through it or past it.
CREATE FUNCTION tds_server.changed() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp') THEN NOTIFY tds_changed; END IF;
    END $$;
CREATE FUNCTION tds_server.dropped() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary) THEN NOTIFY tds_changed; END IF;
    END $$;

-- Operators of T-SQL: + joins texts, a number of days is added to a time, a boolean is 0 or 1.
CREATE FUNCTION tds_server.joined(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || $2 $$;
CREATE OPERATOR tds_server.+ (LEFTARG = text, RIGHTARG = text, FUNCTION = tds_server.joined);
CREATE FUNCTION tds_server.days_later(timestamp, integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + $2 * interval '1 day' $$;
CREATE OPERATOR tds_server.+ (LEFTARG = timestamp, RIGHTARG = integer, FUNCTION = tds_server.days_later);
CREATE FUNCTION tds_server.days_before(timestamp, integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 - $2 * interval '1 day' $$;
CREATE OPERATOR tds_server.- (LEFTARG = timestamp, RIGHTARG = integer, FUNCTION = tds_server.days_before);
CREATE FUNCTION tds_server.days_later(timestamp, numeric) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + $2::double precision * interval '1 day' $$;
CREATE OPERATOR tds_server.+ (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = tds_server.days_later);
CREATE FUNCTION tds_server.days_before(timestamp, numeric) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 - $2::double precision * interval '1 day' $$;
CREATE OPERATOR tds_server.- (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = tds_server.days_before);
CREATE FUNCTION tds_server.both_times(timestamp, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + ($2 - timestamp '1900-01-01') $$;
CREATE OPERATOR tds_server.+ (LEFTARG = timestamp, RIGHTARG = timestamp, FUNCTION = tds_server.both_times);
CREATE FUNCTION tds_server.is_number(boolean, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 = ($2 <> 0) $$;
CREATE OPERATOR tds_server.= (LEFTARG = boolean, RIGHTARG = integer, FUNCTION = tds_server.is_number);

-- Times. A datetime counts in 1/300 s and shows as .000, .003, .007.
CREATE FUNCTION tds_server.rounded(timestamp) RETURNS tds.datetime LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc('second', $1) + round(round(extract(microseconds FROM $1) % 1000000 * 300 / 1000000) * 10 / 3) * interval '1 millisecond' $$;
CREATE FUNCTION tds_server.getdate() RETURNS tds.datetime LANGUAGE sql VOLATILE AS $$ SELECT tds_server.rounded(clock_timestamp()::timestamp) $$;
CREATE FUNCTION tds_server.getutcdate() RETURNS tds.datetime LANGUAGE sql VOLATILE AS $$ SELECT tds_server.rounded(clock_timestamp() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION tds_server.sysdatetime() RETURNS tds."datetime2(7)" LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp()::timestamp $$;
CREATE FUNCTION tds_server.sysutcdatetime() RETURNS tds."datetime2(7)" LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() AT TIME ZONE 'UTC' $$;
CREATE FUNCTION tds_server.sysdatetimeoffset() RETURNS tds."datetimeoffset(7)" LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;
-- What is given where a time is wanted: a number counts days from 1900.
CREATE FUNCTION tds_server.moment(timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE FUNCTION tds_server.moment(timestamptz) RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT $1::timestamp $$;
CREATE FUNCTION tds_server.moment(date) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE FUNCTION tds_server.moment(time) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT date '1900-01-01' + $1 $$;
CREATE FUNCTION tds_server.moment(integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT timestamp '1900-01-01' + $1 * interval '1 day' $$;
CREATE FUNCTION tds_server.moment(text) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT $1::timestamp $$;
CREATE FUNCTION tds_server.minute_of(timestamp) RETURNS tds.smalldatetime LANGUAGE sql IMMUTABLE AS $$ SELECT date_trunc('minute', $1 + interval '30 seconds') $$;
CREATE FUNCTION tds_server.later(part text, count bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
    SELECT moment + count * CASE part WHEN 'quarter' THEN interval '3 months' WHEN 'weekday' THEN interval '1 day'
        WHEN 'dayofyear' THEN interval '1 day' ELSE ('1 ' || part)::interval END $$;
CREATE FUNCTION tds_server.dateadd(part text, count bigint, moment timestamp) RETURNS tds.datetime LANGUAGE sql IMMUTABLE AS $$
    SELECT tds_server.rounded(tds_server.later(part, count, moment)) $$;
CREATE FUNCTION tds_server.dateadd(part text, count bigint, moment date) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT tds_server.later(part, count,
    moment::timestamp)::date $$;
CREATE FUNCTION tds_server.datediff_big(part text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE part
        WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
        WHEN 'quarter' THEN (extract(year FROM b) * 4 + extract(quarter FROM b)) - (extract(year FROM a) * 4 + extract(quarter FROM a))
        WHEN 'month' THEN (extract(year FROM b) * 12 + extract(month FROM b)) - (extract(year FROM a) * 12 + extract(month FROM a))
        WHEN 'week' THEN (date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date) / 7
        WHEN 'day' THEN b::date - a::date WHEN 'dayofyear' THEN b::date - a::date WHEN 'weekday' THEN b::date - a::date
        WHEN 'hour' THEN floor(extract(epoch FROM b) / 3600) - floor(extract(epoch FROM a) / 3600)
        WHEN 'minute' THEN floor(extract(epoch FROM b) / 60) - floor(extract(epoch FROM a) / 60)
        WHEN 'second' THEN floor(extract(epoch FROM b)) - floor(extract(epoch FROM a))
        WHEN 'millisecond' THEN floor(extract(epoch FROM b) * 1000) - floor(extract(epoch FROM a) * 1000)
        WHEN 'microsecond' THEN floor(extract(epoch FROM b) * 1000000) - floor(extract(epoch FROM a) * 1000000) END)::bigint $$;
CREATE FUNCTION tds_server.datediff(part text, a timestamp, b timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT tds_server.datediff_big(part, a, b)::integer $$;
CREATE FUNCTION tds_server.datepart(part text, moment timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE part
        WHEN 'year' THEN extract(year FROM moment) WHEN 'quarter' THEN extract(quarter FROM moment) WHEN 'month' THEN extract(month FROM moment)
            WHEN 'day' THEN extract(day FROM moment)
        WHEN 'dayofyear' THEN extract(doy FROM moment) WHEN 'weekday' THEN extract(dow FROM moment) + 1 WHEN 'iso_week' THEN extract(week FROM moment)
        WHEN 'week' THEN (date_trunc('week', moment + interval '1 day')::date - date_trunc('week', date_trunc('year', moment) + interval '1 day')::date) / 7 + 1
        WHEN 'hour' THEN extract(hour FROM moment) WHEN 'minute' THEN extract(minute FROM moment) WHEN 'second' THEN floor(extract(second FROM moment))
        WHEN 'millisecond' THEN floor(extract(milliseconds FROM moment)::integer % 1000) WHEN 'microsecond' THEN extract(microseconds
            FROM moment)::integer % 1000000 END)::integer $$;
CREATE FUNCTION tds_server.datename(part text, moment timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE part WHEN 'month' THEN to_char(moment, 'FMMonth') WHEN 'weekday' THEN to_char(moment, 'FMDay') ELSE tds_server.datepart(part, moment)::text END $$;
CREATE FUNCTION tds_server.year(timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT extract(year FROM $1)::integer $$;
CREATE FUNCTION tds_server.month(timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT extract(month FROM $1)::integer $$;
CREATE FUNCTION tds_server.day(timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT extract(day FROM $1)::integer $$;
CREATE FUNCTION tds_server.eomonth(moment timestamp, months integer DEFAULT 0) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT (date_trunc('month',
    moment) + (months + 1) * interval '1 month' - interval '1 day')::date $$;

-- CONVERT with a style, and what only looks like a cast.
CREATE FUNCTION tds_server.pattern(style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE style WHEN 101 THEN 'MM/DD/YYYY' WHEN 102 THEN 'YYYY.MM.DD' WHEN 103 THEN 'DD/MM/YYYY' WHEN 104 THEN 'DD.MM.YYYY'
        WHEN 105 THEN 'DD-MM-YYYY' WHEN 108 THEN 'HH24:MI:SS' WHEN 110 THEN 'MM-DD-YYYY'
        WHEN 111 THEN 'YYYY/MM/DD' WHEN 112 THEN 'YYYYMMDD' WHEN 114 THEN 'HH24:MI:SS:MS' WHEN 23 THEN 'YYYY-MM-DD'
            WHEN 20 THEN 'YYYY-MM-DD HH24:MI:SS' WHEN 120 THEN 'YYYY-MM-DD HH24:MI:SS'
        WHEN 21 THEN 'YYYY-MM-DD HH24:MI:SS.MS' WHEN 121 THEN 'YYYY-MM-DD HH24:MI:SS.MS' WHEN 126 THEN 'YYYY-MM-DD"T"HH24:MI:SS.MS'
            WHEN 127 THEN 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' END $$;
CREATE FUNCTION tds_server.styled(moment timestamp, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN style IN (126, 127) THEN regexp_replace(to_char(moment, tds_server.pattern(style)), '\.000(Z?)$', '\1') ELSE to_char(moment, tds_server.pattern(style)) END $$;
CREATE FUNCTION tds_server.styled(moment date, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT to_char(moment, tds_server.pattern(style)) $$;
CREATE FUNCTION tds_server.styled(moment time, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT to_char(date '1900-01-01' + moment,
    tds_server.pattern(style)) $$;
CREATE FUNCTION tds_server.styled(value bytea, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE style WHEN 1 THEN '0x'
    ELSE '' END || upper(encode(value, 'hex')) $$;
CREATE FUNCTION tds_server.styled(value numeric, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT value::text $$;
CREATE FUNCTION tds_server.styled(value text, style integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION tds_server.from_styled(value text, style integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN style IN (101, 103, 104, 105, 110) THEN to_timestamp(value, tds_server.pattern(style))::timestamp ELSE value::timestamp END $$;
CREATE FUNCTION tds_server.from_hex(value text, style integer, size integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT substring(decode(CASE style WHEN 1 THEN substring(value FROM 3) ELSE value END, 'hex') FROM 1 FOR size) $$;
CREATE FUNCTION tds_server.whole(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT trunc(value) $$;
CREATE FUNCTION tds_server.whole(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT trunc(value) $$;
CREATE FUNCTION tds_server.whole(value bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION tds_server.whole(value integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION tds_server.whole(value boolean) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT value::integer $$;
CREATE FUNCTION tds_server.whole(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION tds_server.whole(value bytea) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || right('0000000000000000' || encode(value, 'hex'),
    16))::bit(64)::bigint $$;
CREATE FUNCTION tds_server.truth(double precision) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$ SELECT ($1 <> 0)::integer::smallint $$;
CREATE FUNCTION tds_server.truth(boolean) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$ SELECT $1::integer::smallint $$;
CREATE FUNCTION tds_server.truth(text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE lower($1) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE ($1::bigint <> 0)::integer END)::smallint $$;
CREATE FUNCTION tds_server.bytes(value bytea, size integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT substring(value FROM 1 FOR size) $$;
CREATE FUNCTION tds_server.bytes(value bigint, size integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN size <= 8 THEN substring(int8send(value) FROM 9 - size) ELSE decode(repeat('00', size - 8), 'hex') || int8send(value) END $$;
CREATE FUNCTION tds_server.bytes(value text, size integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT substring(convert_to(value, 'WIN1251')
    FROM 1 FOR size) $$;
CREATE FUNCTION tds_server.try_cast(value text, sample anyelement) RETURNS anyelement LANGUAGE plpgsql STABLE AS $$
    DECLARE made ALIAS FOR $0;
    BEGIN
        EXECUTE format('SELECT CAST($1 AS %s)', pg_typeof(sample)) INTO made USING value;
        RETURN made;
    EXCEPTION WHEN others THEN RETURN NULL;
    END $$;
CREATE FUNCTION tds_server.len(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length(rtrim($1, ' ')) $$;
CREATE FUNCTION tds_server.len(numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1::text) $$;
CREATE FUNCTION tds_server.datalength(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) * 2 $$;
CREATE FUNCTION tds_server.datalength(bytea) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE FUNCTION tds_server.charindex(sought text, within text, start integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE place WHEN 0 THEN 0 ELSE place + start - 1 END FROM strpos(lower(substring(within COLLATE "und-x-icu" FROM start)),
        lower(sought COLLATE "und-x-icu")) place $$;
CREATE FUNCTION tds_server.replace(within text, sought text, replacement text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.replace(within COLLATE "und-x-icu", sought, replacement) $$;
CREATE FUNCTION tds_server.stuff(within text, start integer, count integer, replacement text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(within PLACING coalesce(replacement, '') FROM start FOR count) $$;
CREATE FUNCTION tds_server.isnumeric(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT ($1 ~ '^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$')::integer $$;
CREATE FUNCTION tds_server.power(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT trunc(pg_catalog.power($1::numeric, $2))::integer $$;
CREATE FUNCTION tds_server.power(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT trunc(pg_catalog.power($1::numeric, $2))::bigint $$;
CREATE FUNCTION tds_server.power(double precision, double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.power($1, $2) $$;
CREATE FUNCTION tds_server.square(double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT $1 * $1 $$;
CREATE FUNCTION tds_server.str(value double precision, size integer DEFAULT 10, decimals integer DEFAULT 0) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lpad(round(value::numeric, decimals)::text, size) $$;

-- Rowversions. Who takes his first one in a transaction holds a lock named after a number that is not above it; the lowest such lock that is held is what may
-- still come. The lock is taken before the number, and whoever asks looks at the numbers before he looks at the locks: so nothing slips through between.
-- A vendor's tables may bring their own counter, tds.dbts, before or after.
CREATE SEQUENCE tds_server.rowversions START 2001;
GRANT USAGE, SELECT ON SEQUENCE tds_server.rowversions TO PUBLIC;
CREATE FUNCTION tds_server.counter() RETURNS regclass LANGUAGE sql STABLE AS $$ SELECT coalesce(to_regclass('tds.dbts'), 'tds_server.rowversions'::regclass) $$;
CREATE FUNCTION tds_server.last_rowversion() RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
    DECLARE
        last bigint;
    BEGIN
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', tds_server.counter()) INTO last;
        RETURN last;
    END $$;
CREATE FUNCTION tds_server.next_rowversion() RETURNS tds.rowversion LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
    BEGIN
        IF coalesce(current_setting('tds_server.rowversion_of', true), '') <> txid_current()::text THEN
            PERFORM pg_advisory_xact_lock_shared(7410, (tds_server.last_rowversion() + 1)::integer);
            PERFORM set_config('tds_server.rowversion_of', txid_current()::text, true);
        END IF;
        RETURN int8send(nextval(tds_server.counter()));
    END $$;
CREATE FUNCTION tds_server.dbts() RETURNS tds.rowversion LANGUAGE sql VOLATILE AS $$ SELECT int8send(tds_server.last_rowversion()) $$;
CREATE FUNCTION tds_server.min_active_rowversion() RETURNS tds.rowversion LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
        after bigint := tds_server.last_rowversion() + 1;
        held bigint;
    BEGIN
        SELECT min(objid::bigint) INTO held FROM pg_locks WHERE locktype = 'advisory' AND classid = 7410 AND database = (SELECT oid FROM pg_database
            WHERE datname = current_database());
        RETURN int8send(least(after, held));
    END $$;

-- Who asks, and what he may.
CREATE FUNCTION tds_server.db_name() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('database') $$;
CREATE FUNCTION tds_server.db_id(name text DEFAULT NULL) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT (array_position(string_to_array(lower(tds_server.setting('databases')), ','), lower(coalesce(name, tds_server.setting('database')))) + 4)::smallint $$;
CREATE FUNCTION tds_server.original_login() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('login') $$;
CREATE FUNCTION tds_server.suser_sname() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('login') $$;
CREATE FUNCTION tds_server.suser_name() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('login') $$;
CREATE FUNCTION tds_server.user_name() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('login') $$;
CREATE FUNCTION tds_server.host_name() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('host') $$;
CREATE FUNCTION tds_server.app_name() RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.setting('application') $$;
CREATE FUNCTION tds_server.almighty() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT rolsuper FROM pg_roles WHERE rolname = current_user $$;
CREATE FUNCTION tds_server.relation(name text) RETURNS regclass LANGUAGE sql STABLE AS $$
    SELECT to_regclass(quote_ident(lower(regexp_replace(regexp_replace(name COLLATE "C", '^.*\.', ''), '[\[\]"]', '', 'g')))) $$;
CREATE FUNCTION tds_server.object_id(name text, kind text DEFAULT NULL) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT tds_server.relation(name)::oid::integer $$;
CREATE FUNCTION tds_server.object_name(id bigint) RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT tds_server.declared(relname) FROM pg_class WHERE oid = id $$;
CREATE FUNCTION tds_server.schema_name(id integer DEFAULT 1) RETURNS tds."nvarchar(128)" LANGUAGE sql STABLE AS $$ SELECT CASE id WHEN 1 THEN 'dbo'
    WHEN 4 THEN 'sys' END $$;
CREATE FUNCTION tds_server.is_srvrolemember(role text) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT tds_server.almighty()::integer $$;
CREATE FUNCTION tds_server.is_rolemember(role text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT (tds_server.almighty() OR CASE lower(role) WHEN 'public' THEN true WHEN 'db_datareader' THEN pg_has_role(current_user, 'pg_read_all_data',
        'MEMBER') WHEN 'db_datawriter' THEN pg_has_role(current_user, 'pg_write_all_data', 'MEMBER') ELSE false END)::integer $$;
CREATE FUNCTION tds_server.is_member(role text) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT tds_server.is_rolemember(role) $$;
CREATE FUNCTION tds_server.has_dbaccess(name text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT (lower(name) = ANY (string_to_array(lower(tds_server.setting('databases')), ',')))::integer $$;
CREATE FUNCTION tds_server.permissions(kind text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind WHEN 'OBJECT' THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'ALTER', 'CONTROL', 'VIEW DEFINITION',
        'VIEW CHANGE TRACKING']
        WHEN 'DATABASE' THEN ARRAY['CONNECT', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'CREATE TABLE', 'CREATE PROCEDURE', 'ALTER',
            'CONTROL', 'VIEW DATABASE STATE', 'VIEW DEFINITION']
        ELSE ARRAY['CONNECT SQL', 'VIEW ANY DATABASE', 'VIEW SERVER STATE', 'ALTER ANY LOGIN', 'CONTROL SERVER'] END $$;
CREATE FUNCTION tds_server.has_perms_by_name(name text, kind text, permission text, part text DEFAULT NULL, part_kind text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql STABLE AS $$
    DECLARE
        class text := upper(coalesce(kind, 'SERVER'));
        wanted text := upper(permission);
        thing regclass;
    BEGIN
        IF tds_server.almighty() THEN RETURN 1; END IF;
        IF class IN ('OBJECT', 'SCHEMA OBJECT') THEN
            thing := tds_server.relation(name);
            IF thing IS NULL THEN RETURN NULL; END IF;
            IF wanted = 'ANY' THEN RETURN (has_table_privilege(thing, 'SELECT, INSERT, UPDATE, DELETE'))::integer; END IF;
            IF wanted = 'VIEW DEFINITION' THEN RETURN has_table_privilege(thing, 'SELECT')::integer; END IF;
            IF wanted = 'VIEW CHANGE TRACKING' THEN RETURN tds_server.sees_changes(thing::oid::integer)::integer; END IF;
            IF wanted NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES') THEN RETURN (SELECT pg_get_userbyid(relowner) = current_user
                FROM pg_class WHERE oid = thing)::integer; END IF;
            IF part IS NOT NULL AND wanted <> 'DELETE' THEN RETURN has_column_privilege(thing, lower(part), wanted)::integer; END IF;
            RETURN has_table_privilege(thing, wanted)::integer;
        ELSIF class = 'DATABASE' THEN
            RETURN CASE wanted WHEN 'CONNECT' THEN 1 WHEN 'SELECT' THEN pg_has_role(current_user, 'pg_read_all_data', 'MEMBER')::integer
                WHEN 'CREATE TABLE' THEN has_schema_privilege('public', 'CREATE')::integer WHEN 'ANY' THEN 1 ELSE CASE WHEN wanted IN ('INSERT',
                    'UPDATE', 'DELETE') THEN pg_has_role(current_user, 'pg_write_all_data', 'MEMBER')::integer ELSE 0 END END;
        ELSIF class = 'SERVER' THEN RETURN (wanted IN ('CONNECT SQL', 'VIEW ANY DATABASE', 'ANY'))::integer;
        END IF;
        RETURN NULL;
    END $$;
CREATE FUNCTION sys.fn_my_permissions(name text, kind text) RETURNS TABLE (entity_name tds."nvarchar(128)", subentity_name tds."nvarchar(128)",
    permission_name tds."nvarchar(60)") LANGUAGE sql STABLE AS $$
    SELECT coalesce(name, lower(kind)), '', permission FROM unnest(tds_server.permissions(upper(kind))) permission WHERE tds_server.has_perms_by_name(name, kind,
        permission) = 1 $$;
CREATE FUNCTION tds_server.fn_my_permissions(name text, kind text) RETURNS TABLE (entity_name tds."nvarchar(128)", subentity_name tds."nvarchar(128)",
    permission_name tds."nvarchar(60)") LANGUAGE sql STABLE AS $$ SELECT * FROM sys.fn_my_permissions(name, kind) $$;
