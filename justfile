# Recipes for everyday work; `.ci/run` is what a change must pass.

# Lists the recipes.
default:
    @just --list --unsorted

# A small organisation's fortnight, told in plain words; then it serves on.
demo:
    cargo run --release -- demo

# Unit tests of the crates alone: no server, no database.
crates:
    cargo test --locked -p rapport-brief -p rapport-contract -p rapport-journey -p rapport-preference -p rapport-reply -p rapport-statistics -p rapport-vote

# What an auditor builds and reads alone.
vote:
    cargo test --locked -p rapport-vote
    cargo doc --locked -p rapport-vote --no-deps --open

# Unit tests and tests of a running server, on both databases where PostgreSQL is installed.
test:
    cargo test --locked --workspace

# Tests of a running server whose name contains FILTER, such as postgres::ratings; `just it --list` names them.
it FILTER="":
    cargo test --locked --test it -- {{ FILTER }}

# The fault suite: kills, full disks, failovers. `just faults` runs a few of everything, `just faults --help` says more.
faults *ARGS="--short":
    cargo test --locked --test faults -- {{ ARGS }}

# Formatting and lints, as .ci/run checks them.
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo clippy --locked --test faults -- -D warnings

# The documentation of the code, without warnings.
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

# Licences, bans and sources of dependencies.
deny:
    cargo deny --locked check licenses bans sources

# The pages of docs/ as a book, rebuilt as they change.
book:
    mdbook serve docs

# Every check that a change must pass.
ci:
    .ci/run
