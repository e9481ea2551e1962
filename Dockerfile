FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X switchyard/proxy/cli.release=${VERSION}" -o /out/switchyard . \
 && mkdir /out/data

# Nothing but the binary, the certificates that rediss:// needs, and a folder for the data.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/switchyard /switchyard
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV SWITCHYARD_LISTEN=0.0.0.0:6379 SWITCHYARD_ADMIN=0.0.0.0:9379 SWITCHYARD_DATA=/data
VOLUME /data
EXPOSE 6379 9379
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/switchyard", "--health"]
ENTRYPOINT ["/switchyard"]
