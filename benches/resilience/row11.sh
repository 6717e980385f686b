#!/usr/bin/env bash
# Row 11: the load of row 2 as the originals measured it: with siege, whose availability counts
# every refusal as a failure. The gate holds a refused client for a moment, so that it does not
# order again at once. With *refuse*, the port is set for a payment that answers in time only three
# times in ten: it retries more often, for longer, and its gate stays closed.
source "$(dirname "$0")/lib.sh"

# A backlog of 100,000 orders takes longer than other rows to be paid.
SETTLED_WITHIN_S=${SETTLED_WITHIN_S:-240}
seconds=${SECONDS_PER_ROW:-60}
users=255
hold_ms=${HOLD_MS:-10000}

# availability FALLBACK AT_LEAST [PORT] [GATE]: orders with siege; prints the line of the table. The
# originals served 1.85 requests a second, of which 42.31 % were orders.
availability() {
  start_slow_taxis "$1" "${3:-}
[gates.\"taxi/payment\"]
hold_ms = $hold_ms
${4:-}"
  siege_with "$users" "$seconds" "$house/orders POST $order"
  local available orders per_s
  available=$(sieged availability)
  orders=$(sieged successful_transactions)
  per_s=$(rounded "$(jq -n "$orders / $(sieged elapsed_time)")")
  change payment '{"latency_ms": 0}'
  ensure "the books agree" books_agree orders id "Paid|Confirmed"
  ensure "all that is remembered is sound" verified
  line "taxi: order, $1, siege, $users users, ${seconds} s, refused clients held for $hold_ms ms" \
    "availability ≥ $2 %; ≥ 17 times the orders of the originals (0.78/s)" \
    "availability $available % of $(sieged transactions) answers and $(sieged failed_transactions) failures; $per_s orders/s, $(rounded "$(jq -n "$per_s / 0.78")" 0) times; longest $(sieged longest_transaction) s; $books" \
    "$available >= $2" "$per_s >= 17 * 0.78"
}

within_ms=2900 availability refuse 42.31 "retries = 10
retry_share = 4.0" "failure_rate = 0.9
consecutive_failures = 1000
window_calls = 1000
minimum_calls = 1000"
availability defer 99 "deferred_max = 100000"
