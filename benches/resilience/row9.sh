#!/usr/bin/env bash
# Row 9: a file system of 64 MiB is filled to the brim under load, then freed. Prints one row of a
# Markdown table for each file system, and fails when one misses its aim.
#
#   benches/resilience/row9.sh [tmpfs] [ext4]     (both by default; as root; needs wrk, curl and jq)
#
# MADANG names the binary (target/release/madang).
set -euo pipefail
cd "$(dirname "$0")/../.."

madang=${MADANG:-target/release/madang}
calm_s=2 full_s=4 after_s=4
healed_ms_max=2000
here=benches/resilience
folder=$(mktemp -d "${TMPDIR:-/tmp}/row9.XXXXXX")
place=$folder/place data=$folder/place/data
pids=()

finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if mountpoint -q "$place"; then umount "$place"; fi
  rm -rf "$folder"
}
trap finish EXIT

fail() { echo "row 9: $*" >&2; exit 1; }

mount_place() {
  mkdir -p "$place"
  case $1 in
    tmpfs) mount -t tmpfs -o size=64m tmpfs "$place" ;;
    ext4)
      truncate -s 64M "$folder/image"
      mkfs.ext4 -q "$folder/image"
      mount -o loop "$folder/image" "$place"
      ;;
    *) fail "no such file system: $1" ;;
  esac
}

serve() {
  : >"$folder/server.log"
  "$madang" serve --data "$data" --listen 127.0.0.1:0 >"$folder/server.log" 2>&1 &
  server=$!
  pids+=("$server")
  for _ in $(seq 200); do
    url=http://$(grep -oEm1 '127\.0\.0\.1:[0-9]+' "$folder/server.log") && return
    sleep 0.05
  done
  fail "the server does not start: $(cat "$folder/server.log")"
}

now_ms() { date +%s%3N; }

# Takes whatever is free, and whatever becomes free, until it is stopped.
fill() {
  while :; do
    dd if=/dev/zero bs=1M status=none 2>/dev/null >>"$place/filler" || true
    dd if=/dev/zero bs=512 status=none 2>/dev/null >>"$place/filler" || true
    sleep 0.05
  done
}

# Every order there is, as number and name.
orders() {
  local page=0 size=200 found
  while :; do
    found=$(curl -sf "$url/taxi/orders?size=$size&page=$page" |
      jq -r '._embedded.orders[] | "\(._links.self.href | sub(".*/"; "")) \(.name)"')
    [ -n "$found" ] || return 0
    echo "$found"
    page=$((page + 1))
  done
}

load() {
  local seconds=$((calm_s + full_s + after_s))
  NOTES=$folder/writes wrk -t4 -c4 -d${seconds}s --timeout 30s -s $here/row9.lua "$url" >/dev/null &
  NOTES=$folder/reads READS=1 wrk -t2 -c2 -d${seconds}s --timeout 30s -s $here/row9.lua "$url" >/dev/null &
}

row() {
  local kind=$1 filler full freed detail health
  mount_place "$kind"
  serve
  curl -sf -o /dev/null "$url/taxi/orders" -H 'content-type: application/json' \
    -d '{"orderType":"basic","name":"first"}'
  load
  sleep $calm_s
  fill & filler=$!
  pids+=("$filler")
  sleep 1
  full=$(now_ms)
  sleep $((full_s - 1))
  detail=$(curl -s "$url/taxi/orders" -H 'content-type: application/json' \
    -d '{"orderType":"basic","name":"too-late"}' | jq -r '"\(.status) \(.detail)"')
  health=$(curl -s "$url/actuator/health" | jq -r '.components.journal | "\(.status) \(.details.because)"')
  kill "$filler"
  wait "$filler" 2>/dev/null || true
  rm "$place/filler"
  freed=$(now_ms)
  wait $(jobs -pr | grep -vx "$server")
  echo "row 9 on $kind: $detail; journal $health" >&2

  # What was acknowledged is there once, what was refused is not, also after a crash.
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  "$madang" verify --data "$data" >"$folder/verify.log" 2>&1 || fail "not sound: $(cat "$folder/verify.log")"
  serve
  orders | sort >"$folder/there"
  cat "$folder"/writes.* | awk '$2 ~ /^20[12]$/ { print $4, $3 }' | sort >"$folder/acknowledged"
  cat "$folder"/writes.* | awk '$2 == 507 { print $3 }' | sort >"$folder/refused"
  cut -d' ' -f2 "$folder/there" | sort >"$folder/names"
  local lost doubled appeared slow
  lost=$(comm -23 "$folder/acknowledged" "$folder/there" | wc -l)
  doubled=$(uniq -d "$folder/names" | wc -l)
  appeared=$(comm -12 "$folder/refused" "$folder/names" | wc -l)

  local healed answered bad_reads reads
  healed=$(cat "$folder"/writes.* | awk -v freed="$freed" '$1 >= freed && $2 ~ /^20[12]$/ { print $1 - freed }' | sort -n | head -1)
  answered=$(cat "$folder"/writes.* | awk -v from="$full" -v to="$freed" \
    '$1 >= from && $1 < to { n[$2]++ } END { for (status in n) printf "%s×%s ", n[status], status }')
  reads=$(cat "$folder"/reads.* | wc -l)
  bad_reads=$(cat "$folder"/reads.* | awk '$2 != 200' | wc -l)
  kill "$server"
  wait "$server" || fail "did not stop cleanly"
  umount "$place"

  local verdict=ok
  [ "${healed:-999999}" -le $healed_ms_max ] && [ "$lost$doubled$appeared$bad_reads" = 0000 ] &&
    [ -s "$folder/refused" ] || verdict=missed
  echo "| 9 | 64 MiB of $kind filled to the brim under load, then freed | while full: $answered; reads $reads, of them not 200: $bad_reads; healed ${healed:-never} ms after; acknowledged $(wc -l <"$folder/acknowledged"), lost $lost, doubled $doubled; refused $(wc -l <"$folder/refused"), appeared $appeared | $verdict |"
  rm -f "$folder"/{writes,reads}.*
  [ $verdict = ok ]
}

missed=0
for kind in "${@:-tmpfs ext4}"; do
  for one in $kind; do row "$one" || missed=1; done
done
exit $missed
