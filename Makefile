# `make` alone lists what there is.

SECONDS ?= 30
VISITS ?= 50000
TIMEOUT ?= 15m

.PHONY: help build test lint fuzz soak bench clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./switchyard
	CGO_ENABLED=0 go build -trimpath -o switchyard .

test: ## run every test with the race detector; installs redis-server and npm packages where they are missing
	@scripts/need
	@scripts/need-node
	go test -race -timeout $(TIMEOUT) ./...
	go test -race -timeout $(TIMEOUT) ./integration -transport redcon
	cd integration/applications && go test -race -timeout $(TIMEOUT) ./...

lint: ## check format, vet and staticcheck
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	staticcheck=$$(go tool -n staticcheck) && cd integration/applications && go vet ./... && $$staticcheck ./...

fuzz: ## run each fuzz target for SECONDS
	@scripts/fuzz $(SECONDS)

soak: ## for SECONDS each, compare generated commands with a real redis-server, and have clients come, go and vanish
	@scripts/need
	go test -race -timeout 0 -v -run '^TestDifferential$$|ComeAndGo' ./integration -soak $(SECONDS)s
	go test -race -timeout 0 -v -run 'ComeAndGo' ./integration -soak $(SECONDS)s -transport redcon
	go test -timeout 0 -v -run 'Vanish' ./integration -plain -visits $(VISITS)
	go test -timeout 0 -v -run 'Vanish' ./integration -plain -visits $(VISITS) -transport redcon

bench: ## measure beside redis-server for half an hour, or what ARGS choose: ARGS=--help
	@scripts/need
	go run ./integration/bench $(ARGS)

clean: ## remove what was built
	rm -f switchyard
	rm -rf bin integration/applications/node/node_modules
