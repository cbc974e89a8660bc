# What an exchange has to do with it, in tools/demo: it places orders on some of the clinic's patients, and one sees plan items done tooth by tooth, a stage
# reached, a barter limit used up, split and raised, statements, a complaint answered. The clinic's part is written into its base, as its clerks would.
# shellcheck shell=bash
# shellcheck disable=SC2154 # folder, port, build, mis are the demo's

story_told=no story_failed=no story_orders=()

story_can() { [ "$mis" = infoclinica ]; } # the other clinics are written by their own simulators alone

ask_exchange() { # method, path, body: what it answers
    local body=${3:-}
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf '%s %s HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "$(cat "$folder/inbox.token")" "$(printf %s "$body" | wc -c)" "$body" >&3
    cat <&3
    exec 3>&-
}
story_says() { printf '\033[1m-- %s\033[0m\n' "$*"; }
story_sends() { # a message; its id is its own
    ask_exchange POST /messages "$1" | grep -q '"positions"' || { echo "tools/demo: the exchange took no message" >&2; return 1; }
}
story_waits() { # what is waited for, a pattern that the exchange's books match then
    local _
    for _ in $(seq 120); do
        [ "$stopping" = no ] || return 1
        ask_exchange GET /books | grep -q "$2" && return 0
        sleep 0.5 || true
    done
    echo "tools/demo: after a minute still not: $1; see .demo/gateway.log" >&2
    return 1
}
in_base() { printf '%s\n' "$1" | isql-fb -q -b -ch UTF8 -user SYSDBA "$base"; }

story_bill() { # patient, agreement or null, lines of "service number:tooth or null:kopecks": a bill of done work
    local patient=$1 agreement=$2 total=0 lines="" line service tooth kopecks sum
    shift 2
    for line in "$@"; do
        IFS=: read -r service tooth kopecks <<<"$line"
        total=$((total + kopecks))
        lines+="  insert into ORDERDET (ODETID, ORDERNO, SCHCODE, SCHCOUNT, SCHPRICE, SCHAMOUNT, PCODE, DCODE, FILIAL, ZUB)
    values (gen_id(GEN_SIMULATOR, 1), :t, $((990010000000000 + service)), 1, ${kopecks}/100.00, ${kopecks}/100.00, $patient, 990010000000101, 1, $tooth);
"
    done
    sum="$total/100.00, 0, $total/100.00, 0"
    [ "$agreement" = null ] || sum="0, $total/100.00, 0, $total/100.00"
    in_base "set term ^;
execute block as declare t bigint; begin
  t = gen_id(GEN_SIMULATOR, 1);
  insert into TREAT (TREATCODE, PCODE, DCODE, TREATDATE, ORDERNO, FILIAL, JID, CLINICID, KATEG, AMOUNTCL, AMOUNTJP, AMOUNTCL_DISC, AMOUNTJP_DISC, CURSCURR, DOCTYPE, ACCESSLEVEL)
    values (:t, $patient, 990010000000101, current_timestamp, :t, 1, $agreement, 1, 1, $sum, 1, 1, 0);
$lines
end^
commit^"
}

story_item() { printf '{"id": "%s", "nomenclature": "%s", "teeth": [%s], "quantity": "1", "total": {"minor": %s, "currency": "RUB"}}' "$@"; }

