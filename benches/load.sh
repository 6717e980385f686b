#!/usr/bin/env bash
# Loads the release server and, in the same run, a bare actix-web echo of the same JSON (the limit),
# and prints requests per second, p50, p99 and the ratio to the limit as a Markdown table. Also
# prints the processor time of each group of server threads for a request, with 256 connections.
#
#   benches/load.sh [SECONDS]      (10 by default; needs wrk, curl and jq)
#
# MADANG names a binary that is built already; then examples/echo.rs must be built as well.
source "$(dirname "$0")/serve.sh"

seconds=${1:-10}
connections=(64 256)

if [ -z "${MADANG:-}" ]; then
  cargo build --release --bin madang --example echo
fi

target/release/examples/echo >"$folder/echo.log" &
pids+=($!)
"${MADANG:-target/release/madang}" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/madang.log" 2>&1 &
pids+=($!)
echo_url="http://$(address_in "$folder/echo.log")"
madang_url="http://$(address_in "$folder/madang.log")"

taxi='{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}'
order='{"orderType":"basic","name":"Jung"}'

# ticks: the processor time of each thread of the server so far, and its name.
ticks() {
  # The name of a thread is in parentheses and may contain spaces.
  sed -E 's/^[0-9]+ \((.*)\) (.*)$/\2 \1/' "/proc/${pids[1]}/task/"*/stat |
    awk '{ name = $51; for (i = 52; i <= NF; i++) name = name " " $i; print $12 + $13, name }'
}

# spent BEFORE AFTER REQUESTS: microseconds of each group of threads for a request.
spent() {
  awk -v requests="$3" -v ticks_per_s="$(getconf CLK_TCK)" '
    { ticks = $1; $1 = ""; sub(/^ /, ""); group = $0 }
    group ~ /^(http|shard) / { sub(/ .*/, "", group) }
    group ~ /^sled/ { group = "sled" }
    group ~ /^view/ { group = "views" }
    group !~ /^(http|shard|sled|views|journal|sagas|ports)$/ { group = "others" }
    NR == FNR { spent[group] -= ticks; next }
    { spent[group] += ticks }
    END { for (group in spent) printf "%s %.1f\n", group, spent[group] * 1e6 / ticks_per_s / requests }
  ' "$1" "$2"
}

limit=0
# row NAME SCRIPT URL CONNECTIONS: loads and prints one row; BODY and COUNT are for the script.
row() {
  local out rate p50 p99 failed ratio requests
  ticks >"$folder/before"
  out=$(wrk -t2 -c"$4" -d"${seconds}s" --latency -s "benches/load/$2" "$3")
  ticks >"$folder/after"
  requests=$(awk '/requests in/ {print $1}' <<<"$out")
  if [ "$1" != limit ] && [ "$4" = 256 ]; then
    spent "$folder/before" "$folder/after" "$requests" >"$folder/spent.${1%%:*}"
  fi
  rate=$(awk '/Requests\/sec/ {print $2}' <<<"$out")
  p50=$(awk '$1 == "50%" {print $2}' <<<"$out")
  p99=$(awk '$1 == "99%" {print $2}' <<<"$out")
  failed=$(awk '/Non-2xx/ {print $NF}' <<<"$out")
  [ "$1" = limit ] && limit=$rate
  ratio=$(awk -v a="$rate" -v b="$limit" 'BEGIN {printf "%.2f", a / b}')
  printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$4" "$rate" "$p50" "$p99" "$ratio" "${failed:-0}"
}

curl -sf -o /dev/null -H 'Content-Type: application/json' -d "$taxi" "$madang_url/taxi/taxis"
echo
echo "| what | connections | requests/s | p50 | p99 | ratio to the limit | not 2xx |"
echo "|---|---|---|---|---|---|---|"
# Creates orders to read, and waits until their effects have ended.
BODY=$order wrk -t2 -c16 -d1s -s benches/load/post.lua "$madang_url/taxi/orders" >/dev/null
until has_caught_up "$madang_url"; do sleep 0.2; done
for c in "${connections[@]}"; do
  BODY=$taxi row limit post.lua "$echo_url/" "$c"
  BODY=$taxi row "create: POST /taxi/taxis" post.lua "$madang_url/taxi/taxis" "$c"
  row "one hot aggregate: POST /taxi/taxis/1/restock" restock.lua "$madang_url/taxi/taxis/1/restock" "$c"
  COUNT=1000 row "read: GET /taxi/orders/{id}" get.lua "$madang_url/taxi/orders" "$c"
done
# Orders come last, because the server sends their messages for some time afterwards.
for c in "${connections[@]}"; do
  BODY=$taxi row limit post.lua "$echo_url/" "$c"
  BODY=$order row "order and payment: POST /taxi/orders" post.lua "$madang_url/taxi/orders" "$c"
done
echo
echo "| µs of processor time for each | http | shard | journal | sled | sagas | ports | views | others |"
echo "|---|---|---|---|---|---|---|---|---|"
for file in "$folder"/spent.*; do
  awk -v what="${file##*spent.}" '{ spent[$1] = $2 } END {
    printf "| %s |", what
    groups = split("http shard journal sled sagas ports views others", names, " ")
    for (i = 1; i <= groups; i++) printf " %s |", spent[names[i]] + 0
    print ""
  }' "$file"
done
echo
echo "memory of the server: $(awk '/VmRSS/ {printf "%.0f MiB", $2 / 1024}' "/proc/${pids[1]}/status")"
echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(date +%F)"
