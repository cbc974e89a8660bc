# The clinic of tools/demo behind a service of its own: tools/rest_clinic, one module per connector of kind http.
# shellcheck shell=bash
clinic_cleanup() { :; } # the service is among pids
clinic_forget() { # what the last run left, unless this one goes on with it
    local left
    left=$(cat "$folder/clinic.pid" 2>/dev/null || true) # a demo that was killed left it running, on the port that we need
    if [ -n "$left" ] && [ -r "/proc/$left/cmdline" ] && tr '\0' ' ' <"/proc/$left/cmdline" | grep -q "rest_clinic/main.mjs .*$folder/"; then
        kill "$left" 2>/dev/null || true
        sleep 1
    fi
    if [ "$1" = all ]; then rm -rf "$folder"; fi
}

clinic_open() { # starts the service; sets what the gateway's configuration says of it
    [ -f "$folder/mis" ] || say "making a clinic: a scripted service that speaks $mis's protocol, invented people"
    node tools/rest_clinic/main.mjs $mis --state "$folder/clinic.json" --rate "$rate" --seed "$RANDOM" >"$folder/clinic.log" &
    life=$!
    pids+=("$life")
    echo "$life" >"$folder/clinic.pid"
    for _ in $(seq 200); do
        grep -q '^{' "$folder/clinic.log" && break
        kill -0 "$life" 2>/dev/null || exit 1
        sleep 0.1
    done
    told() { head -1 "$folder/clinic.log" | node -e 'const told = JSON.parse(require("fs").readFileSync(0, "utf8"))[process.argv[1]]; process.stdout.write(typeof told === "string" ? told : JSON.stringify(told ?? {}))' "$1"; }
    (umask 077 && told secret >"$folder/service.secret")
    source="http: {url: \"$(told url)\", user: \"$(told user | sed 's/^{}$//')\", secret_file: $folder/service.secret, per_second: 1000, per_minute: 60000}"
    if [ "$(told register)" = true ]; then source+=$'\n    register: true'; fi
    site=$(told site)
    branches=$(told branches)
    tail -n 0 -f "$folder/clinic.log" & # what the clinic does, among what arrives
    pids+=($!)
}

clinic_live() { kill -USR2 "$life"; }
clinic_close() { kill -INT "$life"; }
clinic_waits_for_night() { # whether nothing differs but rows that are gone: of some lists only the comparison of everything tells
    ! grep '"stream"' "$folder/held.jsonl" | grep -q '"\(missing\|different\)":[1-9]'
}
clinic_compare() {
    cp "$folder/received.jsonl" "$folder/believed.jsonl" # the receiver still writes
    node tools/rest_clinic/compare.mjs $mis --state "$folder/clinic.json" --held "$folder/held.jsonl" --events "$folder/believed.jsonl" || agree=no
}
