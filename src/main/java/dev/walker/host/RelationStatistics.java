package dev.walker.host;

import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;
import java.util.Arrays;
import java.util.List;

/**
 * Number and size of records by relation. Images and block data count for the relation of the block, the rest of a record,
 * and the record itself, for that of its first block; a record without blocks for none.
 */
final class RelationStatistics implements Statistics<RelationStatistics> {
    private static final int FIRST_CAPACITY = 64;
    /** The row of records without blocks. */
    private static final int NO_RELATION = 0;

    private final RecordFilter filter;
    private final RelationNames names;
    private final int top;

    /** Row numbers plus one in a hash table whose size is a power of two; 0 where there is none. */
    private int[] slots = new int[2 * FIRST_CAPACITY];

    private int rows = 1;
    private long[] spcAndDb = new long[FIRST_CAPACITY];
    private long[] relNumbers = new long[FIRST_CAPACITY];
    private long[] counts = new long[FIRST_CAPACITY];
    private long[] recordBytes = new long[FIRST_CAPACITY];
    private long[] imageBytes = new long[FIRST_CAPACITY];

    private long endLsn;

    RelationStatistics(RecordFilter filter, RelationNames names, int top) {
        this.filter = filter;
        this.names = names;
        this.top = top;
    }

    @Override
    public void add(WalRecord record) {
        if (!filter.accepts(record)) {
            return;
        }
        endLsn = record.endLsn();
        int first = NO_RELATION;
        boolean any = false;
        int rest = record.totalLength();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (!record.hasBlock(id)) {
                continue;
            }
            BlockRef block = record.block(id);
            int row = row(block.spcOid() << 32 | block.dbOid(), block.relNumber());
            int data = block.dataLength();
            recordBytes[row] += data;
            imageBytes[row] += block.imageLength();
            rest -= data + block.imageLength();
            if (!any) {
                any = true;
                first = row;
            }
        }
        counts[first]++;
        recordBytes[first] += rest;
    }

    private int row(long spcAndDb, long relNumber) {
        int mask = slots.length - 1;
        int slot = hash(spcAndDb, relNumber) & mask;
        while (slots[slot] != 0) {
            int row = slots[slot] - 1;
            if (relNumbers[row] == relNumber && this.spcAndDb[row] == spcAndDb) {
                return row;
            }
            slot = slot + 1 & mask;
        }
        if (rows == counts.length) {
            grow();
            return row(spcAndDb, relNumber);
        }
        this.spcAndDb[rows] = spcAndDb;
        relNumbers[rows] = relNumber;
        slots[slot] = rows + 1;
        return rows++;
    }

    private static int hash(long spcAndDb, long relNumber) {
        long mixed = (spcAndDb * 31 + relNumber) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32);
    }

    private void grow() {
        int capacity = 2 * counts.length;
        spcAndDb = Arrays.copyOf(spcAndDb, capacity);
        relNumbers = Arrays.copyOf(relNumbers, capacity);
        counts = Arrays.copyOf(counts, capacity);
        recordBytes = Arrays.copyOf(recordBytes, capacity);
        imageBytes = Arrays.copyOf(imageBytes, capacity);
        slots = new int[2 * capacity];
        int mask = slots.length - 1;
        for (int row = 1; row < rows; row++) {
            int slot = hash(spcAndDb[row], relNumbers[row]) & mask;
            while (slots[slot] != 0) {
                slot = slot + 1 & mask;
            }
            slots[slot] = row + 1;
        }
    }

    @Override
    public void merge(RelationStatistics later) {
        if (later.endLsn == 0) {
            return;
        }
        endLsn = later.endLsn;
        for (int theirs = 0; theirs < later.rows; theirs++) {
            int row = theirs == NO_RELATION ? NO_RELATION : row(later.spcAndDb[theirs], later.relNumbers[theirs]);
            counts[row] += later.counts[theirs];
            recordBytes[row] += later.recordBytes[theirs];
            imageBytes[row] += later.imageBytes[theirs];
        }
    }

    @Override
    public void clear() {
        Arrays.fill(slots, 0);
        Arrays.fill(counts, 0, rows, 0);
        Arrays.fill(recordBytes, 0, rows, 0);
        Arrays.fill(imageBytes, 0, rows, 0);
        rows = 1;
        endLsn = 0;
    }

    @Override
    public void report(DumpCommand.Format format, boolean sorted, long firstLsn, ByteOutput out) {
        StatisticsTable table = new StatisticsTable(List.of("relation"), "Relation", true);
        for (int row = 0; row < rows; row++) {
            if (recordBytes[row] + imageBytes[row] > 0) {
                table.add(List.of(name(row)), counts[row], recordBytes[row], imageBytes[row]);
            }
        }
        table.sort(top);
        table.write(format, firstLsn, endLsn, out);
    }

    private String name(int row) {
        if (row == NO_RELATION) {
            return "(none)";
        }
        long spcOid = spcAndDb[row] >>> 32;
        long dbOid = spcAndDb[row] & 0xFFFF_FFFFL;
        String name = names.nameOf(spcOid, dbOid, relNumbers[row]);
        return name.isEmpty() ? spcOid + "/" + dbOid + "/" + relNumbers[row] : name;
    }
}
