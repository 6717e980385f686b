# What the rows share: the servers, the loads, what is read from them, and the line of the table.
#
# A row is a script of its own: it starts what it needs on free ports with data of its own, loads
# it, checks what came of it, and prints one or more lines of the table. What it starts is stopped
# when it ends.
source "$(dirname "${BASH_SOURCE[0]}")/../serve.sh"

madang=${MADANG:-target/release/madang}
load=${LOAD:-target/release/examples/load}
row=$script
# Servers started so far: each has a log of its own.
servers=0
# Somebody orders a taxi.
order='{"orderType":"basic","name":"Jung"}'

# --- servers ---

# start_outside [ARGUMENT...]: starts `madang sandbox`; its address is in `outside`.
start_outside() {
  local log=$folder/outside-$((++servers)).log
  "$madang" sandbox --listen 127.0.0.1:0 "$@" >"$log" 2>&1 &
  pids+=($!)
  outside="http://$(address_in "$log")"
}

# start_house [ARGUMENT...] <CONFIG: starts `madang serve`; its address is in `house`, and its data
# in `data`, which is a folder of its own unless `data_in` names one.
start_house() {
  local place=$folder/house-$((++servers))
  data=${data_in:-$place.data}
  house_log=$place.log
  cat >"$place.toml"
  "$madang" serve --config "$place.toml" --data "$data" --listen 127.0.0.1:0 "$@" \
    >"$house_log" 2>&1 &
  house_pid=$!
  pids+=("$house_pid")
  house="http://$(address_in "$house_log")"
}

# start_slow_taxis FALLBACK [SETTING]: taxis are served whose payment takes 0 to 1000 ms of the 300 it
# is given, and the customer waits for 800 ms at most, or for `within_ms`.
start_slow_taxis() {
  start_outside
  change payment '{"latency_ms": "0..1000"}'
  start_house --business taxi <<CONFIG
[ports."taxi/payment"]
transport = "http"
url = "$outside/payment"
timeout_ms = 300
within_ms = ${within_ms:-800}
fallback = "$1"
${2:-}
CONFIG
}

# verified: stops the house as an operator would, and reads everything it remembers.
verified() {
  kill "$house_pid"
  wait "$house_pid" || return 1
  "$madang" verify --data "$data" >"$folder/verify.log" 2>&1
}

# --- the outside ---

# change SERVICE JSON: the service behaves otherwise from now on.
change() {
  curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/json' -d "$2" "$outside/admin/services/$1"
}

# ledger SERVICE COUNT: one of the totals.
ledger() {
  curl -sSf "$outside/admin/ledger/$1" | jq ".$2"
}

# standing SERVICE: the numbers whose charge stands, a line each, sorted.
standing() {
  curl -sSf "$outside/admin/ledger/$1/standing" | jq -r '.[]' | sed -E 's|^(.*/)?[a-z]+-([0-9]+).*|\2|' | sort
}

# --- the inside ---

# say BODY [CURL ARGUMENT...] URL: says something in JSON.
say() {
  local body=$1
  shift
  curl -sS -H 'Content-Type: application/json' -d "$body" "$@"
}

