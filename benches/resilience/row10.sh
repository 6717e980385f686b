#!/usr/bin/env bash
# Row 10: one poisoned aggregate is commanded 10,000 times while others are used. Prints a row of a
# Markdown table, and fails when it misses its aim.
#
#   benches/resilience/row10.sh          (needs wrk, curl and jq)
#
# MADANG names the binary (target/release/madang), COMMANDS how often the aggregate is commanded.
set -euo pipefail
cd "$(dirname "$0")/../.."

madang=${MADANG:-target/release/madang}
commands=${COMMANDS:-10000}
seconds=${SECONDS_PER_LOAD:-20}
folder=$(mktemp -d "${TMPDIR:-/tmp}/row10.XXXXXX")
pids=()

finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

fail() { echo "row 10: $*" >&2; exit 1; }

"$madang" serve --business taxi --allow-faults --data "$folder/data" --listen 127.0.0.1:0 \
  >"$folder/server.log" 2>&1 &
server=$!
pids+=("$server")
for _ in $(seq 200); do
  url=http://$(grep -oEm1 '127\.0\.0\.1:[0-9]+' "$folder/server.log") && break
  sleep 0.05
done

said() { curl -s -o /dev/null -w '%{http_code}\n' -H 'content-type: application/json' "$@"; }

# load NAME: others place orders; how many, how many not, and the 99th percentile in ms.
load() {
  wrk -t1 -c16 -d"${seconds}s" -s benches/resilience/orders.lua "$url" >"$folder/$1" 2>&1
}

# spent: ticks of processor time that the server has used.
spent() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }

said -d '{"orderType":"basic","name":"x"}' "$url/taxi/orders" >/dev/null
load warm
load calm
# The same number of refusals of one that is well is what the commands cost without the poison.
paced() {
  for _ in $(seq 100); do
    said -X PATCH -d "$1" "$url/taxi/orders/1?[1-$((commands / 100))]"
    sleep 0.05
  done
}

load both &
paced '{"status":"nonsense"}' >"$folder/nonsense"
wait $!
begun=$(spent)
paced '{"status":"nonsense"}' >/dev/null
without=$(($(spent) - begun))

said -d '{"fault":"poison","resource":"taxi/orders","number":1}' "$url/admin/faults" >/dev/null
load poisoned &
paced '{"status":"cancel"}' >"$folder/answers"
wait $!
begun=$(spent)
paced '{"status":"cancel"}' >/dev/null
with=$(($(spent) - begun))

crashes=$(curl -sSf "$url/admin/quarantine" | jq '._embedded.quarantine[0].crashes')
read -r _ _ refused_both broken_both p99_both < <(grep ^LOAD "$folder/both")
read -r _ placed refused broken p99 < <(grep ^LOAD "$folder/poisoned")
answered=$(wc -l <"$folder/answers")
ratio=$(awk -v a="$p99" -v b="$p99_both" 'BEGIN { printf "%.2f", a / b }')
tick_ms=$((1000 / $(getconf CLK_TCK)))
each_us=$(((with - without) * tick_ms * 1000 / commands))
kill "$server"
wait "$server" || fail 'the server did not end well'
"$madang" verify --data "$folder/data" >"$folder/verify" 2>&1 || fail "$(cat "$folder/verify")"

verdict=ok missed=0
if [ "$crashes" != 5 ] || ((refused + broken + refused_both + broken_both > 0)) ||
  ((each_us > 100)) || awk -v ratio="$ratio" 'BEGIN { exit !(ratio > 1.2) }'; then
  verdict='**missed**' missed=1
fi
echo "| 10 | one poisoned aggregate commanded $commands times | quarantined after 5 crashes, bounded cost, p99 of others ≤ 1.2 times | quarantined after $crashes, $answered answered, $each_us µs more each, p99 of others $p99 ms instead of $p99_both ms ($ratio), $((refused + broken)) errors in $placed | $verdict |"
exit "$missed"
