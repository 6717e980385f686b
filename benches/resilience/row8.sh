#!/usr/bin/env bash
# Row 8: each part of the supervision tree is broken under load, 20 times each. Prints a row of a
# Markdown table for each, and fails when one misses its aim.
#
#   benches/resilience/row8.sh           (needs wrk, curl and jq)
#
# MADANG names the binary (target/release/madang), TIMES how often each part is broken (20).
set -euo pipefail
cd "$(dirname "$0")/../.."

madang=${MADANG:-target/release/madang}
times=${TIMES:-20}
folder=$(mktemp -d "${TMPDIR:-/tmp}/row8.XXXXXX")
data=$folder/data
pids=()
missed=0

finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

fail() { echo "row 8: $*" >&2; exit 1; }
now_ms() { date +%s%3N; }

serve() {
  "$madang" serve --business taxi --allow-faults --data "$data" --listen 127.0.0.1:0 \
    >"$folder/server.log" 2>&1 &
  server=$!
  pids+=("$server")
  for _ in $(seq 200); do
    url=http://$(grep -oEm1 '127\.0\.0\.1:[0-9]+' "$folder/server.log") && return
    sleep 0.05
  done
  fail "the server does not start: $(cat "$folder/server.log")"
}

# fault JSON: breaks something.
fault() {
  curl -sSf -o /dev/null -H 'content-type: application/json' -d "$1" "$url/admin/faults"
}

# load: orders until it is told to stop; its last line is kept.
load() {
  wrk -t1 -c16 -d600s -s benches/resilience/orders.lua "$url" >"$folder/load" 2>&1 &
  loading=$!
  pids+=("$loading")
}

# loaded: stops the load; how many were placed and how many were not.
loaded() {
  kill -INT "$loading"
  wait "$loading" || true
  read -r _ placed refused broken _ < <(grep ^LOAD "$folder/load") || fail "no load"
  acknowledged=$((acknowledged + placed))
  unanswered=$((unanswered + refused + broken + 16))
}

status() { curl -s -o /dev/null -m 2 -w '%{http_code}' "$@" || true; }
order() { status -d '{"orderType":"basic","name":"x"}' -H 'content-type: application/json' "$url/taxi/orders"; }

# notes WHAT FIELD: a field of each note of this kind, the latest first.
notes() {
  curl -sSf "$url/admin/diary?size=200" |
    jq -r --arg what "$1" --arg part "$2" '
      [._embedded.diary[] | select(.what == $what and (.details.part // "") == $part)] | length'
}

# line PART HEALED_MS AIM_MS ERRORS_OF_OTHERS
line() {
  local verdict=ok
  if (($2 > $3)) || [ "$4" != 0 ] && [ "$4" != - ]; then verdict='**missed**'; missed=1; fi
  echo "| 8 | $1 broken $times times under load | healed in ≤ $3 ms, no errors of others | slowest $2 ms, $4 errors of others, $placed orders meanwhile | $verdict |"
}

# followers PART: whoever follows the journal panics; nobody else may notice.
follower() {
  local slowest=0 before since healed
  load
  for _ in $(seq "$times"); do
    before=$(notes Restarted "$1")
    since=$(now_ms)
    fault "{\"fault\":\"break\",\"part\":\"$1\"}"
    until (($(notes Restarted "$1") > before)); do
      (($(now_ms) - since < 20000)) || fail "$1 is not back"
    done
    healed=$(($(now_ms) - since))
    slowest=$((healed > slowest ? healed : slowest))
  done
  loaded
  line "$1" "$slowest" 500 $((refused + broken))
}

# An aggregate panics, and is shown again.
actor() {
  local slowest=0 since healed number
  load
  for number in $(seq "$times"); do
    fault "{\"fault\":\"panic\",\"resource\":\"taxi/orders\",\"number\":$number}"
    status -X PATCH -H 'content-type: application/json' -d '{"status":"cancel"}' \
      "$url/taxi/orders/$number" >/dev/null
    since=$(now_ms)
    until [ "$(status "$url/taxi/orders/$number")" = 200 ]; do
      (($(now_ms) - since < 20000)) || fail "order $number is not back"
    done
    healed=$(($(now_ms) - since))
    slowest=$((healed > slowest ? healed : slowest))
  done
  loaded
  line 'an aggregate' "$slowest" 100 $((refused + broken))
}

# A shard is blocked: the orders of the other one are read meanwhile, and its own soon again.
shard() {
  local slowest=0 errors=0 since healed before
  placed=0
  for _ in $(seq "$times"); do
    # Nobody counts as blocked any more who was before.
    until [ "$(status "$url/actuator/health/liveness")" = 200 ]; do sleep 0.05; done
    before=$(notes ShardReplaced '')
    since=$(now_ms)
    fault '{"fault":"block-shard","shard":0,"for_ms":3000}'
    until (($(notes ShardReplaced '') > before)); do
      [ "$(status "$url/taxi/orders/1")" = 200 ] || errors=$((errors + 1))
      (($(now_ms) - since < 20000)) || fail 'the shard is not replaced'
    done
    until [ "$(status "$url/taxi/orders/2")" = 200 ]; do
      (($(now_ms) - since < 20000)) || fail 'the shard is not back'
    done
    healed=$(($(now_ms) - since))
    slowest=$((healed > slowest ? healed : slowest))
  done
  line 'a shard' "$slowest" 2000 "$errors"
}

# An fsync fails: everybody is told, and the journal is open again.
journal() {
  local slowest=0 since healed
  load
  for _ in $(seq "$times"); do
    since=$(now_ms)
    fault '{"fault":"fail-fsync","times":1}'
    until [ "$(curl -s "$url/actuator/health" | jq -r '.components.journal.status')" = DOWN ]; do
      (($(now_ms) - since < 1000)) || break
    done
    until [ "$(order)" = 201 ]; do
      (($(now_ms) - since < 20000)) || fail 'the journal is not back'
    done
    healed=$(($(now_ms) - since))
    slowest=$((healed > slowest ? healed : slowest))
  done
  loaded
  # Everybody writes into the journal: there are no others.
  line 'the journal' "$slowest" 2000 -
}

serve
acknowledged=0 unanswered=0
for _ in $(seq 40); do order >/dev/null; done
listed=$(curl -s -H 'content-type: application/json' -d '{"fault":"break","part":"nobody"}' \
  "$url/admin/faults" | jq -r '.detail | sub(".*there are "; "") | split(", ")[]')
actor
while read -r part; do
  case $part in aggregate*) ;; *) follower "$part" ;; esac
done <<<"$listed"
shard
journal

# Everything acknowledged is there, and nothing that was never said.
total=$(curl -sSf "$url/taxi/orders?size=1" | jq .page.totalElements)
kill "$server"
wait "$server" || fail 'the server did not end well'
"$madang" verify --data "$data" >"$folder/verify" 2>&1 || fail "$(cat "$folder/verify")"
((total >= acknowledged)) || { missed=1; echo "row 8: $acknowledged acknowledged, $total there" >&2; }
echo "| 8 | nothing acknowledged lost | verified | $acknowledged orders acknowledged under load, $total there, verify: sound | ok |"
exit "$missed"
