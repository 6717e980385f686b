# The image of madang: the binary on a Debian without a shell, as a user without privileges.
# The root file system may be read-only; the server writes below /var/lib/madang only.

FROM rust:1.89-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin madang \
    && install -D target/dist/madang /image/usr/bin/madang \
    && strip --strip-debug /image/usr/bin/madang \
    && install -D -m 0644 deploy/docker/madang.toml /image/etc/madang/madang.toml \
    && install -d /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image /
# A new volume takes over the owner of this folder.
COPY --from=build --chown=65532:65532 --chmod=0700 /data /var/lib/madang
USER 65532:65532
VOLUME /var/lib/madang
EXPOSE 8080
# The stop takes 20 s at most: run with `--stop-timeout 25`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 \
    CMD ["/usr/bin/madang", "health", "--config", "/etc/madang/madang.toml"]
ENTRYPOINT ["/usr/bin/madang"]
CMD ["serve", "--config", "/etc/madang/madang.toml"]
