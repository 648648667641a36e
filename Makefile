# `make` prints what there is to make.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: help
help: ## print the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: ## build and start everything on this machine; Ctrl-C ends it
	@go build -o bin/local ./local
	@exec bin/local run

.PHONY: test
test: ## check the code and run every test, with the race detector and real parts
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go test -race -timeout 10m ./...

# govulncheck ends with 3 when it found something, with 1 when it could not look.
.PHONY: vuln
vuln: ## look for known vulnerabilities in all that the programs use; VULNDB=URL names a copy of the database
	@GOBIN="$(CURDIR)/bin" go install golang.org/x/vuln/cmd/govulncheck@v1.4.0
	@code=0; bin/govulncheck $(if $(VULNDB),-db "$(VULNDB)") ./... 2> bin/vuln.err || code=$$?; cat bin/vuln.err >&2; \
	if grep -q 'fetching vulnerabilities' bin/vuln.err; then \
		echo "NOT CHECKED: the vulnerability database cannot be reached, so nothing is known to be safe." >&2; \
		echo "next: run it where https://vuln.go.dev is reachable, or with VULNDB=file:///COPY" >&2; exit 4; \
	fi; exit $$code

.PHONY: chaos
chaos: ## break parts of a running system at random for CHAOS_SECONDS, by SEED, and check that nothing is lost or doubled
	@go build -o bin/local ./local
	@exec bin/local chaos

.PHONY: bench
bench: models ## measure: recognition, search, gallery, queue
	go test -run '^$$' -bench . -benchmem -timeout 60m ./...

.PHONY: accuracy
accuracy: models ## measure on PHOTOS=dir how well people are told apart
	@test -n "$(PHOTOS)" || { echo "say which photos: make accuracy PHOTOS=dir; docs/recognition.md tells how they have to lie there"; exit 2; }
	@go run ./face-server accuracy "$(PHOTOS)"

.PHONY: build
build: ## build every program into bin/
	go build -o bin/ ./functions/... ./bridge ./face-server ./local ./pkg/store/migrate

.PHONY: models
models: ## fetch ONNX Runtime and the face models into face-server/kodata
	@go run ./local models

.PHONY: migrate
migrate: ## bring the database at MYSQL_DSN to this version
	@go run ./pkg/store/migrate

.PHONY: dead
dead: ## list the dead letters at NSQD_ADDRESS; RESEND=all|ID sends them again, DROP=all|ID drops them
	@go run ./bridge dead $(if $(RESEND),resend $(RESEND),$(if $(DROP),drop $(DROP)))

.PHONY: generate
generate: ## make the Go code in proto/ from face.proto
	@go run ./local generate

.PHONY: clean
clean: ## remove what was built; .lineup/ with its data and the download cache stay
	rm -rf bin
