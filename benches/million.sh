#!/usr/bin/env bash
# Creates a million taxis through HTTP, kills the server and starts it again on them. Prints its
# memory, the size of its data, and the time until it was ready.
#
#   benches/million.sh [CREATES]      (1,000,000 by default; needs curl and jq)
#
# MADANG and LOAD name binaries that are built already; KEEP=1 keeps what was written.
source "$(dirname "$0")/serve.sh"

creates=${1:-1000000}
taxi='{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}'

if [ -z "${MADANG:-}" ]; then
  cargo build --release --bin madang --example load
fi

# start ADDRESS LOG: starts the server; `server` is its process.
start() {
  "${MADANG:-target/release/madang}" serve --data "$folder/data" --listen "$1" >"$folder/$2" 2>&1 &
  server=$!
  pids=("$server")
}

# memory FIELD: MiB of the server; VmRSS is now, VmHWM at most.
memory() { awk -v field="$1:" '$1 == field { printf "%.0f", $2 / 1024 }' "/proc/$server/status"; }

# on_disk FOLDER: MiB.
on_disk() { du -sm "$folder/data/$1" | cut -f1; }

# is_ready: succeeds when the server reports that it is ready.
is_ready() { curl -sf -o /dev/null "$url/actuator/health/readiness"; }

start 127.0.0.1:0 first.log
address=$(address_in "$folder/first.log")
url="http://$address"
"${LOAD:-target/release/examples/load}" --users 256 --count "$creates" --seconds 3600 \
  --body "$taxi" "$url/taxi/taxis" >"$folder/load.json"
until has_caught_up "$url"; do kill -0 "$server"; sleep 0.2; done
echo "$(jq -r '.status."201" // 0' "$folder/load.json") created, $(jq -r '.per_second | floor' "$folder/load.json")/s"
echo "memory: $(memory VmRSS) MiB, $(memory VmHWM) at most"

kill -KILL "$server"
wait "$server" 2>/dev/null || true
echo "on disk: journal $(on_disk journal) MiB, views $(on_disk views) MiB"

begin=$(date +%s%N)
start "$address" second.log
until is_ready; do
  if ! kill -0 "$server" 2>/dev/null; then cat "$folder/second.log" >&2; exit 1; fi
  sleep 0.01
done
awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { printf "ready after SIGKILL: %.2f s\n", ns / 1e9 }'
echo "memory: $(memory VmRSS) MiB"
echo "there: $(curl -sf "$url/taxi/taxis?size=1" | jq .page.totalElements)"
echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(date +%F)"
