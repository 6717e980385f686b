#!/usr/bin/env bash
# Measures the release server against the aims of docs/resilience.md, and prints them as a table.
#
#   benches/resilience.sh [ROW...]     all rows by default; each is benches/resilience/rowN.sh
#
# SECONDS_PER_ROW shortens the loads, KEEP=1 keeps the files of the rows, MADANG and LOAD name
# binaries that are built already. Needs curl, jq, siege (rows 1, 4 and 11), wrk (2, 8, 9 and 10), root
# and mkfs.ext4 (9), and a machine with nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/.."

rows=("$@")
if ((${#rows[@]} == 0)); then
  mapfile -t rows < <(printf '%s\n' benches/resilience/row*.sh | grep -oE '[0-9]+' | sort -n)
fi
if [ -z "${MADANG:-}" ]; then
  cargo build --release --bin madang --example load
fi

echo "| row | scenario | aim | reached | |"
echo "|---|---|---|---|---|"
status=0
for row in "${rows[@]}"; do
  if ! bash "benches/resilience/row$row.sh"; then
    echo "| $row | | | it broke off | **missed** |"
    status=1
  fi
done
echo
echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(date +%F)"
exit "$status"
