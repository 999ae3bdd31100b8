#!/usr/bin/env bash
#
# How long it takes from a commit until the map shows it in SQL, with the remote host and default settings, while pgbench
# runs at full speed on the same machine; and how far behind the walker is meanwhile. Makes a server of its own.
#
# Settings, from the environment:
#   PGBIN      programs of the server (default: of pg_config on the PATH)
#   MODES="stream file" SECONDS_EACH=60 WARM_UP=15 CLIENTS=2 SCALE=20 SYNC=on
# Each mode begins with WARM_UP seconds of load that are not measured.

set -euo pipefail

PGBIN=${PGBIN:-$(pg_config --bindir)}
MODES=${MODES:-stream file} SECONDS_EACH=${SECONDS_EACH:-60} WARM_UP=${WARM_UP:-15}
CLIENTS=${CLIENTS:-2} SCALE=${SCALE:-20} SYNC=${SYNC:-on} PORT=${PORT:-54328}
PROBES="probe1 probe2 probe3 probe4"
JAR=${JAR:-$(dirname "$(readlink -f "$0")")/../target/walker.jar}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
new_server <<CONF
shared_buffers = 512MB
max_wal_size = 8GB
synchronous_commit = $SYNC
CONF
start_server
ask() { psql -X -Atq -c "$1"; }
"$PGBIN/pgbench" -q -i -s "$SCALE" >/dev/null 2>&1
java -jar "$JAR" init --target-url "$(url)" >/dev/null

# A row is deleted and committed, then the map is asked until it has one dead tuple more; four sessions do that.
psql -X -q <<'SQL'
CREATE TABLE probe1 (id bigint PRIMARY KEY) WITH (fillfactor = 50, autovacuum_enabled = off);
CREATE TABLE probe2 (LIKE probe1 INCLUDING ALL) WITH (fillfactor = 50, autovacuum_enabled = off);
CREATE TABLE probe3 (LIKE probe1 INCLUDING ALL) WITH (fillfactor = 50, autovacuum_enabled = off);
CREATE TABLE probe4 (LIKE probe1 INCLUDING ALL) WITH (fillfactor = 50, autovacuum_enabled = off);
CREATE TABLE seen (mode text, latency double precision, lag bigint);
CREATE PROCEDURE measure(mode text, probe regclass, until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    begun timestamptz;
    n bigint := 1;
BEGIN
    WHILE clock_timestamp() < until LOOP
        SELECT coalesce(sum(m.dead_tuples), 0) INTO before FROM walker.heatmap(probe, 1) m;
        EXECUTE format('DELETE FROM %s WHERE id = %s', probe, n);
        COMMIT;
        begun := clock_timestamp();
        n := n + 1;
        LOOP
            EXIT WHEN (SELECT sum(m.dead_tuples) FROM walker.heatmap(probe, 1) m) > before;
            COMMIT;
            PERFORM pg_sleep(0.005);
        END LOOP;
        INSERT INTO seen SELECT measure.mode, extract(epoch FROM clock_timestamp() - begun), s.lag_bytes FROM walker.status() s;
        COMMIT;
        PERFORM pg_sleep(random() * 0.2);
    END LOOP;
END
$$;
SQL

printf '%-8s %8s %8s %8s %8s %8s %12s %12s %10s\n' \
    mode samples p50 p95 p99 max 'lag p50 kB' 'lag max kB' 'TPS'
for mode in $MODES; do
    for probe in $PROBES; do
        ask "TRUNCATE $probe; INSERT INTO $probe SELECT generate_series(1, 10000)"
    done
    ask CHECKPOINT
    walk_beside --mode "$mode"
    "$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -T $((WARM_UP + SECONDS_EACH)) -M prepared >"$dir/pgbench" 2>&1 &
    load=$!
    sleep "$WARM_UP"
    measuring=()
    for probe in $PROBES; do
        ask "CALL measure('$mode', '$probe', clock_timestamp() + interval '$((SECONDS_EACH - 2)) s')" &
        measuring+=("$!")
    done
    wait "${measuring[@]}"
    wait "$load"
    begun=$(date +%s%N)
    ask "SELECT walker.wait_for(timeout => '5 min')" >/dev/null
    drained=$((($(date +%s%N) - begun) / 1000000))
    ask "SELECT format('%-8s %8s %8s %8s %8s %8s %12s %12s', mode, count(*),
             percentile_cont(0.5) WITHIN GROUP (ORDER BY latency)::numeric(8, 3),
             percentile_cont(0.95) WITHIN GROUP (ORDER BY latency)::numeric(8, 3),
             percentile_cont(0.99) WITHIN GROUP (ORDER BY latency)::numeric(8, 3), max(latency)::numeric(8, 3),
             percentile_disc(0.5) WITHIN GROUP (ORDER BY lag) / 1024, max(lag) / 1024)
         FROM seen WHERE mode = '$mode' GROUP BY mode" | tr '\n' ' '
    sed -n 's/^tps = \([0-9]*\).*/\1/p' "$dir/pgbench" | tr '\n' ' '
    echo "; all walked $drained ms after the load"
    kill "$beside"
    wait "$beside" || true
    beside=""
done
