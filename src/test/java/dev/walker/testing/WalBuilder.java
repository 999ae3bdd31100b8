package dev.walker.testing;

import dev.walker.rmgr.Rmgr;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Makes pages of WAL for tests: records one after the other, with page headers where they belong. */
public final class WalBuilder {
    /** The system identifier in long page headers. */
    public static final long SYSTEM_IDENTIFIER = 0x6B02_C417_D212_A341L;

    private final PgVersion version;
    private final int segmentSize;
    private final long startLsn;
    private final long firstRecordLsn;
    private byte[] bytes = new byte[WalReader.PAGE_SIZE];
    private int length;
    private int timeline = 1;
    private long prevLsn;
    private boolean abandoned;

    /** WAL that begins with segment 1 of 1 MiB. */
    public WalBuilder(PgVersion version) {
        this(version, 1 << 20, 1 << 20);
    }

    /**
     * WAL whose first record begins at a given LSN. The page before it is taken by the rest of a record that is not
     * there.
     *
     * @param firstRecordLsn a multiple of 8; the start of a page for the place after its header
     */
    public WalBuilder(PgVersion version, int segmentSize, long firstRecordLsn) {
        this.version = version;
        this.segmentSize = segmentSize;
        this.startLsn = firstRecordLsn & -WalReader.PAGE_SIZE;
        int rest = (int) (firstRecordLsn - startLsn) - headerSize(startLsn);
        pageHeader(Math.max(rest, 0), rest > 0 ? 0x01 : 0);
        if (rest > 0) {
            reserve(rest);
            Arrays.fill(bytes, length, length + rest, (byte) 0xEE);
            length += rest;
        }
        this.firstRecordLsn = position();
    }

    private int headerSize(long pageLsn) {
        return (pageLsn & segmentSize - 1) == 0 ? WalReader.LONG_PAGE_HEADER : WalReader.SHORT_PAGE_HEADER;
    }

    private void reserve(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }

    private void pageHeader(int remLen, int flags) {
        long pageLsn = position();
        int size = headerSize(pageLsn);
        reserve(size);
        ByteBuffer header = ByteBuffer.wrap(bytes, length, size).slice().order(ByteOrder.LITTLE_ENDIAN);
        header.putShort((short) version.pageMagic())
                .putShort((short) (flags | (size == WalReader.LONG_PAGE_HEADER ? 0x02 : 0)))
                .putInt(timeline)
                .putLong(pageLsn)
                .putInt(remLen)
                .putInt(0);
        if (size == WalReader.LONG_PAGE_HEADER) {
            header.putLong(SYSTEM_IDENTIFIER).putInt(segmentSize).putInt(WalReader.PAGE_SIZE);
        }
        length += size;
    }

    /** Where the next byte goes. */
    public long position() {
        return startLsn + length;
    }

    /** LSN of the first byte. */
    public long startLsn() {
        return startLsn;
    }

    /** Start of the record that was added last; 0 if there is none. */
    public long prevLsn() {
        return prevLsn;
    }

    /** Says what the next record has to name as the one before. */
    public WalBuilder prevLsn(long lsn) {
        prevLsn = lsn;
        return this;
    }

    /** The timeline of the pages from the next one on. */
    public WalBuilder timeline(int timeline) {
        this.timeline = timeline;
        return this;
    }

    private void align() {
        int padding = -length & 7;
        reserve(padding);
        length += padding;
    }

    private boolean isAtPageStart() {
        return (length & WalReader.PAGE_SIZE - 1) == 0;
    }

    /** Adds a record; gives its LSN. */
    public long add(RecordBuilder record) {
        return add(record.build(version, prevLsn));
    }

    /** Adds the bytes of a record as they are; gives its LSN. */
    public long add(byte[] record) {
        long lsn = startRecord();
        put(record, record.length);
        align();
        prevLsn = lsn;
        return lsn;
    }

    private long startRecord() {
        align();
        if (isAtPageStart()) {
            pageHeader(0, abandoned ? WalLayout.of(version).overwriteContrecordFlag() : 0);
            abandoned = false;
        }
        return position();
    }

    private void put(byte[] record, int count) {
        for (int at = 0; at < count; ) {
            if (isAtPageStart()) {
                pageHeader(record.length - at, 0x01);
            }
            int piece = Math.min(count - at, WalReader.PAGE_SIZE - (length & WalReader.PAGE_SIZE - 1));
            reserve(piece);
            System.arraycopy(record, at, bytes, length, piece);
            length += piece;
            at += piece;
        }
    }

    /**
     * Begins a record and gives it up at the end of a page, as a server that crashes does; the next record begins on a
     * page with XLP_FIRST_IS_OVERWRITE_CONTRECORD. Gives the LSN of what was begun.
     *
     * @param pages on how many pages there is something of it
     */
    public long abandon(RecordBuilder record, int pages) {
        long lsn = startRecord();
        byte[] whole = record.build(version, prevLsn);
        int count = WalReader.PAGE_SIZE - (length & WalReader.PAGE_SIZE - 1);
        for (int page = 1; page < pages; page++) {
            count += WalReader.PAGE_SIZE - headerSize((position() & -WalReader.PAGE_SIZE) + page * WalReader.PAGE_SIZE);
        }
        if (count >= whole.length) {
            throw new IllegalArgumentException("the record ends before " + pages + " pages are full");
        }
        put(whole, count);
        abandoned = true;
        return lsn;
    }

    /** Adds XLOG_SWITCH and zeros up to the end of the segment; gives the LSN of the record. */
    public long switchSegment() {
        long lsn = add(RecordBuilder.of(Rmgr.XLOG, 0x40));
        zeros((int) (-position() & segmentSize - 1));
        return lsn;
    }

    /** Adds zeros. */
    public WalBuilder zeros(int count) {
        reserve(count);
        length += count;
        return this;
    }

    /** Fills the page with records of some resource manager until so many bytes are left on it (a multiple of 8). */
    public WalBuilder fillUntil(int left) {
        align();
        if (isAtPageStart()) {
            startRecord();
        }
        int free = WalReader.PAGE_SIZE - (length & WalReader.PAGE_SIZE - 1) - left;
        if (free != 0) {
            add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[free - WalRecordHeader.LONG_MAIN]));
        }
        return this;
    }

    private static final class WalRecordHeader {
        static final int LONG_MAIN = 24 + 5;
    }

    /** All bytes so far, from {@link #startLsn} on. */
    public byte[] bytes() {
        return Arrays.copyOf(bytes, length);
    }

    /** A reader that begins at the first record. */
    public WalReader reader() {
        return new WalReader(firstRecordLsn, segmentSize, SYSTEM_IDENTIFIER);
    }
}