# Two patients who pay for themselves so far, by phone and birth date, as an exchange knows them; one whom the clinic does not know.
story() {
    local run first second barter_items
    run=$(date +%s)
    read -r first second < <(in_base "set heading off;
select first 2 c.PCODE || '|' || c.PHONE1 || '|' || cast(c.BDATE as date) from CLIENTS c
where c.PCODE > 0 and c.PHONE1 is not null and not exists (select 1 from CLHISTNUM h where h.PCODE = c.PCODE) order by c.PCODE;" | sed 's/ *$//; s/ //g' | grep '|' | paste -sd' ')
    IFS='|' read -r first first_phone first_born <<<"$first"
    IFS='|' read -r second second_phone second_born <<<"$second"
    story_orders=("B$run" "P$run" "N$run")
    story_says "the exchange places three orders: on a barter limit of 10 000, on a patient's own money, and on somebody whom the clinic does not know"
    barter_items="$(story_item consultation B01.065.001 '' 50000), $(story_item filling-16 A16.07.002 '"16"' 400000), $(story_item filling-26 A16.07.002 '"26"' 400000), $(story_item extraction-48 A16.07.001 '"48"' 300000)"
    story_sends "[
  {\"type\": \"order.placed\", \"id\": \"m1-$run\", \"order\": \"B$run\", \"patient\": {\"phone\": \"$first_phone\", \"birth_date\": \"$first_born\"},
   \"limit\": {\"amount\": {\"minor\": 1000000, \"currency\": \"RUB\"}, \"payer\": \"яБартер Тест\", \"kind\": \"barter\"},
   \"items\": [$barter_items, $(story_item crown-36 A16.07.004 '"36"' 1500000)]},
  {\"type\": \"order.placed\", \"id\": \"m2-$run\", \"order\": \"P$run\", \"patient\": {\"phone\": \"$second_phone\", \"birth_date\": \"$second_born\"},
   \"items\": [$(story_item hygiene A16.07.051 '' 550000), $(story_item filling-11 A16.07.002 '"11"' 451035)]},
  {\"type\": \"order.placed\", \"id\": \"m3-$run\", \"order\": \"N$run\", \"patient\": {\"phone\": \"+7 900 123-45-67\", \"birth_date\": \"1990-01-01\"}, \"items\": [$(story_item filling-16 A16.07.002 '"16"' 400000)]}]"
    story_waits "the orders find their patients" "\"B$run\":\"linked\".*\"N$run\":\"waiting\".*\"P$run\":\"linked\"" || return 1
    story_says "the clinic works on the first: consultation, tooth 16"
    story_bill "$first" 11 1:null:50000 2:"'16'":451035
    story_waits "tooth 16 is done" '"filling-16":"performed"' || return 1
    story_says "tooth 26: the limit is low"
    story_bill "$first" 11 2:"'26'":451035
    story_waits "tooth 26 is done" '"filling-26":"performed"' || return 1
    story_says "tooth 48 comes out: it crosses the limit, and its line is split between the limit and the organization"
    story_bill "$first" 11 7:"'48'":300000
    story_waits "the limit is used up" '"consumed":1252070.*"overrun":252070' || return 1
    story_says "the exchange raises the limit by 5 000: the line is split anew"
    story_sends "{\"type\": \"limit.granted\", \"id\": \"m4-$run\", \"order\": \"B$run\", \"amount\": {\"minor\": 500000, \"currency\": \"RUB\"}}"
    story_waits "nothing is beyond the limit" '"consumed":1252070,[^}]*"granted":1500000,[^}]*"overrun":0' || return 1
    story_says "the patient declines the crown: the order is complete, statements are due"
    story_sends "{\"type\": \"order.amended\", \"id\": \"m5-$run\", \"order\": \"B$run\", \"items\": [$barter_items]}"
    story_waits "the first order is closed" "\"B$run\":\"closed\"" || return 1
    story_says "the second patient is treated, and owes it himself"
    story_bill "$second" null 12:null:550000 2:"'11'":451035
    story_waits "the second order is closed" "\"P$run\":\"closed\"" || return 1
    story_says "he complains; the clinic answers; he is content"
    story_sends "{\"type\": \"feedback.received\", \"id\": \"m6-$run\", \"feedback\": \"F$run\", \"order\": \"P$run\", \"text\": \"Пломба шершавая\", \"rating\": 3}"
    story_waits "the complaint is there" "\"F$run\":\"received\"" || return 1
    echo "Приходите, отполируем бесплатно." >"$folder/answer.txt"
    "$build/mis-gateway" feedback answer "F$run" "$folder/answer.txt" --config "$folder/gateway.yaml" >>"$folder/gateway.log" 2>&1 || return 1
    story_waits "the answer is back" "\"F$run\":\"answered\"" || return 1
    story_sends "[{\"type\": \"feedback.resolved\", \"id\": \"m7-$run\", \"feedback\": \"F$run\", \"satisfied\": true},
  {\"type\": \"statement.requested\", \"id\": \"m8-$run\", \"order\": \"P$run\", \"from\": \"$(date -d '-1 day' +%F)\", \"to\": \"$(date -d '+1 day' +%F)\"}]"
    story_waits "the complaint is resolved" "\"F$run\":\"resolved\"" || return 1
    story_told=yes
}

story_count() { printf '%s' "$stats" | grep -o "\"mis.$1.v1\":[0-9]*" | head -1 | cut -d: -f2 || true; }
story_summary() { # what of it the exchange knows; agree=no where something of the story is not there
    local books type count due
    books=$(ask_exchange GET /books)
    echo "what the exchange had of it:"
    for type in order.waiting order.linked order.closed plan.item.performed plan.item.voided plan.stage.reached limit.low limit.exhausted limit.overrun limit.granted billing.statement feedback.answered feedback.resolved; do
        count=$(story_count $type)
        printf '  %-22s %s\n' $type "${count:-0}"
        [ "$story_told" = no ] || [ "${count:-0}" -gt 0 ] || agree=no
    done
    [ "$story_failed" = no ] || agree=no
    [ "$story_told" = yes ] || { echo "  (the story was not told to its end)"; return; }
    # To the kopeck: of the barter limit 12 520.70 of 15 000, nothing beyond. The second patient may have had more done meanwhile: it is a living clinic.
    printf '%s' "$books" | grep -q '"consumed":1252070,[^}]*"granted":1500000,[^}]*"overrun":0' || agree=no
    due=$(printf '%s' "$books" | grep -o "\"due\":[0-9]*,\"order\":\"${story_orders[1]}\"" | grep -o '[0-9]*' | head -1)
    [ "${due:-0}" -gt 0 ] || agree=no
    printf '%s' "$books" | grep -q '"disputed":0' && printf '%s' "$books" | grep -q '"missing":0' && printf '%s' "$books" | grep -q '"open_change_sets":0' || agree=no
    echo "  barter limit of ${story_orders[0]}: 12520.70 of 15000.00 used, nothing beyond; ${story_orders[1]}: $((due / 100)).$(printf %02d $((due % 100))) due from its patient"
}
