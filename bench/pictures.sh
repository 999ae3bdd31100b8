#!/usr/bin/env bash
#
# Makes the pictures of docs/: walker.heatmap_svg() of four tables, each with another load, and the report. A server of its
# own, walked from outside; its clock runs SPEED times as fast (libfaketime), so that a few minutes of real load look like
# a day.
#
# Wants PostgreSQL, libfaketime and chromium. Settings, from the environment:
#   PGBIN    programs of the server (default: of pg_config on the PATH)
#   JAR      walker.jar (default: target/walker.jar)
#   OUT      where the PNGs go (default: docs)
#   SPEED=288 STEPS=288
# A step is five minutes of the fast clock: with these settings it takes five minutes in all.

set -euo pipefail

PGBIN=${PGBIN:-$(pg_config --bindir)}
JAR=$(readlink -f "${JAR:-target/walker.jar}")
OUT=$(readlink -f "${OUT:-docs}")
SPEED=${SPEED:-288} STEPS=${STEPS:-288}
PORT=${PORT:-54331}
FAKETIME_LIB=${FAKETIME_LIB:-$(echo /usr/lib/*/faketime/libfaketime.so.1)}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
new_server <<END
cluster_name = 'shop'
fsync = off
shared_buffers = 256MB
max_wal_size = 4GB
timezone = 'UTC'
autovacuum = off
END
# Yesterday.
begin=$(date -u -d "yesterday 00:00" '+%Y-%m-%d %H:%M:%S')
"${run[@]}" env TZ=UTC LD_PRELOAD="$FAKETIME_LIB" FAKETIME="@$begin x$SPEED" FAKETIME_DONT_FAKE_MONOTONIC=1 \
    "$PGBIN/pg_ctl" -D "$dir/data" -W -l "$dir/log" start >/dev/null 2>&1 </dev/null
until psql -X -Atqc 'SELECT 1' >/dev/null 2>&1; do sleep 0.1; done
psql -X -q -c 'CREATE DATABASE shop'
export PGDATABASE=shop
java -jar "$JAR" init --target-url "$(url)" >/dev/null
walk_beside

psql -X -q <<'END'
-- A few rows of many change all the time, and stay on their pages.
CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL, owner text NOT NULL) WITH (fillfactor = 60);
-- A queue: jobs come in at the end and go at the head; nobody vacuums.
CREATE TABLE jobs (id bigserial PRIMARY KEY, payload text NOT NULL);
-- Every row is as likely to change as any other; vacuum comes now and then.
CREATE TABLE readings (id integer PRIMARY KEY, value double precision NOT NULL, place text NOT NULL);
CREATE INDEX ON readings (value);
-- Old rows go at once in the morning, and are vacuumed away in the evening.
CREATE TABLE sessions (id integer PRIMARY KEY, ended_at timestamptz NOT NULL, agent text NOT NULL);
INSERT INTO accounts SELECT i, 100, repeat('o', 60) FROM generate_series(1, 300000) i;
INSERT INTO readings SELECT i, random(), repeat('p', 60) FROM generate_series(1, 400000) i;
INSERT INTO sessions SELECT i, now() - i * interval '1 s', repeat('a', 60) FROM generate_series(1, 500000) i;
INSERT INTO jobs (payload) SELECT repeat('j', 80) FROM generate_series(1, 60000);
VACUUM ANALYZE;
END

# The steps go by the clock of the server, whose pace need not be kept exactly.
day=$(date -u -d "$begin" +%s)
for step in $(seq "$STEPS"); do
    # More by day than by night.
    busy=$(awk -v s="$step" -v n="$STEPS" 'BEGIN { printf "%.2f", 0.35 + 0.65 * (1 - cos(6.2832 * s / n)) / 2 }')
    psql -X -q >/dev/null <<END
UPDATE accounts SET balance = balance + 1
 WHERE id IN (SELECT DISTINCT (110000 + 4000 * (random() + random() + random() - 1.5))::integer
                FROM generate_series(1, (1500 * $busy)::integer));
UPDATE accounts SET balance = balance + 1
 WHERE id IN (SELECT DISTINCT (1 + 299999 * random())::integer FROM generate_series(1, 1));
UPDATE readings SET value = random()
 WHERE id IN (SELECT (1 + 399999 * random())::integer FROM generate_series(1, (170 * $busy)::integer));
INSERT INTO jobs (payload) SELECT repeat('j', 80) FROM generate_series(1, (1500 * $busy)::integer);
DELETE FROM jobs WHERE id IN (SELECT id FROM jobs ORDER BY id LIMIT (1500 * $busy)::integer);
END
    # In the place of autovacuum, whose processes do not take the fast clock.
    if [[ $((step % (STEPS / 4))) -eq 0 && $step -lt $STEPS ]]; then
        psql -X -qc 'VACUUM accounts' -c 'VACUUM readings'
    fi
    if [[ $step -eq $((STEPS * 3 / 8)) ]]; then
        psql -X -qc 'DELETE FROM sessions WHERE id BETWEEN 150000 AND 330000'
    elif [[ $step -eq $((STEPS * 19 / 24)) ]]; then
        psql -X -qc 'VACUUM sessions'
    fi
    until [[ $(psql -X -Atqc "SELECT extract('epoch' FROM clock_timestamp()) >= $day + $step * 300") == t ]]; do
        sleep 0.05
    done
done
psql -X -Atqc "SELECT walker.wait_for(timeout => '12 hours')" >/dev/null

# shot FILE PNG WIDTH HEIGHT: what a browser makes of a file.
shot() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="$3,$4" --virtual-time-budget=4000 \
        --screenshot="$2" "file://$1" >/dev/null 2>&1
}
tables="accounts jobs readings sessions"
for table in $tables; do
    psql -X -Atqc "SELECT walker.heatmap_svg('$table')" >"$dir/$table.svg"
done
java -jar "$JAR" report --url "$(url)" --out "$dir/report.html" --top 4
for table in $tables; do
    shot "$dir/$table.svg" "$OUT/heatmap-$table.png" 960 540
done
shot "$dir/report.html" "$OUT/report.png" 1240 820
# The same page, with the map of the worst table alone.
sed 's#</head>#<style>header, main > :not(section), section ~ section, footer { display: none !important }</style></head>#' \
    "$dir/report.html" >"$dir/map.html"
shot "$dir/map.html" "$OUT/report-map.png" 1240 860
[[ -z ${KEEP:-} ]] || cp "$dir"/*.svg "$dir/report.html" "$KEEP"
echo "pictures are in $OUT"
