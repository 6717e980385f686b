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

post() {
  curl -s "$url/taxi/orders" -H 'content-type: application/json' \
    -d "{\"orderType\":\"basic\",\"name\":\"$1\"}"
}

# Writers and readers, for as long as the whole scenario lasts.
load() {
  local seconds=$((calm_s + full_s + after_s))
  wrk=(wrk -d${seconds}s --timeout 30s -s $here/row9.lua)
  NOTES=$folder/writes "${wrk[@]}" -t4 -c4 "$url" >/dev/null &
  writers=$!
  NOTES=$folder/reads READS=1 "${wrk[@]}" -t2 -c2 "$url" >/dev/null &
  readers=$!
  pids+=("$writers" "$readers")
}

# Fills the file system and frees it; sets when it was surely full, and when it was freed.
fill_and_free() {
  sleep $calm_s
  fill & filler=$!
  pids+=("$filler")
  sleep 1
  full=$(now_ms)
  sleep $((full_s - 1))
  echo "$(post late | jq -c '[.status, .detail]')" \
    "$(curl -s "$url/actuator/health" | jq -c '.components.journal | [.status, .details.because]')" >&2
  kill "$filler"
  wait "$filler" 2>/dev/null || true
  rm "$place/filler"
  freed=$(now_ms)
}

# Status, milliseconds since it was freed, and what else a note says of each write or read.
notes() { cat "$folder/$1".* | awk -v freed="$freed" '{ print $2, $1 - freed, $3, $4 }'; }

# What was acknowledged is there once, and what was refused is not, also after a crash.
compare() {
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  "$madang" verify --data "$data" >"$folder/verify.log" 2>&1 ||
    fail "not sound: $(cat "$folder/verify.log")"
  serve
  orders | sort >"$folder/there"
  kill "$server"
  wait "$server" || fail "it did not stop cleanly"
  cut -d' ' -f2 "$folder/there" | sort >"$folder/names"
  notes writes | awk '$1 ~ /^20[12]$/ { print $4, $3 }' | sort >"$folder/acknowledged"
  notes writes | awk '$1 == 507 { print $3 }' | sort >"$folder/refused"
  lost=$(comm -23 "$folder/acknowledged" "$folder/there" | wc -l)
  doubled=$(uniq -d "$folder/names" | wc -l)
  appeared=$(comm -12 "$folder/refused" "$folder/names" | wc -l)
}

row() {
  mount_place "$1"
  serve
  post first >/dev/null
  load
  fill_and_free
  wait "$writers" "$readers"
  compare
  umount "$place"

  local healed answers reads bad_reads acknowledged refused verdict=missed
  healed=$(notes writes | awk '$1 ~ /^20[12]$/ && $2 >= 0 { print $2 }' | sort -n | head -1)
  answers=$(notes writes | awk -v full=$((full - freed)) \
    '$2 >= full && $2 < 0 { n[$1]++ } END { for (status in n) printf "%d × %s, ", n[status], status }')
  reads=$(notes reads | wc -l)
  bad_reads=$(notes reads | awk '$1 != 200' | wc -l)
  acknowledged=$(wc -l <"$folder/acknowledged")
  refused=$(wc -l <"$folder/refused")
  if [ "${healed:-$((healed_ms_max + 1))}" -le $healed_ms_max ] && [ "$refused" -gt 0 ] &&
    [ "$acknowledged" -gt 0 ] && [ "$lost $doubled $appeared $bad_reads" = "0 0 0 0" ]; then
    verdict=ok
  fi
  echo "| 9 | 64 MiB of $1 filled to the brim under load, then freed" \
    "| healed ≤ $healed_ms_max ms; nothing acknowledged lost, nothing refused appears; reads go on" \
    "| healed ${healed:-never} ms; writes while full: ${answers%, }; of $reads reads $bad_reads not 200;" \
    "of $acknowledged acknowledged $lost lost, $doubled doubled; of $refused refused $appeared appeared" \
    "| $verdict |"
  rm -f "$folder"/{writes,reads}.*
  [ $verdict = ok ]
}

missed=0
[ $# -gt 0 ] || set -- tmpfs ext4
for kind in "$@"; do row "$kind" || missed=1; done
exit $missed
