#!/usr/bin/env bash
# Row 7: a rush of five times what is let in; whoever is turned away comes back when told, once.
source "$(dirname "$0")/lib.sh"

# Everybody has come back before the longest Retry-After is told, so the rush has its length.
rush_s=3
rate=500

start_house --business taxi <<CONFIG
[gates."taxi/orders"]
rate_per_s = $rate
burst_calls = $((rate / 10))
CONFIG

load_with --rate "$((rate * 5))" --users 512 --seconds "$rush_s" --obey-retry-after \
  --body "$order" "$house/orders"
returned=$(told '.returns.returned')
share=$(told '.returns.share')
with_retry_after=$(told '.retry_after_share')
ensure "all that is remembered is sound" verified
line "taxi: order, $((rate * 5))/s for $rush_s s where $rate/s are let in" \
  "clients that obey Retry-After succeed ≥ 90 % on return" \
  "$(percent "$share") of $returned who came back; $(percent "$with_retry_after") of the refusals with Retry-After; the last back after $(rounded "$(told .seconds)") s" \
  "$share >= 0.9" "$returned > 0" "$with_retry_after == 1"
