\echo Use "ALTER EXTENSION walker UPDATE" to load this file. \quit

-- Tables: what is in them stays. "walker.jar init" runs this part alone.

SET LOCAL default_table_access_method = heap;

ALTER TABLE walker.source ADD autostart boolean NOT NULL DEFAULT false, ADD settings jsonb;
COMMENT ON COLUMN walker.source.autostart IS 'whether walker.ensure_running() is to start the walker of this server';
COMMENT ON COLUMN walker.source.settings IS 'what the walker in the server goes by, by name; it was read when the walker started or by walker.reload()';

ALTER TABLE walker.plugin ALTER ordinal DROP NOT NULL, ADD "position" pg_lsn;
-- What was set aside has the state of where that happened.
UPDATE walker.plugin p
   SET "position" = coalesce(p.error_lsn, (SELECT g."position" FROM walker.progress g WHERE g.source_id = p.source_id), '0/0');
ALTER TABLE walker.plugin ALTER "position" SET NOT NULL;
COMMENT ON TABLE walker.plugin IS 'plugins and how far they are; those of the present or last walk have an ordinal';
COMMENT ON COLUMN walker.plugin."position" IS 'the plugin was given everything before it; behind that of the walk if it was set aside or is not named any more';

CREATE TABLE walker.gaps (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    gap_no bigint GENERATED ALWAYS AS IDENTITY,
    plugin text,
    timeline integer NOT NULL,
    from_lsn pg_lsn NOT NULL,
    to_timeline integer NOT NULL,
    to_lsn pg_lsn NOT NULL,
    reason text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (source_id, gap_no)
);
COMMENT ON TABLE walker.gaps IS 'WAL that was left out: from from_lsn on timeline "timeline" to to_lsn on to_timeline';
COMMENT ON COLUMN walker.gaps.plugin IS 'the plugin that was not given this WAL; null if it was not walked at all';

ALTER TABLE walker.heatmap_relation ADD newpage_updates bigint NOT NULL DEFAULT 0;
ALTER TABLE walker.heatmap_relation ALTER newpage_updates DROP DEFAULT;
COMMENT ON COLUMN walker.heatmap_relation.newpage_updates IS 'those of the updates whose new version went to another page, for want of room';

COMMENT ON COLUMN walker.heatmap_relation.created_in_wal IS 'all pages are known: the creation was walked, or walker.baseline() has read them';

CREATE TABLE walker.heatmap_baseline_request (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    request bigint GENERATED ALWAYS AS IDENTITY,
    spc_oid oid NOT NULL,
    db_oid oid NOT NULL,
    relfilenode oid NOT NULL,
    PRIMARY KEY (source_id, request)
);
COMMENT ON TABLE walker.heatmap_baseline_request IS 'what walker.baseline() has asked for and the walker has not seen yet; relfilenode 0 stands for all heaps';

CREATE TABLE walker.heatmap_baseline (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    state text NOT NULL,
    next_block bigint NOT NULL,
    blocks bigint NOT NULL,
    passes integer NOT NULL,
    unsettled bigint NOT NULL,
    sure boolean NOT NULL,
    begin_lsn pg_lsn NOT NULL,
    error text,
    PRIMARY KEY (source_id, spc_oid, db_oid, relfilenode)
) WITH (fillfactor = 50);
COMMENT ON TABLE walker.heatmap_baseline IS 'how far the reading of pages is that walker.baseline() has asked for: waiting, reading, done, gone (dropped or rewritten), failed';

CREATE TABLE walker.heatmap_history_relation (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    history_id bigint NOT NULL,
    relation_oid oid NOT NULL,
    oldest_minutes timestamptz,
    oldest_fives timestamptz,
    oldest_hours timestamptz,
    PRIMARY KEY (source_id, spc_oid, db_oid, relfilenode)
) WITH (fillfactor = 70);
COMMENT ON TABLE walker.heatmap_history_relation IS 'heaps that have rows in heatmap_history';
COMMENT ON COLUMN walker.heatmap_history_relation.relation_oid IS 'the relation in pg_class, which keeps its history when it gets new files; 0 if it is not known';
COMMENT ON COLUMN walker.heatmap_history_relation.oldest_minutes IS 'the first part that may have buckets of a minute; oldest_fives and oldest_hours: of 5 minutes, of an hour';

CREATE TABLE walker.heatmap_history (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    history_id bigint,
    seconds integer,
    part timestamptz,
    bucket timestamptz,
    range_blocks bigint NOT NULL,
    first_range integer NOT NULL,
    ranges integer NOT NULL,
    totals bigint[] NOT NULL,
    born_delete bigint[],
    born_update bigint[],
    born_hot_update bigint[],
    born_aborted_insert bigint[],
    born_aborted_update bigint[],
    reclaimed_on_access bigint[],
    reclaimed_vacuum_scan bigint[],
    reclaimed_vacuum_cleanup bigint[],
    reclaimed_prune bigint[],
    reclaimed_truncate bigint[],
    learned bigint[],
    inserts bigint[],
    updates bigint[],
    hot_updates bigint[],
    deletes bigint[],
    prunes bigint[],
    items_freed bigint[],
    fpi bigint[],
    wal_bytes bigint[],
    PRIMARY KEY (source_id, history_id, seconds, part, bucket)
) WITH (fillfactor = 70);
COMMENT ON TABLE walker.heatmap_history IS 'what happened to a heap from "bucket" on, "seconds" long; see walker.heatmap_history()';
COMMENT ON COLUMN walker.heatmap_history.part IS 'the time that is merged into longer buckets, or dropped, as a whole: 15 min of buckets of a minute, 6 h of those of 5 min, a day of those of an hour';
COMMENT ON COLUMN walker.heatmap_history.first_range IS 'the range of the first element of each array; range n begins with block n * range_blocks';
COMMENT ON COLUMN walker.heatmap_history.totals IS 'the sum of each array, in the order of the columns';

