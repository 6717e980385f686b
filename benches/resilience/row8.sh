#!/usr/bin/env bash
# Row 8: each part of the supervision tree is broken under load, 20 times each; a line for each.
#
# ONLY is a regular expression for the names of the parts that are meant.
source "$(dirname "$0")/lib.sh"

times=${TIMES:-20}
only=${ONLY:-.}
acknowledged=0

start_house --business taxi --allow-faults <<<""

fail() { echo "$row: $*" >&2; exit 1; }

# fault JSON: breaks something.
fault() { say "$1" -f -o /dev/null "$house/admin/faults"; }

# status URL...: the status of an answer.
status() { curl -s -o /dev/null -m 2 -w '%{http_code}' "$@" || true; }

# shows NUMBER: whether the order can be read.
shows() { [ "$(status "$house/taxi/orders/$1")" = 200 ]; }

# orders: whether somebody can order.
orders() {
  [ "$(say "$order" -m 2 -o /dev/null -w '%{http_code}' "$house/taxi/orders")" = 201 ]
}

# notes WHAT PART: the number of such events in the operations log.
notes() {
  curl -sSf "$house/admin/log?size=200" |
    jq -r --arg what "$1" --arg part "$2" '
      [._embedded.log[] | select(.what == $what and (.details.part // "") == $part)] | length'
}

# begun_again PART: how often it was.
begun_again() {
  case $1 in
    gate-driver) grep -c 'gate driver died' "$house_log" || true ;;
    gate\ *) curl -sSf "$house/admin/gates/${1#gate }" | jq .broken ;;
    shard) notes ShardReplaced '' ;;
    *) notes Restarted "$1" ;;
  esac
}

# is_begun_again BEFORE PART: whether it was begun again since.
is_begun_again() { (($(begun_again "$2") > $1)); }

# broken_until COMMAND...: it was broken `since`, and is healed once the command succeeds.
slowest=0
broken_until() {
  local healed
  until "$@"; do
    (($(now_ms) - since < 20000)) || fail "not healed: $*"
  done
  healed=$(($(now_ms) - since))
  slowest=$((healed > slowest ? healed : slowest))
}

# others COMMAND...: runs the command while others order; then `errors` is how many could not.
others() {
  order_with_wrk others 600 &
  local loading=$!
  "$@"
  pkill -INT -P "$loading" wrk || kill -INT "$loading"
  wait "$loading" || true
  wrk_told others
  acknowledged=$((acknowledged + placed))
  errors=$((refused + broken))
}

# told_of PART HEALED_MS_MAX [CONDITION]: the line of a part.
told_of() {
  line "$1 broken $times times under load" "healed in ≤ $2 ms, no errors of others" \
    "slowest $slowest ms, $errors errors of others, $placed orders meanwhile" \
    "$slowest <= $2" "${3:-$errors == 0}"
  slowest=0
}

# Whoever follows the journal, or a gate, panics; nobody else may notice.
break_part() {
  local before
  for _ in $(seq "$times"); do
    before=$(begun_again "$1")
    since=$(now_ms)
    fault "{\"fault\":\"break\",\"part\":\"$1\"}"
    broken_until is_begun_again "$before" "$1"
  done
}

# An aggregate panics, and is shown again.
break_actor() {
  for number in $(seq "$times"); do
    fault "{\"fault\":\"panic\",\"resource\":\"taxi/orders\",\"number\":$number}"
    say '{"status":"cancel"}' -o /dev/null -X PATCH "$house/taxi/orders/$number"
    since=$(now_ms)
    broken_until shows "$number"
  done
}

# A shard is blocked: the orders of the other one are read meanwhile, and its own soon again.
break_shard() {
  local before
  errors=0 placed=0
  for _ in $(seq "$times"); do
    # Nobody counts as blocked any more who was before.
    until [ "$(status "$house/actuator/health/liveness")" = 200 ]; do sleep 0.05; done
    before=$(begun_again shard)
    since=$(now_ms)
    fault '{"fault":"block-shard","shard":0,"for_ms":3000}'
    until is_begun_again "$before" shard; do
      shows 1 || errors=$((errors + 1))
      placed=$((placed + 1))
    done
    broken_until shows 2
  done
}

# An fsync fails: everybody is told, and the journal is open again.
break_journal() {
  for _ in $(seq "$times"); do
    since=$(now_ms)
    fault '{"fault":"fail-fsync","times":1}'
    until [ "$(curl -s "$house/actuator/health" | jq -r '.components.journal.status')" = DOWN ]; do
      (($(now_ms) - since < 1000)) || break
    done
    broken_until orders
  done
}

for _ in $(seq 40); do orders; done
parts=$(say '{"fault":"break","part":"nobody"}' "$house/admin/faults" |
  jq -r '.detail | sub(".*there are "; "") | split(", ")[]')
if [[ aggregate =~ $only ]]; then
  others break_actor
  told_of 'an aggregate' 100
fi
while read -r part; do
  # What it lists is a kind of part, with a number to be given.
  [[ $part != aggregate* && $part =~ $only ]] || continue
  others break_part "$part"
  told_of "$part" 500
done <<<"$parts"
if [[ shard =~ $only ]]; then
  break_shard
  told_of 'a shard (the other is read meanwhile)' 2000
fi
if [[ journal =~ $only ]]; then
  others break_journal
  # Everybody writes into the journal: there are no others.
  told_of 'the journal' 2000 true
fi

total=$(curl -sSf "$house/taxi/orders?size=1" | jq .page.totalElements)
ensure "all that is remembered is sound" verified
line 'all of these' 'nothing acknowledged lost, verified' \
  "$acknowledged orders acknowledged under load, $total there" "$total >= $acknowledged"
