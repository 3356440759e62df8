# What a day with Florin needs. `just` alone lists the recipes; the stages of .ci/run are the same commands.

[private]
default:
    @just --list

# The server on ./florin-data: http://127.0.0.1:8080
serve *args:
    cargo run --release -- serve {{args}}

# Throughput and latencies, for example: just bench ledger
bench *args:
    cargo run --release -- bench {{args}}

# Formatting, as it is; `cargo fmt --all` puts it right
fmt:
    scripts/do fmt

clippy:
    scripts/do clippy

# House rules: who may depend on whom, sizes, words
tidy:
    scripts/do tidy

# Every test, on SQLite; on PostgreSQL too when FLORIN_TEST_POSTGRES_URL names a server
test:
    scripts/do test

# Every test on both engines, with a PostgreSQL of its own
test-both:
    #!/usr/bin/env bash
    set -euo pipefail
    trap 'scripts/postgres down' EXIT
    eval "$(scripts/postgres up)"
    FLORIN_TEST_REQUIRE=postgres,browser scripts/do test

# Five bugs that the simulation of the ledger has to find
planted:
    scripts/do planted

# The API of every crate, with warnings denied
docs:
    scripts/do docs

# The pipeline that every change has to pass
ci:
    .ci/run

# Every test at its full size, faults, benchmarks, planted bugs, documents
deep:
    .ci/run deep
