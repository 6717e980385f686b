#!/usr/bin/env bash
# Row 3: as row 2, but who cannot be served at once is served later: 202, up to a backlog.
source "$(dirname "$0")/lib.sh"

seconds=${SECONDS_PER_ROW:-60}
users=255
backlog=${BACKLOG:-10000}

start_slow_taxis defer "deferred_max = $backlog"

# unfinished: how many orders are neither paid nor refused.
unfinished() {
  curl -sSf "$house/mypages?status=Requested&size=1" | jq .page.totalElements
}

load_with --users "$users" --seconds "$seconds" --slower-than-ms 1000 \
  --created "$folder/created" --body "$order" "$house/orders"
deferred=$(told '.status."202" // 0')
refused=$(told '(.classes.turned_away.count // 0) + (.classes.in_vain.count // 0)')
strange=$(told '.answered + .lost - (.status."201" // 0) - (.status."202" // 0) - '"$refused")
slower=$(told .slower.count)
waiting=$(unfinished)

change payment '{"latency_ms": 0}'
begin=$(date +%s%N)
until [ "$(unfinished)" = 0 ] || [ $(($(date +%s%N) - begin)) -gt 60000000000 ]; do sleep 0.1; done
took_s=$(rounded "$((($(date +%s%N) - begin) / 1000000))e-3")

ensure "the books agree" books_agree orders id "Paid|Confirmed" "$folder/created"
ensure "all that is remembered is sound" verified
# Nobody is refused while there is room in the backlog.
room=$([ "$refused" = 0 ] || [ "$waiting" -ge $((backlog * 9 / 10)) ] && echo 1 || echo 0)
line "taxi: order, defer, $users users, ${seconds} s, a backlog of $backlog" \
  "100 % answered 201 or 202 within 1 s up to the backlog; all finished or refunded within 30 s after the payment is fast again; no double charge" \
  "$(told '.status."201" // 0') × 201, $deferred × 202, $refused refused with $waiting waiting, $slower slower than 1 s; finished after $took_s s; $books" \
  "$strange == 0" "$room == 1" "$slower == 0" "$took_s <= 30"
