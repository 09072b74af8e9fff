#!/bin/sh
# Makes the namespace, keeps closed jobs in it for 30 days, and names the search attributes that the Web UI shows.
# The same again changes nothing. From the environment: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE (read by `temporal` itself).
set -eu

retention=720h
patience=60 # seconds, for each step: a new namespace is known to the whole server only a moment later

until_done() {
    left=$patience
    until "$@"; do
        left=$((left - 1))
        if [ "$left" -le 0 ]; then
            echo "gave up after $patience tries: $*" >&2
            exit 1
        fi
        sleep 1
    done
}

present() {
    temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
        temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention "$retention"
}

until_done temporal operator cluster health
until_done present
until_done temporal operator namespace update -n "$TEMPORAL_NAMESPACE" --retention "$retention"
until_done temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" \
    --name SkillFleetStatus --type Keyword \
    --name SkillFleetPhase --type Keyword \
    --name SkillFleetHitlType --type Keyword \
    --name SkillFleetUser --type Keyword
