# Everything that CI decides on.
verify:
    ./.ci/run

# The words and the stories of all businesses, said to the release binary.
release:
    cargo build --release
    TESTED_MADANG=target/release/madang cargo test --test words
    TESTED_MADANG=target/release/madang cargo test --test server examples::
