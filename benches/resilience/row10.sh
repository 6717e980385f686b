#!/usr/bin/env bash
# Row 10: one poisoned aggregate is commanded 10,000 times while others are used.
#
# The same number of commands to one that is well, and refuses them, is what they cost without the
# poison: in processor time, and to the others.
source "$(dirname "$0")/lib.sh"

commands=10000
# While others order, the commands have all of this time.
seconds=${SECONDS_PER_ROW:-20}

start_house --business taxi --allow-faults <<<""

# said BODY [CURL ARGUMENT...] URL: says something, and prints the status of the answer.
said() { say "$1" -o /dev/null -w '%{http_code}\n' "${@:2}"; }

# commanded BODY: commands the first order 10,000 times.
commanded() {
  said "$1" -X PATCH "$house/taxi/orders/1?[1-$commands]"
}

# beside_others NAME BODY: the commands, paced so that they take as long as the load of the others.
beside_others() {
  order_with_wrk "$1" "$seconds" &
  local loading=$! pause
  pause=$(jq -n "$seconds * 0.7 / 100")
  for _ in $(seq 100); do
    said "$2" -X PATCH "$house/taxi/orders/1?[1-$((commands / 100))]"
    sleep "$pause"
  done
  wait "$loading"
}

# spent_us_by COMMAND...: the processor time that each command took of the server, in microseconds.
spent_us_by() {
  local before
  before=$(ticks)
  "$@" >/dev/null
  echo $((($(ticks) - before) * 1000000 / $(getconf CLK_TCK) / commands))
}

ticks() { awk '{ print $14 + $15 }' "/proc/$house_pid/stat"; }

said "$order" "$house/taxi/orders" >/dev/null
order_with_wrk warm "$((seconds / 2))"
beside_others well '{"status":"nonsense"}' >/dev/null
well_us=$(spent_us_by commanded '{"status":"nonsense"}')

said '{"fault":"poison","resource":"taxi/orders","number":1}' "$house/admin/faults" >/dev/null
beside_others poisoned '{"status":"cancel"}' >"$folder/answers"
poisoned_us=$(spent_us_by commanded '{"status":"cancel"}')

crashes=$(curl -sSf "$house/admin/quarantine" | jq '._embedded.quarantine[0].crashes')
wrk_told well
well_ms=$p99_ms errors=$((refused + broken))
wrk_told poisoned
errors=$((errors + refused + broken))
ratio=$(jq -n "$p99_ms / $well_ms")
ensure "all that is remembered is sound" verified
line "one poisoned aggregate commanded $(wc -l <"$folder/answers") times in ${seconds} s, while 16 users order" \
  "quarantined after 5 crashes, bounded cost, p99 of others ≤ 1.2 times" \
  "quarantined after $crashes, $poisoned_us µs of processor time each instead of $well_us, p99 of others $p99_ms ms instead of $well_ms ($(rounded "$ratio" 2)), $errors errors in $placed" \
  "$crashes == 5" "$poisoned_us <= $well_us + 100" "$ratio <= 1.2" "$errors == 0"
