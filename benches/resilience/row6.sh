#!/usr/bin/env bash
# Row 6: five times as much is asked of an unslowed server as it can do. Once what it can do is what
# the machine can, which the load has a share of, too; once it is what the operator lets in.
source "$(dirname "$0")/lib.sh"

seconds=${SECONDS_PER_ROW:-60}
connections=${CONNECTIONS:-400}

# memory_mib_until FILE: the memory of the house in each second, until the file is there.
memory_mib_until() {
  while [ ! -e "$1" ]; do
    awk '/VmRSS/ { printf "%d\n", $2 / 1024 }' "/proc/$house_pid/status"
    sleep 1
  done
}

# overload WHAT PEAK [MEMORY]: five times the peak is offered; a line of what came of it. Memory has
# found its bound by the middle of the load, or never goes beyond this bound, in MiB. `memory` is
# then what it came to.
overload() {
  local peak=$2 bound=${3:-} accepted accepted_ms refused_ms with_retry_after strange grown
  rm -f "$folder/over"
  memory_mib_until "$folder/over" >"$folder/memory" &
  load_with --rate "$(rounded "$(jq -n "$peak * 5")" 0)" --users "$connections" \
    --seconds "$seconds" --body "$order" "$house/orders"
  touch "$folder/over"

  accepted=$(told '.classes."2xx".per_second // 0')
  accepted_ms=$(told '.classes."2xx".p99_ms')
  refused_ms=$(told '.classes.turned_away.p99_ms // 0')
  with_retry_after=$(told '.retry_after_share // 1')
  strange=$(told '.lost + (.classes."5xx".count // 0) + (.classes."4xx".count // 0)')
  memory=$(sort -n "$folder/memory" | tail -1)
  grown=$(jq -s 'length as $n | (.[($n / 2 | floor):] | max) / (.[:($n / 2 | floor) + 1] | max)' \
    "$folder/memory")
  local is_bounded="$grown <= 1.25"
  [ -z "$bound" ] || is_bounded="$memory <= $bound"
  ensure "all that is remembered is sound" verified
  line "taxi: order, five times the peak of $(rounded "$peak" 0)/s ($1) falls due, $(rounded "$(told .per_second)" 0)/s over $connections connections were answered, ${seconds} s" \
    "throughput ≥ 90 % of the peak; accepted p99 ≤ 100 ms; memory bounded; refused in ≤ 20 ms" \
    "$(rounded "$accepted" 0)/s; accepted p99 $(rounded "$accepted_ms") ms; $memory MiB at most, $(rounded "$grown" 2) times the first half; refused p99 $(rounded "$refused_ms") ms, $(percent "$with_retry_after") with Retry-After; $strange others" \
    "$accepted >= 0.9 * $peak" "$accepted_ms <= 100" "$is_bounded" "$refused_ms <= 20" \
    "$with_retry_after == 1" "$strange == 0"
}

start_house --business taxi <<<""
load_with --users 256 --seconds "$((seconds / 4 + 1))" --body "$order" "$house/orders"
overload "all that the machine can do" "$(told '.classes."2xx".per_second')"

let_in=1000
start_house --business taxi <<CONFIG
[gates."taxi/orders"]
rate_per_s = $let_in
burst_calls = $((let_in / 20))
CONFIG
# So few orders fill what may be filled, caches and aggregates alive, only after minutes.
overload "what is let in" "$let_in" "$memory"
