#!/usr/bin/env bash
# Row 5: cars are rented while the payment fails half the time for a quarter of the load. The
# breaker keeps most calls from it meanwhile, and lets them through again once it is well.
source "$(dirname "$0")/lib.sh"

seconds=${SECONDS_PER_ROW:-20}
users=20
# The payment is ill from here on, for a quarter of the load.
ill_from=$((seconds * 2 / 5))
ill_for=$((seconds / 4))
order='{"status":"ORDERED","carId":1}'

start_outside --latency-ms 5..15
start_house --business rental <<CONFIG
[ports."rental/payment"]
transport = "http"
url = "$outside/payment"

# Half of the calls is what opens a gate by default, and half of them is what fails here.
[gates."rental/payment"]
failure_rate = 0.3
minimum_calls = 20
CONFIG
say '{"status":"rentable","cnt":1000000}' -f -o /dev/null "$house/cars"

# calls_until FILE: writes down how often the payment was called in each tenth of a second, and
# whether it was ill, until the file that is given is there.
calls_until() {
  while [ ! -e "$1" ]; do
    echo "$(date +%s%3N) $(ledger payment calls)"
    sleep 0.1
  done
}

calls_until "$folder/over" >"$folder/calls" &
begin_ms=$(now_ms)
load_with --users "$users" --seconds "$seconds" --timeline --created "$folder/created" \
  --body "$order" "$house/orders" &
loading=$!
sleep "$ill_from"
well_calls=$(ledger payment calls)
change payment '{"failure_rate": 0.5}'
sleep "$ill_for"
ill_calls=$(($(ledger payment calls) - well_calls))
change payment '{"failure_rate": 0}'
healed_ms=$(($(now_ms) - begin_ms))
wait "$loading"
touch "$folder/over"

served=$(told '((.status."201" // 0)
    + ((.classes.turned_away.count // 0) + (.classes.in_vain.count // 0)) * (.retry_after_share // 0))
  / (.answered + .lost)')
# What would have gone out in the same time without a breaker is what went out while all was well.
calls_share=$(jq -n "$ill_calls / ($well_calls * $ill_for / $ill_from)")
# The first tenth of a second after which at least nine tenths succeed, and go on doing so.
recovered_ms=$(told '.timeline as $ticks | [range($ticks | length)] | map(select(. * 100 >= '"$healed_ms"'))
  | map(select($ticks[.] | (."2xx" // 0) < 9 * ((.turned_away // 0) + (.in_vain // 0)))) | (max // -1)
  | if . < 0 then 0 else (. + 1) * 100 - '"$healed_ms"' end')
# A herd would be seen as more calls in a tenth of a second than when all was well.
herd=$(awk -v begin="$begin_ms" -v ill="$((ill_from * 1000))" -v healed="$healed_ms" '
  NR > 1 && $1 > at { rate = ($2 - calls) / ($1 - at)
    if ($1 - begin < ill && rate > well) well = rate
    if ($1 - begin > healed && rate > after) after = rate }
  { at = $1; calls = $2 }
  END { printf "%.2f", (well ? after / well : 0) }' "$folder/calls")
ensure "the books agree" books_agree orders id "Paid|Confirmed" "$folder/created"
ensure "all that is remembered is sound" verified
line "rental: $users users, ${seconds} s, payment fails half the time for $ill_for s" \
  "≥ 95 % as wanted or refused with Retry-After; outside calls meanwhile ≤ 20 %; recovered ≤ 2 s without a herd" \
  "$(percent "$served"), of which $(told '.status."201" // 0') × 201; $(percent "$calls_share") of the calls; recovered after $recovered_ms ms, then $herd of the calls at most; $books" \
  "$served >= 0.95" "$calls_share <= 0.2" "$recovered_ms <= 2000" "$herd <= 1.5"
