#!/bin/sh
# Makes Temporal's two databases, or brings their tables up to this version of admin-tools. The same again changes nothing.
# From the environment: POSTGRES_SEEDS, POSTGRES_USER, DB_PORT, and SQL_PASSWORD, which the tool reads by itself.
set -eu

schema() {
    database=$1 folder=$2
    set -- temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p "$DB_PORT" -u "$POSTGRES_USER" --db "$database"
    "$@" create
    "$@" setup-schema -v 0.0
    "$@" update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
}

schema temporal temporal
schema temporal_visibility visibility
