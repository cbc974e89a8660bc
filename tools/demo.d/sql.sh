# The clinic of tools/demo in a base: infoclinica in an embedded Firebird; medialog or ident in a PostgreSQL server of the demo's own, read over ODBC.
# shellcheck shell=bash
case $mis in
    infoclinica) payments="payment payment_advance payment_settlement payment_insurer" ;;
    medialog) payments="payment payment_allocation" ;;
    ident) payments=payment ;;
esac
base=$folder/clinic.fdb
export FIREBIRD=$folder/firebird FIREBIRD_LOCK=$folder/firebird/lock
pg=$(cat "$folder/postgres" 2>/dev/null || true) # of the last run

# PostgreSQL of the demo's own, in a folder under /tmp: root must not run it, and Debian's user for it must reach its files.
postgres() { # a program of PostgreSQL and its arguments
    local program
    program=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)/$1
    shift
    if [ "$(id -u)" = 0 ]; then (cd / && exec setpriv --reuid postgres --regid postgres --clear-groups env HOME="$pg" "$program" "$@"); else "$program" "$@"; fi
}
clinic_cleanup() { if [ -n "$pg" ]; then postgres pg_ctl stop -s -m fast -D "$pg/base" 2>/dev/null || true; fi; }
start_postgres() {
    if [ -z "$pg" ]; then
        pg=$(mktemp -d /tmp/mis-demo-postgres.XXXXXX)
        [ "$(id -u)" != 0 ] || chown postgres: "$pg"
        postgres initdb -D "$pg/base" -U clinic -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >"$folder/postgres.log"
        echo "$pg" >"$folder/postgres"
    fi
    for _ in 1 2 3 4 5; do # somebody else may have the port
        pg_port=$((20000 + RANDOM % 12000))
        postgres pg_ctl start -s -w -D "$pg/base" -l "$pg/server.log" -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$pg -c timezone=$TZ" && return 0
    done
    tail -20 "$pg/server.log" >&2
    return 1
}

clinic_forget() { # what the last run left, unless this one goes on with it
    case $pg in /tmp/mis-demo-postgres.*) [ -d "$pg" ] || pg= ;; *) pg= ;; esac
    clinic_cleanup # a demo that was killed left it running
    if [ "$1" = all ] || { [ $mis != infoclinica ] && [ -z "$pg" ]; }; then
        rm -rf "$folder" ${pg:+"$pg"}
        pg=
    fi
}

clinic_open() { # makes the base or goes on with it; sets what the gateway's configuration says of it
    branches='{"2": Asia/Yekaterinburg}'
    if [ $mis = infoclinica ]; then
        of_base=(--database "$base" --firebird-root "$FIREBIRD") # what the simulator is told
        source="firebird: {database: $base, user: SYSDBA}"
        site='{tooth_column: ZUB, limit_amount: amountrub, appointment_comment_column: COMMENT, goods_wtypes: "9"}'
        [ -f "$folder/mis" ] || say "making a clinic: real Firebird, invented people"
    else
        [ -f "$folder/mis" ] || say "making a clinic: $mis's tables in real PostgreSQL, invented people"
        start_postgres
        of_base=(--database "postgresql://clinic@127.0.0.1:$pg_port/postgres")
        (umask 077 && echo invented >"$folder/mis.password") # the server trusts whoever comes from this machine
        source="odbc: {system: postgresql, host: 127.0.0.1, port: $pg_port, database: postgres, user: mis_gateway, password_file: $folder/mis.password,
           tls: \"off\", keywords: {ConnSettings: \"set search_path to public, tds\"}}"
        site='{tooth_column: NOMER_ZUBA, plan_tooth_column: ZUB, plan_stage_column: ETAP, limit_column: LIMIT_SUMMA, goods_serv_types: T, delete_trace_record: REC_ID, delete_trace_table: TABLE_NAME}'
        [ $mis = medialog ] || site='{line_limit_column: ID_Limit, patient_cancel_reasons: "1,4", doctor_cancel_reasons: "2", no_show_reasons: "3", tooth_bits: "18,17,16,15,14,13,12,11,21,22,23,24,25,26,27,28,48,47,46,45,44,43,42,41,31,32,33,34,35,36,37,38,55,54,53,52,51,61,62,63,64,65,85,84,83,82,81,71,72,73,74,75"}'
    fi
    if [ ! -f "$folder/mis" ]; then
        local make=(create "${of_base[@]}" --mis $mis --patients 200 --procedures 600)
        [ $mis = infoclinica ] || make+=(--history-days 30)
        "$build/mis-simulator" "${make[@]}" --quiet
    fi
}

clinic_live() {
    "$build/mis-simulator" live "${of_base[@]}" --rate "$rate" --seed "$RANDOM" --oracle "$folder/oracle.jsonl" &
    life=$!
    pids+=("$life")
}

clinic_close() {
    kill -INT "$life" 2>/dev/null || true
    # Two embedded processes share locks in memory; one that was killed with -9 can leave the other waiting for ever.
    (sleep 8 && kill -KILL "$life" 2>/dev/null) &
    wait "$life" 2>/dev/null || true
}

clinic_waits_for_night() { # whether nothing differs but cards: one that was merged into another vanishes, which some systems tell no poll
    ! grep '"stream"' "$folder/held.jsonl" | grep -v '"stream":"patient"' | grep -q '"\(missing\|different\|extra\)":[1-9]'
}

of() { printf '%s' "$1" | grep -o "\"$2\":[0-9]*" | head -1 | cut -d: -f2 || true; }
held_of() { grep "\"stream\":\"$1\"" "$folder/held.jsonl" | grep -o '"held":[0-9]*' | cut -d: -f2 || true; }
line() { # name, rows, held, delivered
    printf '%-14s %12s %14s %24s\n' "$1" "$2" "$3" "$4"
    [ "$2" = "$3" ] && [ "$3" = "$4" ] || agree=no
}
clinic_compare() { # prints the summary; agree=no where the three differ
    local rows stats payments_in_mis=0 payments_held=0 stream
    rows=$("$build/mis-simulator" count "${of_base[@]}" --quiet)
    stats=$(curl_stats)
    for stream in $payments; do
        payments_in_mis=$((payments_in_mis + $(of "$rows" "$stream")))
        payments_held=$((payments_held + $(held_of "$stream")))
    done
    printf '%-14s %12s %14s %24s\n' '' 'rows in MIS' 'records held' 'standing at the exchange'
    line appointments "$(of "$rows" appointment)" "$(held_of appointment)" "$(of "$stats" appointments)"
    line procedures "$(of "$rows" procedure)" "$(held_of procedure)" "$(of "$stats" procedures)"
    line payments "$payments_in_mis" "$payments_held" "$(of "$stats" payments)"
}