# numbers_with FIELD RESOURCE WORD: FIELD of every item of the resource whose `status`, or whatever
# the business calls it, is matched by the WORD, a line each, sorted.
numbers_with() {
  local url="$house/$2?size=200" pages
  pages=$(curl -sSf "$url" | jq .page.totalPages)
  [ "$pages" -gt 0 ] || return 0
  curl -sSf "$url&page=[0-$((pages - 1))]" | jq -r --arg field "$1" --arg word "$3" '
    ._embedded[][] | select((.status // .subscriptionStatus // "") | test("^(" + $word + ")$"))
    | .[$field]' | sort
}

# settled SERVICE: waits until the house has nothing left to do, and the outside is not called any
# more; fails when that takes longer than SETTLED_WITHIN_S.
settled() {
  local before=-1 calls
  for _ in $(seq $((${SETTLED_WITHIN_S:-60} * 2))); do
    calls=$(ledger "$1" calls)
    if [ "$calls" = "$before" ] && has_caught_up "$house"; then return; fi
    before=$calls
    sleep 0.5
  done
  echo "$row: not settled: $(curl -s "$house/actuator/health")" >&2
  return 1
}

# difference FILE FILE: how many lines are in one of them only.
difference() {
  comm -3 "$1" "$2" | wc -l
}

# books_agree RESOURCE FIELD WORD [CREATED]: every item in one of these states has exactly one
# charge that stands, nothing else has any, and nothing was charged twice. With the file that the
# load wrote, everything that was answered 201 is among them, and 201 was said to nothing else.
# Sets `books` to a sentence.
books_agree() {
  settled payment || { books="it never settled"; return 1; }
  numbers_with "$2" "$1" "$3" >"$folder/established"
  standing payment >"$folder/charged"
  local apart doubles said=0
  apart=$(difference "$folder/established" "$folder/charged")
  doubles=$(ledger payment doubles)
  if [ -n "${4:-}" ]; then
    awk '$1 == 201 { sub(/.*\//, "", $2); print $2 }' "$4" | sort >"$folder/said"
    said=$(comm -23 "$folder/said" "$folder/charged" | wc -l)
  fi
  books="$(wc -l <"$folder/charged") charges stand, $apart differ from what is established, $said of those answered 201 have none, $doubles doubles"
  [ "$apart" = 0 ] && [ "$said" = 0 ] && [ "$doubles" = 0 ]
}

# --- loads ---

# load_with ARGUMENT...: runs the load and keeps its report for `told`.
load_with() {
  "$load" "$@" >"$folder/load.json"
}

# told FILTER: something in the report of the last load.
told() {
  jq -r "$1" "$folder/load.json"
}

# siege_with USERS SECONDS WHAT...: the load of the originals; keeps its figures for `sieged`.
siege_with() {
  local users=$1 seconds=$2
  shift 2
  # Siege would go home after 1,024 refusals.
  cat >"$folder/siegerc" <<RC
verbose = false
logging = false
json_output = true
protocol = HTTP/1.1
connection = close
limit = 1024
failures = 1000000000
timeout = 120
RC
  # Its threads may wait for each other for ever; a row that has no figures breaks off.
  timeout "$((seconds + 150))" siege -R "$folder/siegerc" -b -j --no-follow --no-parser -c"$users" -t"${seconds}S" \
    --content-type application/json "$@" >"$folder/siege.json" 2>"$folder/siege.log"
}

# order_with_wrk NAME SECONDS [USERS]: 16 users order taxis, for so long or until wrk is interrupted;
# `wrk_told` then tells what came of it.
order_with_wrk() {
  wrk -t1 -c"${3:-16}" -d"$2s" -s benches/resilience/orders.lua "$house" >"$folder/$1" 2>&1
}

# wrk_told NAME: reads `placed`, `refused`, `broken`, `p99_ms` and `max_ms` of the load of this name.
wrk_told() {
  read -r _ placed refused broken p99_ms max_ms < <(grep ^LOAD "$folder/$1")
}

# sieged COUNT: one of siege's figures.
sieged() {
  jq -r ".$1" "$folder/siege.json"
}

# --- time ---

now_ms() { date +%s%3N; }

# --- the table ---

# What was ensured in vain since the last line.
wrong=()

# ensure WHAT COMMAND...: the next line is only right if the command succeeds.
ensure() {
  local what=$1
  shift
  "$@" || wrong+=("$what")
}

# line SCENARIO AIM REACHED CONDITION...: prints a line of the table; each condition is an
# arithmetic comparison, and all of them have to hold.
line() {
  local scenario=$1 aim=$2 reached=$3 missed=("${wrong[@]}")
  wrong=()
  shift 3
  for condition in "$@"; do
    holds "$condition" || missed+=("$condition")
  done
  local verdict=ok
  ((${#missed[@]} == 0)) || verdict="**missed** ($(printf '%s; ' "${missed[@]}" | sed 's/; $//'))"
  echo "| ${row#row} | $scenario | $aim | $reached | $verdict |"
}

# holds CONDITION: whether a comparison such as `0.9 >= 0.5` holds; what is not known does not.
holds() {
  [[ $1 != *null* ]] && jq -n "$1" 2>/dev/null | grep -qx true
}

# rounded NUMBER [DIGITS]
rounded() {
  awk -v number="$1" -v digits="${2:-1}" 'BEGIN { printf "%.*f", digits, number }'
}

# percent SHARE
percent() {
  awk -v share="$1" 'BEGIN { printf "%.2f %%", share * 100 }'
}
