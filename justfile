# Everything that CI decides on.
verify:
    ./.ci/run
