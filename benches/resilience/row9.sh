#!/usr/bin/env bash
# Row 9: a file system of 64 MiB is filled to the brim under load, then freed; a line for each kind of
# file system: tmpfs and ext4. Mounts them, and so has to be run as root.
source "$(dirname "$0")/lib.sh"

calm_s=2 full_s=4 after_s=4
place=$folder/place data_in=$folder/place/data

clean_up() { if mountpoint -q "$place"; then umount "$place"; fi; }

mount_place() {
  mkdir -p "$place"
  case $1 in
    tmpfs) mount -t tmpfs -o size=64m tmpfs "$place" ;;
    ext4)
      truncate -s 64M "$folder/image"
      mkfs.ext4 -q "$folder/image"
      mount -o loop "$folder/image" "$place"
      ;;
  esac
}

# Takes whatever is free, and whatever becomes free, until it is stopped.
fill() {
  while :; do
    dd if=/dev/zero bs=1M status=none 2>/dev/null >>"$place/filler" || true
    dd if=/dev/zero bs=512 status=none 2>/dev/null >>"$place/filler" || true
    sleep 0.05
  done
}

# load_everybody: writers and readers, for as long as the whole scenario lasts.
load_everybody() {
  local wrk=(wrk "-d$((calm_s + full_s + after_s))s" --timeout 30s -s benches/resilience/row9.lua)
  NOTES=$folder/writes "${wrk[@]}" -t4 -c4 "$house" >/dev/null &
  writers=$!
  NOTES=$folder/reads READS=1 "${wrk[@]}" -t2 -c2 "$house" >/dev/null &
  readers=$!
  pids+=("$writers" "$readers")
}

# Fills the file system and frees it; sets when it was surely full, and when it was freed.
fill_and_free() {
  sleep "$calm_s"
  fill &
  local filler=$!
  pids+=("$filler")
  sleep 1
  full=$(now_ms)
  sleep "$((full_s - 1))"
  because=$(curl -s "$house/actuator/health" | jq -r .components.journal.details.because)
  kill "$filler"
  wait "$filler" 2>/dev/null || true
  rm "$place/filler"
  freed=$(now_ms)
}

# notes FILE: status, milliseconds since it was freed, and what else each write or read noted.
notes() { cat "$folder/$1".* | awk -v freed="$freed" '{ print $2, $1 - freed, $3, $4 }'; }

# What was acknowledged is there once, and what was refused is not, also after a crash.
compare() {
  kill -KILL "$house_pid"
  wait "$house_pid" 2>/dev/null || true
  "$madang" verify --data "$data" >"$folder/verify.log" 2>&1 || return 1
  start_house --business taxi <<<""
  local pages url="$house/taxi/orders?size=200"
  pages=$(curl -sSf "$url" | jq .page.totalPages)
  curl -sSf "$url&page=[0-$((pages - 1))]" |
    jq -r '._embedded.orders[] | "\(._links.self.href | sub(".*/"; "")) \(.name)"' |
    sort >"$folder/there"
  kill "$house_pid"
  wait "$house_pid"
  cut -d' ' -f2 "$folder/there" | sort >"$folder/names"
  notes writes | awk '$1 ~ /^20[12]$/ { print $4, $3 }' | sort >"$folder/acknowledged"
  notes writes | awk '$1 == 507 { print $3 }' | sort >"$folder/refused"
}

# fill_a KIND: the whole scenario on this kind of file system.
fill_a() {
  mount_place "$1"
  start_house --business taxi <<<""
  say "$order" -f -o /dev/null "$house/taxi/orders"
  load_everybody
  fill_and_free
  wait "$writers" "$readers"
  ensure "all that is remembered is sound" compare
  umount "$place"

  local healed_ms answers reads bad_reads acknowledged refused lost doubled appeared
  healed_ms=$(notes writes | awk '$1 ~ /^20[12]$/ && $2 >= 0 { print $2 }' | sort -n | head -1)
  answers=$(notes writes | awk -v full=$((full - freed)) \
    '$2 >= full && $2 < 0 { n[$1]++ } END { for (status in n) printf "%d × %s, ", n[status], status }')
  reads=$(notes reads | wc -l)
  bad_reads=$(notes reads | awk '$1 != 200' | wc -l)
  acknowledged=$(wc -l <"$folder/acknowledged")
  refused=$(wc -l <"$folder/refused")
  lost=$(comm -23 "$folder/acknowledged" "$folder/there" | wc -l)
  doubled=$(uniq -d "$folder/names" | wc -l)
  appeared=$(comm -12 "$folder/refused" "$folder/names" | wc -l)
  line "64 MiB of $1 filled to the brim under load, then freed" \
    "healed ≤ 2 s after space is back; nothing acknowledged lost, nothing refused appears; reads go on" \
    "healed after ${healed_ms:-null} ms; while full ${answers%, } ($because); of $reads reads $bad_reads not 200; of $acknowledged acknowledged $lost lost, $doubled doubled; of $refused refused $appeared appeared" \
    "${healed_ms:-null} <= 2000" "$refused > 0" "$acknowledged > 0" "$lost == 0" "$doubled == 0" \
    "$appeared == 0" "$bad_reads == 0"
  rm -f "$folder"/{writes,reads}.*
}

fill_a tmpfs
fill_a ext4