ALTER TABLE walker.source ADD COLUMN version text, ADD COLUMN unread jsonb;
COMMENT ON COLUMN walker.source.unread IS 'settings that nobody reads, each with the one that may be meant';
COMMENT ON COLUMN walker.source.version IS 'of the server, when its walker was started last';

ALTER TABLE walker.progress ADD COLUMN mode text, ADD COLUMN saved_at timestamptz, ADD COLUMN reconnecting_since timestamptz, ADD COLUMN previous pg_lsn, ADD COLUMN previous_crc bigint;
COMMENT ON COLUMN walker.progress.previous IS 'where the last record before "position" begins; a server whose WAL does not go on from there is another one, or was set back';
COMMENT ON COLUMN walker.progress.previous_crc IS 'checksum (xl_crc) of that record: a server that has another one there is another one, or was set back';
COMMENT ON COLUMN walker.progress.reconnecting_since IS 'when a walker from outside has lost the server; null while it walks, and when it has ended';
COMMENT ON COLUMN walker.progress.mode IS 'how WAL is read: stream (of replication) or file (pg_read_binary_file)';
COMMENT ON COLUMN walker.progress.saved_at IS 'when position and flush_lsn were written last; an idle walker does not write';

CREATE TABLE walker.relation (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    database text,
    schema text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    toast_of text,
    blocks bigint NOT NULL,
    live_tuples bigint NOT NULL,
    PRIMARY KEY (source_id, spc_oid, db_oid, relfilenode)
) WITH (fillfactor = 70);
COMMENT ON TABLE walker.relation IS 'names of the relations in all databases of a source, and sizes of the heaps, as the remote host has seen them last';
COMMENT ON COLUMN walker.relation.database IS 'null for what all databases share';
COMMENT ON COLUMN walker.relation.toast_of IS 'the table that a TOAST table belongs to';

CREATE TABLE walker.walstats (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    bucket timestamptz,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    resource_manager text,
    record_type text,
    records bigint,
    wal_bytes bigint,
    fpi_bytes bigint,
    PRIMARY KEY (source_id, bucket, spc_oid, db_oid, relfilenode, resource_manager, record_type)
);
COMMENT ON TABLE walker.walstats IS 'plugin walstats: the volume of WAL in the hour that begins at "bucket"; see walker.walstats()';

CREATE TABLE walker.rollbacks (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    bucket timestamptz,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    rollbacks bigint,
    inserts bigint,
    updates bigint,
    deletes bigint,
    records bigint,
    wal_bytes bigint,
    fpi_bytes bigint,
    PRIMARY KEY (source_id, bucket, spc_oid, db_oid, relfilenode)
);
COMMENT ON TABLE walker.rollbacks IS 'plugin rollbacks: what was rolled back in the hour that begins at "bucket"; see walker.rollbacks()';

CREATE TABLE walker.rollbacks_pending (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    xid bigint,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    prepared boolean,
    inserts bigint,
    updates bigint,
    deletes bigint,
    records bigint,
    wal_bytes bigint,
    fpi_bytes bigint,
    PRIMARY KEY (source_id, xid, spc_oid, db_oid, relfilenode)
);
COMMENT ON TABLE walker.rollbacks_pending IS 'plugin rollbacks: what open transactions and subtransactions have done so far';

CREATE TABLE walker.changed_blocks_range (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    first_lsn pg_lsn,
    next_lsn pg_lsn,
    level integer,
    last_change timestamptz,
    PRIMARY KEY (source_id, first_lsn)
);
COMMENT ON TABLE walker.changed_blocks_range IS 'plugin changed_blocks: the ranges of WAL of which is known what they changed';

CREATE TABLE walker.changed_blocks_limit (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    first_lsn pg_lsn,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    fork integer,
    limit_block bigint,
    PRIMARY KEY (source_id, first_lsn, spc_oid, db_oid, relfilenode, fork)
);
COMMENT ON TABLE walker.changed_blocks_limit IS 'plugin changed_blocks: the forks that a range has cut, made or dropped, and the shortest they were; relfilenode 0 stands for a whole database';

CREATE TABLE walker.changed_blocks (
    source_id integer REFERENCES walker.source ON DELETE CASCADE,
    first_lsn pg_lsn,
    spc_oid oid,
    db_oid oid,
    relfilenode oid,
    fork integer,
    part integer,
    runs smallint[],
    PRIMARY KEY (source_id, first_lsn, spc_oid, db_oid, relfilenode, fork, part)
);
COMMENT ON TABLE walker.changed_blocks IS 'plugin changed_blocks: the blocks that a range has changed; see walker.changed_blocks()';
COMMENT ON COLUMN walker.changed_blocks.runs IS 'first and last block of each run, counted from block part * 8192';

-- Functions: those of the new version in place of all there were. They stand in the script that makes it. What is compared has
-- the same type on both sides, since others may have operators in the schema that the extension's dependencies are in.

DO $do$
DECLARE
    routine text;
    script text := pg_catalog.pg_read_file(
        (SELECT c.setting FROM pg_catalog.pg_config() c WHERE c.name = 'SHAREDIR') || '/extension/walker--1.1.sql');
BEGIN
    FOR routine IN
        SELECT d.objid::pg_catalog.regprocedure
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'walker'
         WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
           AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.deptype = 'e'
    LOOP
        EXECUTE 'DROP ROUTINE ' || routine;
    END LOOP;
    EXECUTE pg_catalog.substr(script, pg_catalog.strpos(script, '-- Functions from here on'));
END
$do$;
