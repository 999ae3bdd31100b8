package dev.walker.plugins;

import dev.walker.spi.PluginContext;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.wal.Lsn;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Ranges of WAL and what they have changed, in tables. Of each level there are {@link #MOST} ranges at the most: beyond, the
 * {@link #MERGED} oldest become one of the next level. What was changed {@link #KEPT_DAYS} days ago is forgotten.
 */
final class ChangedTables {
    static final TableSpec RANGES = TableSpec.named("changed_blocks_range")
            .key("first_lsn", Type.PG_LSN)
            .value("next_lsn", Type.PG_LSN)
            .value("level", Type.INTEGER)
            .value("last_change", Type.TIMESTAMPTZ)
            .build();

    static final TableSpec LIMITS = TableSpec.named("changed_blocks_limit")
            .key("first_lsn", Type.PG_LSN)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .key("fork", Type.INTEGER)
            .value("limit_block", Type.BIGINT)
            .build();

    static final TableSpec BLOCKS = TableSpec.named("changed_blocks")
            .key("first_lsn", Type.PG_LSN)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .key("fork", Type.INTEGER)
            .key("part", Type.INTEGER)
            .value("runs", Type.SMALLINT_ARRAY)
            .build();

    /** Ranges of a level that are kept. */
    static final int MOST = 32;
    /** How many of them become one. */
    static final int MERGED = 16;
    /** Ranges of this level are not merged. */
    static final int LAST_LEVEL = 3;
    /** For so many days ranges are kept. */
    static final int KEPT_DAYS = 31;

    private static final Comparator<ChangedRange> BY_LSN = (a, b) -> Lsn.compare(a.firstLsn(), b.firstLsn());

    private final StateTable ranges;
    private final StateTable limits;
    private final StateTable blocks;
    /** What is stored, by LSN; their forks are not loaded. */
    private final List<ChangedRange> stored = new ArrayList<>();

    ChangedTables(PluginContext context) {
        ranges = context.table(RANGES);
        limits = context.table(LIMITS);
        blocks = context.table(BLOCKS);
        ranges.scan(
                row -> stored.add(new ChangedRange((Long) row[0], (Long) row[1], (Integer) row[2], (Instant) row[3])));
        stored.sort(BY_LSN);
    }

    /** The ranges that are stored, by LSN. */
    List<ChangedRange> stored() {
        return List.copyOf(stored);
    }

    /** Reads what a range has changed. */
    void load(ChangedRange range) {
        limits.scan(row -> fork(range, row).loadLimit((Long) row[5]), range.firstLsn());
        blocks.scan(row -> fork(range, row).loadPart((Integer) row[5], (short[]) row[6]), range.firstLsn());
    }

    private static ChangedBlocks fork(ChangedRange range, Object[] row) {
        return range.fork((Long) row[1], (Long) row[2], (Long) row[3], (Integer) row[4]);
    }

    /** Writes what is new of a range. */
    void save(ChangedRange range) {
        range.forks()
                .forEach((fork, changed) -> changed.save(new ChangedBlocks.Store() {
                    @Override
                    public void put(int part, short[] runs) {
                        blocks.put(
                                range.firstLsn(),
                                fork.spcOid(),
                                fork.dbOid(),
                                fork.relNumber(),
                                fork.fork(),
                                part,
                                runs);
                    }

                    @Override
                    public void delete(int part) {
                        blocks.delete(
                                range.firstLsn(), fork.spcOid(), fork.dbOid(), fork.relNumber(), fork.fork(), part);
                    }

                    @Override
                    public void limit(long block) {
                        limits.put(range.firstLsn(), fork.spcOid(), fork.dbOid(), fork.relNumber(), fork.fork(), block);
                    }
                }));
        ranges.put(range.firstLsn(), range.nextLsn(), range.level(), range.lastChange());
        stored.removeIf(known -> known.firstLsn() == range.firstLsn());
        // Without what is in memory.
        stored.add(new ChangedRange(range.firstLsn(), range.nextLsn(), range.level(), range.lastChange()));
        stored.sort(BY_LSN);
    }

    /** Merges what has become many, and drops what is too old; nothing of the last range. */
    void tidy(Instant now) {
        for (int level = 0; level < LAST_LEVEL; level++) {
            int wanted = level;
            List<ChangedRange> same =
                    stored.stream().filter(range -> range.level() == wanted).toList();
            if (same.size() > MOST) {
                merge(same.subList(0, MERGED));
            }
        }
        Instant oldest = now.minus(KEPT_DAYS, ChronoUnit.DAYS);
        while (stored.size() > 1 && firstChange(now).isBefore(oldest)) {
            delete(stored.remove(0));
        }
    }

    /** When the first range was written, about; that of a clock that was ahead is not younger than the next. */
    private Instant firstChange(Instant now) {
        return stored.stream()
                .map(ChangedRange::lastChange)
                .filter(time -> !time.isAfter(now))
                .findFirst()
                .orElse(now);
    }

    private void merge(List<ChangedRange> parts) {
        ChangedRange first = parts.get(0);
        ChangedRange last = parts.get(parts.size() - 1);
        ChangedRange whole = new ChangedRange(first.firstLsn(), last.nextLsn(), first.level() + 1, last.lastChange());
        for (ChangedRange part : parts) {
            // What was cut was cut before the blocks of the same range were changed.
            limits.scan(row -> cut(whole, row), part.firstLsn());
            blocks.scan(row -> fork(whole, row).addLaterPart((Integer) row[5], (short[]) row[6]), part.firstLsn());
            delete(part);
        }
        stored.removeAll(parts);
        save(whole);
    }

    private static void cut(ChangedRange whole, Object[] row) {
        if ((Long) row[3] == 0) {
            whole.cutDatabase((Long) row[1], (Long) row[2]);
        } else {
            fork(whole, row).cut((Long) row[5]);
        }
    }

    private void delete(ChangedRange range) {
        ranges.delete(range.firstLsn());
        limits.delete(range.firstLsn());
        blocks.delete(range.firstLsn());
    }

    /** Forgets all. */
    void clear() {
        stored.forEach(this::delete);
        stored.clear();
    }
}
