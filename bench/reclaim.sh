#!/usr/bin/env bash
#
# What walker.reclaim() gets back by reading how much of a table, beside VACUUM, on a server of its own and a walker beside
# it: the blocks of the table and its indexes that each has accessed and left dirty, and the WAL about them. The garbage is
# counted by pgstattuple.
#
# Settings, from the environment:
#   PGBIN      programs of the server, with pgstattuple, pg_walinspect, pg_buffercache (default: of pg_config on the PATH)
#   JAR        walker.jar (default: target/walker.jar)
#   ROWS=300000 GARBAGE=9000 LIMITS="2 10 100"   percent of the blocks that reclaim may read
# Scenarios: "hotspot" has nine tenths of the garbage in rows that lie together, "uniform" has all of it anywhere; both come
# from one transaction. "again" is a hotspot made by two transactions, of which the second prunes what the first has left,
# so that its pages have room.

set -euo pipefail

PGBIN=${PGBIN:-$(pg_config --bindir)}
JAR=$(readlink -f "${JAR:-$(dirname "$0")/../target/walker.jar}")
ROWS=${ROWS:-300000} GARBAGE=${GARBAGE:-9000} LIMITS=${LIMITS:-2 10 100}
PORT=${PORT:-54328}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
export PGOPTIONS='-c client_min_messages=error'
new_server --data-checksums <<END
shared_buffers = 512MB
max_wal_size = 8GB
autovacuum = off
END
start_server
ask() { psql -X -Atq -F ' ' -c "$1"; }
ask "CREATE EXTENSION pgstattuple; CREATE EXTENSION pg_walinspect; CREATE EXTENSION pg_buffercache"
java -jar "$JAR" init --target-url "$(url)" >/dev/null
walk_beside

# make SCENARIO: table t, with an index that no update changes and one that each does, all pages full, then the garbage.
make() {
    local near=0
    [[ $1 == uniform ]] || near=$((GARBAGE * 9 / 10))
    psql -X -q >/dev/null <<END
DROP TABLE IF EXISTS t;
CREATE TABLE t (id integer PRIMARY KEY, v integer, at timestamptz, pad text);
INSERT INTO t SELECT i, 0, now() + i * interval '1 s', repeat('x', 80) FROM generate_series(1, $ROWS) i;
CREATE INDEX ON t (v);
SELECT pg_stat_force_next_flush();
VACUUM (ANALYZE, FREEZE) t;
SELECT setseed(0.42);
CREATE TEMP TABLE changed AS
SELECT i AS id FROM generate_series($ROWS / 3, $ROWS / 3 + $near - 1) i
UNION
SELECT (random() * ($ROWS - 1))::integer + 1 FROM generate_series(1, $GARBAGE - $near);
SET enable_seqscan = off;
BEGIN;
UPDATE t SET v = v + 1 FROM changed c WHERE t.id = c.id AND c.id % 2 = 0;
$([[ $1 != again ]] || echo 'COMMIT; BEGIN;')
DELETE FROM t USING changed c WHERE t.id = c.id AND c.id % 2 = 1;
COMMIT;
SELECT walker.wait_for();
END
}

dead() { ask "SELECT dead_tuple_count FROM pgstattuple('t')"; }
accessed() {
    ask "SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit FROM pg_statio_user_tables WHERE relname = 't'"
}
files="SELECT pg_relation_filenode(c) FROM (SELECT 't'::regclass AS c UNION ALL
       SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 't'::regclass) f"

# measure NAME SQL
measure() {
    local before after start end reads blocks dirty wal
    before=$(dead)
    ask CHECKPOINT
    blocks=$(ask "SELECT pg_relation_size('t') / 8192")
    reads=$(accessed)
    start=$(ask 'SELECT pg_current_wal_insert_lsn()')
    psql -X -q -c "$2" -c 'SELECT pg_stat_force_next_flush()' >/dev/null
    dirty=$(ask "SELECT count(*) FROM pg_buffercache WHERE isdirty AND relfilenode IN ($files)")
    ask "SELECT pg_logical_emit_message(true, 'bench', 'flushes')" >/dev/null
    end=$(ask 'SELECT pg_current_wal_flush_lsn()')
    reads=$(($(accessed) - reads))
    wal=$(ask "SELECT coalesce(sum(record_length), 0) FROM pg_get_wal_records_info('$start', '$end')
               WHERE block_ref ~ ('/(' || (SELECT string_agg(f::text, '|') FROM ($files) x (f)) || ');?\\y')")
    after=$(dead)
    awk -v s="$scenario" -v n="$1" -v b="$before" -v a="$after" -v p="$blocks" -v r="$reads" -v d="$dirty" -v w="$wal" 'BEGIN {
        printf "%-8s %-30s %7d of %7d dead %5.1f%%   blocks accessed %7d (%5.1f%% of the table) dirtied %6d   WAL kB %8.0f\n",
            s, n, b - a, b, 100 * (b - a) / b, r, 100 * r / p, d, w / 1000 }'
}

echo "$("$PGBIN/postgres" --version), $ROWS rows, $GARBAGE dead"
for scenario in hotspot uniform again; do
    make "$scenario"
    total=$(ask "SELECT pg_relation_size('t') / 8192")
    pages=$(ask "SELECT pages_with_garbage FROM walker.garbage() WHERE relation = 't'::regclass")
    echo "$scenario: $pages of $total blocks have garbage"
    fresh=1
    for limit in $LIMITS; do
        [[ $fresh -eq 1 ]] || make "$scenario"
        fresh=0
        measure "reclaim, limit $limit% of blocks" "CALL walker.reclaim('t', $((total * limit / 100)))"
    done
    make "$scenario"
    measure "VACUUM" "VACUUM t"
done
