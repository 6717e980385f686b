#!/usr/bin/env bash
# Attacks the release server under a limit of memory: aggregates with long histories whose
# idempotency keys are repeated, connections of every slow kind, and hostile queries, while
# well-behaved clients order and read. Prints a Markdown table.
#
#   benches/hostile.sh [SECONDS] [CONNECTIONS] [QUERIES] [REPLAYS] [RECORDS]
#   benches/hostile.sh 60 5000 1000 100 2000000        (the default, the long form)
#   benches/hostile.sh 5 100 50 5 20000                (the short form)
#
# MADANG names a binary that is built already; then examples/hostile.rs must be built as well, as
# HOSTILE or target/release/examples/hostile. MEMORY_MIB is the limit, 1024 by default. A control
# group (version 2 or 1) sets the limit when this script may create one, otherwise systemd-run; when
# neither works, memory is only measured, and the table shows that.
source "$(dirname "$0")/serve.sh"

seconds=${1:-60}
connections=${2:-5000}
queries=${3:-1000}
replays=${4:-100}
records=${5:-2000000}
memory_mib=${MEMORY_MIB:-1024}

if [ -z "${MADANG:-}" ]; then
  cargo build --release --bin madang --example hostile
fi
madang=${MADANG:-target/release/madang}
hostile=${HOSTILE:-target/release/examples/hostile}

# Both sides need a file for each connection.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

# group: makes a control group with the limit, and prints its folder.
group() {
  local at
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    at=/sys/fs/cgroup/madang-hostile.$$
    mkdir "$at" && echo $((memory_mib << 20)) >"$at/memory.max" && echo 0 >"$at/memory.swap.max" && echo "$at"
  else
    at=/sys/fs/cgroup/memory/madang-hostile.$$
    mkdir "$at" && echo $((memory_mib << 20)) >"$at/memory.limit_in_bytes" && echo "$at"
  fi
}

if limited=$(group 2>/dev/null) && [ -n "$limited" ]; then
  how="a control group"
  clean_up() { rmdir "$limited" 2>/dev/null || true; }
elif systemd-run --scope --quiet -p "MemoryMax=${memory_mib}M" true 2>/dev/null; then
  limited=systemd-run how="systemd-run"
else
  limited="" how="nothing: memory is only measured"
fi

serve() {
  case $limited in
    "") exec "$@" ;;
    systemd-run) exec systemd-run --scope --quiet -p "MemoryMax=${memory_mib}M" "$@" ;;
    *)
      echo "$BASHPID" >"$limited/cgroup.procs"
      exec "$@"
      ;;
  esac
}

serve "$madang" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/madang.log" 2>&1 &
pids+=($!)
address=$(address_in "$folder/madang.log")

"$hostile" --address "$address" --process "${pids[0]}" --seconds "$seconds" \
  --connections "$connections" --queries "$queries" --replays "$replays" --records "$records"
echo "| memory limited to $memory_mib MiB by | $how | |"
for peak in memory.peak memory.max_usage_in_bytes; do
  [ -n "$limited" ] && [ -r "$limited/$peak" ] &&
    echo "| memory peak of the group, with its files in cache | $(($(<"$limited/$peak") >> 20)) MiB | |"
done
begun=$SECONDS
kill "${pids[0]}" 2>/dev/null || true
if wait "${pids[0]}"; then stopped=yes; else stopped="no, $?"; fi
echo "| stopped as asked, after $((SECONDS - begun)) s | $stopped | yes |"
grep -E 'ERROR|WARN' "$folder/madang.log" | cut -c29-160 | sort | uniq -c | sort -rn | head -5 >&2 || true
