#!/bin/sh
# Builds the Debian package: the binary, its completions and man pages, and the package of them.
# It needs cargo-deb (`cargo install cargo-deb`), and prints the path of the package.
set -eu
cd "$(dirname "$0")/../.."

cargo build --profile dist --locked
target=${CARGO_TARGET_DIR:-target}
files=target/deb
rm -rf "$files"
mkdir -p "$files"
"$target/dist/madang" man "$files/man1"
"$target/dist/madang" completions bash >"$files/madang.bash"
"$target/dist/madang" completions zsh >"$files/_madang"
"$target/dist/madang" completions fish >"$files/madang.fish"
cargo deb --no-build --profile dist --locked "$@"
