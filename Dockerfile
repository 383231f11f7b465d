# All programs of Liancheng in one image. Any builder of Docker 20.10 or later; no BuildKit feature is needed.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/packages deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build && rm -rf /var/lib/apt/lists/*
COPY deploy/data deploy/data
COPY Makefile VERSION ./
COPY proto proto
COPY common common
COPY services services
# The programs, the contract and the holiday notices; the client library is for hospitals' own machines (make install).
RUN make -j"$(nproc)" all \
    && install -d /out/usr/local/bin /out/usr/local/share/liancheng \
    && install -m 755 build/opt/bin/* /out/usr/local/bin \
    && cp -r proto deploy/data /out/usr/local/share/liancheng/

FROM ${BASE}
ARG UID=10001
ARG GID=10001
LABEL org.opencontainers.image.title="Liancheng" \
      org.opencontainers.image.description="Event registries and exact metrics for a city" \
      org.opencontainers.image.vendor="Liancheng"
COPY deploy/packages deploy/install-packages.sh /tmp/deploy/
RUN /tmp/deploy/install-packages.sh run && rm -rf /var/lib/apt/lists/* /tmp/deploy
RUN groupadd --gid "${GID}" liancheng \
    && useradd --uid "${UID}" --gid "${GID}" --no-create-home --home-dir /var/lib/liancheng --shell /usr/sbin/nologin liancheng \
    && install -d -o "${UID}" -g "${GID}" -m 0700 /var/lib/liancheng
COPY --from=build /out/usr/local /usr/local
USER ${UID}:${GID}
WORKDIR /var/lib/liancheng
CMD ["lianchengctl", "--help"]
