#!/bin/sh
# Builds the Debian package: the binary, its completions and man pages, and the package of them.
# It needs cargo-deb (`cargo install cargo-deb`), and prints the path of the package.
set -eu
cd "$(dirname "$0")/../.."

cargo build --release --locked
target=${CARGO_TARGET_DIR:-target}
files=target/deb
rm -rf "$files"
mkdir -p "$files"
"$target/release/madang" man "$files/man1"
"$target/release/madang" completions bash >"$files/madang.bash"
"$target/release/madang" completions zsh >"$files/_madang"
"$target/release/madang" completions fish >"$files/madang.fish"
cargo deb --no-build --locked "$@"
