#!/usr/bin/env bash
# Row 2: taxis are called while the payment takes 0 to 1000 ms of the 300 it is given; who cannot be
# served is refused at once, and told when to come back.
source "$(dirname "$0")/lib.sh"

seconds=${SECONDS_PER_ROW:-60}
users=255

start_slow_taxis refuse

# siege 4.0.7 never ends when most of its users are refused at once: its threads wait for each other.
order_with_wrk refuse "$seconds" "$users"
wrk_told refuse
line "taxi: order, refuse, wrk, $users users, ${seconds} s" "no answer slower than 1 s" \
  "$placed paid, $refused refused, $broken without an answer, longest $(rounded "$max_ms" 0) ms" \
  "$max_ms <= 1000" "$broken == 0"

load_with --users "$users" --seconds "$seconds" --slower-than-ms 1000 \
  --created "$folder/created" --body "$order" "$house/orders"
slower=$(told .slower.count)
refused_ms=$(told '.classes.turned_away.p99_ms // 0')
in_vain=$(told '.classes.in_vain // {count: 0, max_ms: 0}')
with_retry_after=$(told '.retry_after_share // 1')
strange=$(told '.lost + (.classes."5xx".count // 0) + (.classes."4xx".count // 0)')
change payment '{"latency_ms": 0}'
ensure "the books agree" books_agree orders id "Paid|Confirmed" "$folder/created"
ensure "all that is remembered is sound" verified
line "taxi: order, refuse, $users users, ${seconds} s" \
  "no answer slower than 1 s; refusals p99 ≤ 20 ms, all with Retry-After; every 201 has exactly one charge, nothing else any" \
  "$slower slower, longest $(rounded "$(told '[.classes[].max_ms] | max')" 0) ms; $(told '.classes.turned_away.count // 0') refused, p99 $(rounded "$refused_ms") ms; $(jq .count <<<"$in_vain") asked in vain, within $(jq .max_ms <<<"$in_vain") ms; $(percent "$with_retry_after") of both with Retry-After; $(told '.status."201" // 0') paid; $books" \
  "$slower == 0" "$refused_ms <= 20" "$with_retry_after == 1" "$strange == 0"
