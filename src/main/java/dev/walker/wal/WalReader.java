package dev.walker.wal;

import dev.walker.bytes.WalBytes;
import dev.walker.rmgr.Rmgr;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import java.util.Locale;
import java.util.Objects;

/**
 * Turns bytes of WAL into records. It is fed, never reads by itself, and keeps no more than one record; the bytes may be
 * cut anywhere.
 *
 * <pre>{@code
 * while (true) {
 *     switch (reader.next(record)) {
 *         case RECORD -> use(record);
 *         case NEED_MORE -> reader.feed(chunk, 0, read(reader.wantedLsn(), chunk));
 *         case END_OF_WAL -> { return; }
 *     }
 * }
 * }</pre>
 *
 * <p>Bytes before the {@link #limit limit} are known to be good WAL, and whatever is wrong with them is damage. Without a
 * limit the reader is at the tip of WAL that it knows nothing about, where zeros, pages of a recycled file and a torn
 * record are the normal end: {@link ReadStatus#END_OF_WAL}. A reader that has come to an end or has thrown stays there;
 * to try again, make another one with {@link #position}, and tell it the {@link #previousLsn}.
 */
public final class WalReader {
    /** {@code XLOG_BLCKSZ}: bytes of a WAL page. */
    public static final int PAGE_SIZE = 8192;
    /** {@code SizeOfXLogShortPHD}: bytes of a page header. */
    public static final int SHORT_PAGE_HEADER = 24;
    /** {@code SizeOfXLogLongPHD}: bytes of the header of the first page of a segment. */
    public static final int LONG_PAGE_HEADER = 40;

    private static final int HEADER_SIZE = WalRecord.HEADER_SIZE;
    private static final byte[] NOTHING = new byte[0];
    private static final int FIRST_BUFFER = 4 * PAGE_SIZE;
    /** A buffer that grew above this is let go after the record. */
    private static final int KEPT_BUFFER = 4 << 20;

    /** What {@link #keepAtMost} takes at least: room for all headers, images and block data that a record can have. */
    public static final int LEAST_KEPT = 6 << 20;
    /** Where the items have to end of a record that is cut; a real one has less than a thousand bytes of them. */
    private static final int LAST_ITEM = 1 << 20;

    private enum State {
        /** At the start of the first page, before anything is known. */
        FIRST_PAGE,
        /** In the rest of a record that began before the first page. */
        SKIPPING,
        /** Where a record, or the header of the page that holds it, begins. */
        AT_RECORD,
        /** In a record that is being put together in {@link #buffer}. */
        COLLECTING,
        ENDED
    }

    private final long startLsn;
    private final int segmentSize;
    private long systemIdentifier;
    private boolean hasLimit;
    private long limit;
    private int keep = Integer.MAX_VALUE;

    private byte[] input = NOTHING;
    private int inputAt;
    private int inputEnd;
    /** LSN of the byte at {@link #inputAt}. */
    private long lsn;

    private State state = State.FIRST_PAGE;
    private String endReason = "";
    private WalFormatException failure;

    private final byte[] pageHeader = new byte[LONG_PAGE_HEADER];
    private final WalBytes pageHeaderBytes = WalBytes.of(pageHeader);
    private int pageHeaderCollected;
    private WalLayout layout;
    private int timeline;

    /** Where the next record to be given begins. */
    private long position;
    /** Start of the last complete record; 0 if none was seen. */
    private long previousLsn;
    /** Start of the last record before {@link #startLsn}, if that was told; else 0. */
    private long toldPreviousLsn;
    /** Start of the record that was given up for an overwritten contrecord, until that record was seen; else 0. */
    private long overwrittenLsn;
    /** In {@link State#SKIPPING}, bytes of the record that are still to come. */
    private long remaining;

    // The record being put together in State.COLLECTING.
    private byte[] buffer = NOTHING;
    private int collected;
    /** Its length, 0 until known. */
    private int wanted;
    /** Whether only the first {@link #keep} bytes are kept; the CRC goes on over the others. */
    private boolean cut;

    private long recordLsn;
    private int recordTimeline;

    private final RecordCrc crc = new RecordCrc();

    /**
     * A reader that begins at a record, or at the first record at or after an LSN.
     *
     * @param startLsn where to begin
     * @param segmentSize bytes of a segment, a power of two from 1 MiB to 1 GiB
     * @param systemIdentifier that of the cluster, to be compared with the long page headers; 0 to take that of the
     *     first one
     */
    public WalReader(long startLsn, int segmentSize, long systemIdentifier) {
        if (startLsn == Lsn.INVALID) {
            throw new IllegalArgumentException("0/0 is no LSN to begin at");
        }
        WalSegmentName.checkSegmentSize(segmentSize);
        this.startLsn = startLsn;
        this.segmentSize = segmentSize;
        this.systemIdentifier = systemIdentifier;
        this.lsn = startLsn & -PAGE_SIZE;
        this.position = startLsn;
    }

    /**
     * Tells up to where WAL is known to be good, such as {@code pg_current_wal_flush_lsn()}. Bytes at and after it are
     * ignored when they are fed. It may be moved forward at any time.
     *
     * @param lsn the first byte that must not be looked at
     */
    public void limit(long lsn) {
        hasLimit = true;
        limit = lsn;
    }

    /**
     * Tells which record the first one has to follow, before anything is read. Without it any record before it will do as its
     * {@code xl_prev}.
     *
     * @param previousLsn start of the last record before the start LSN; 0 if that is not known
     */
    public void follow(long previousLsn) {
        toldPreviousLsn = previousLsn;
    }

    /**
     * Bounds the memory for a record: of a longer one the end of the main data is dropped once its CRC is known to be right.
     * Records of transactions are kept whole.
     *
     * @param bytes at least {@link #LEAST_KEPT}
     */
    public void keepAtMost(int bytes) {
        if (bytes < LEAST_KEPT) {
            throw new IllegalArgumentException("cannot keep " + bytes + " bytes only, wanted at least " + LEAST_KEPT);
        }
        keep = bytes;
    }

    /**
     * LSN of the byte that {@link #feed} must begin with; at first the start of the page that holds the start LSN. It
     * jumps over padding between records and, after {@code XLOG_SWITCH}, to the next segment, which may be beyond the
     * limit.
     */
    public long wantedLsn() {
        return lsn + (inputEnd - inputAt);
    }

    /**
     * Lends bytes that follow in LSN order, the first at {@link #wantedLsn}. The array must not be touched until
     * {@link #next} has answered {@link ReadStatus#NEED_MORE}.
     *
     * @throws IllegalStateException if bytes that were fed before are still to be read
     */
    public void feed(byte[] array, int from, int length) {
        if (inputAt != inputEnd) {
            throw new IllegalStateException((inputEnd - inputAt) + " bytes at " + Lsn.format(lsn)
                    + " were fed before and are not read yet; call next() until it answers NEED_MORE");
        }
        long readable = !hasLimit ? length : Lsn.isBefore(lsn, limit) ? limit - lsn : 0;
        int usable = Long.compareUnsigned(readable, length) < 0 ? (int) readable : length;
        Objects.checkFromIndexSize(from, length, array.length);
        input = array;
        inputAt = from;
        inputEnd = from + usable;
    }

    /**
     * Where the record before a {@link #position} may have ended: before the page header, if there is one in between.
     *
     * @param position where a record begins
     * @param segmentSize bytes of a segment
     */
    public static long endBefore(long position, int segmentSize) {
        long pageLsn = position & -PAGE_SIZE;
        return position - pageLsn == pageHeaderSize(pageLsn, segmentSize) ? pageLsn : position;
    }

    /** Where the next record begins, as far as is known: a reader that is made with it goes on where this one is. */
    public long position() {
        return position;
    }

    /** Start of the last complete record before {@link #position}, for {@link #follow}; 0 if none is known. */
    public long previousLsn() {
        return toldPreviousLsn != Lsn.INVALID && Lsn.isBefore(previousLsn, startLsn) ? toldPreviousLsn : previousLsn;
    }

    /** Why WAL ends here, after {@link ReadStatus#END_OF_WAL}; empty before. */
    public String endReason() {
        return endReason;
    }

    /**
     * LSN after the last byte that was looked at: after {@link ReadStatus#END_OF_WAL} the page or record at or before it
     * is what was wrong.
     */
    public long readUpTo() {
        return lsn;
    }

    /** Whether the bytes that were read end inside a record, which begins at {@link #position}. */
    public boolean isInsideRecord() {
        return state == State.COLLECTING;
    }

    /** The system identifier of the long page headers, or what the constructor was given; 0 if none is known yet. */
    public long systemIdentifier() {
        return systemIdentifier;
    }

    /**
     * Moves to the next record.
     *
     * @throws WalFormatException if the bytes are damaged
     * @throws UnsupportedWalException if they are of a PostgreSQL that is not known
     */
    public ReadStatus next(WalRecord record) {
        if (failure != null) {
            throw failure;
        }
        try {
            if (state == State.AT_RECORD && nextInPlace(record)) {
                return ReadStatus.RECORD;
            }
            // Each step is called in one place only: what the compiler puts together stays small.
            while (state != State.ENDED) {
                if (isAtPageStart() || pageHeaderCollected > 0) {
                    enterPage();
                } else if (state == State.SKIPPING) {
                    skip();
                } else {
                    boolean inPlace = state == State.AT_RECORD;
                    int length = inPlace ? lengthInPlace() : collect();
                    byte[] bytes = inPlace ? input : buffer;
                    int at = inPlace ? inputAt : 0;
                    long start = inPlace ? lsn : recordLsn;
                    long end = inPlace ? lsn + length : lsn;
                    if (length > 0 && finish(record, bytes, at, length, start, end)) {
                        return ReadStatus.RECORD;
                    }
                }
                if (inputAt == inputEnd && state != State.ENDED) {
                    return ReadStatus.NEED_MORE;
                }
            }
            return ReadStatus.END_OF_WAL;
        } catch (WalFormatException e) {
            failure = e;
            throw e;
        }
    }

    /**
     * The short way for nearly all records: one that lies on one page of the input as a whole, with nothing peculiar about
     * it. False if it is to be looked at closer; nothing has changed then.
     */
    private boolean nextInPlace(WalRecord record) {
        byte[] bytes = input;
        int at = inputAt;
        long start = lsn;
        int onPage = (int) start & PAGE_SIZE - 1;
        int available = Math.min(PAGE_SIZE - onPage, inputEnd - at);
        if (onPage < SHORT_PAGE_HEADER || available <= HEADER_SIZE) {
            return false;
        }
        int length = (int) WalBytes.u32(bytes, at + WalStructs.XL_TOT_LEN_AT);
        long prev = WalBytes.u64(bytes, at + WalStructs.XL_PREV_AT);
        int rmgrId = bytes[at + WalStructs.XL_RMID_AT] & 0xFF;
        if (length <= HEADER_SIZE
                || length > available
                || prev != previousLsn
                || !Rmgr.isValidId(layout, rmgrId)
                || overwrittenLsn != Lsn.INVALID
                || Lsn.isBefore(start, startLsn)) {
            return false;
        }
        if (!crc.isGood(bytes, at, length)) {
            return false;
        }
        recordTimeline = timeline;
        decodeHeader(record, bytes, at, length, start);
        decode(record, bytes, at, length, start);
        int aligned = length + 7 & -8;
        long next = start + aligned;
        record.endLsn = next;
        lsn = next;
        inputAt = Math.min(at + aligned, inputEnd);
        previousLsn = start;
        position = startAfter(next, segmentSize);
        return true;
    }

    // Moving through the input

    private void consume(int bytes) {
        inputAt += bytes;
        lsn += bytes;
    }

    /** Moves forward to an LSN, which may be beyond the input. */
    private void jumpTo(long target) {
        long distance = target - lsn;
        inputAt = distance > inputEnd - inputAt ? inputEnd : inputAt + (int) distance;
        lsn = target;
    }

    private int leftOnPage() {
        return PAGE_SIZE - (int) (lsn & PAGE_SIZE - 1);
    }

    private boolean isAtPageStart() {
        return (lsn & PAGE_SIZE - 1) == 0;
    }

    private static long align(long value) {
        return value + 7 & -8;
    }

    // Pages

    static int pageHeaderSize(long pageLsn, int segmentSize) {
        return Lsn.segmentOffset(pageLsn, segmentSize) == 0 ? LONG_PAGE_HEADER : SHORT_PAGE_HEADER;
    }

    /** Where the record after one that ends at {@code end} begins: behind the page header, if a page begins there. */
    static long startAfter(long end, int segmentSize) {
        return (end & PAGE_SIZE - 1) == 0 ? end + pageHeaderSize(end, segmentSize) : end;
    }

    /** Collects and checks the header of the page that begins at {@link #lsn}, and moves behind it; false to wait or end. */
    private boolean enterPage() {
        long pageLsn = lsn - pageHeaderCollected;
        int size = pageHeaderSize(pageLsn, segmentSize);
        int bytes = Math.min(size - pageHeaderCollected, inputEnd - inputAt);
        System.arraycopy(input, inputAt, pageHeader, pageHeaderCollected, bytes);
        consume(bytes);
        pageHeaderCollected += bytes;
        if (pageHeaderCollected < size) {
            return false;
        }
        pageHeaderCollected = 0;
        return checkPage(pageLsn, size == LONG_PAGE_HEADER) && continueOnPage(pageLsn);
    }

    private boolean checkPage(long pageLsn, boolean mustBeLong) {
        WalBytes page = pageHeaderBytes;
        if (!checkMagic(pageLsn, page.u16(WalStructs.XLP_MAGIC_AT))) {
            return false;
        }
        int info = page.u16(WalStructs.XLP_INFO_AT);
        if ((info & ~layout.pageInfoMask()) != 0) {
            return sign(
                    pageLsn,
                    "xlp_info " + hex(info) + " has unknown bits, wanted none outside of "
                            + hex(layout.pageInfoMask()));
        }
        boolean isLong = (info & WalStructs.XLP_LONG_HEADER) != 0;
        if (isLong != mustBeLong) {
            throw damage(
                    pageLsn,
                    "xlp_info " + hex(info) + (isLong ? " has" : " lacks")
                            + " XLP_LONG_HEADER, which the first page of a segment has and no other; the segment size is"
                            + " taken as " + segmentSize);
        }
        if (isLong) {
            checkLongHeader(pageLsn, page);
        }
        if (page.u64(WalStructs.XLP_PAGEADDR_AT) != pageLsn) {
            return sign(
                    pageLsn,
                    "xlp_pageaddr " + Lsn.format(page.u64(WalStructs.XLP_PAGEADDR_AT)) + ", wanted "
                            + Lsn.format(pageLsn) + "; a recycled segment has an older one");
        }
        int found = page.s32(WalStructs.XLP_TLI_AT);
        if (Integer.compareUnsigned(found, timeline) < 0) {
            return sign(
                    pageLsn,
                    "xlp_tli " + Integer.toUnsignedString(found) + " is lower than "
                            + Integer.toUnsignedString(timeline) + " of an earlier page");
        }
        timeline = found;
        return true;
    }

    private boolean checkMagic(long pageLsn, int magic) {
        if (layout != null && magic == layout.version().pageMagic()) {
            return true;
        }
        if (magic == 0) {
            return sign(pageLsn, "xlp_magic 0: a page that was never written");
        }
        if (layout != null) {
            return sign(
                    pageLsn,
                    "xlp_magic " + hex(magic) + ", wanted "
                            + hex(layout.version().pageMagic()) + " as on the pages before");
        }
        PgVersion version = PgVersion.byPageMagic(magic).orElse(null);
        if (version == null) {
            StringBuilder known = new StringBuilder();
            for (PgVersion each : PgVersion.values()) {
                known.append(known.length() == 0 ? "" : ", ")
                        .append(hex(each.pageMagic()))
                        .append(" (PostgreSQL ")
                        .append(each.major())
                        .append(')');
            }
            throw new UnsupportedWalException(
                    pageLsn, "xlp_magic " + hex(magic) + " is unknown, wanted one of " + known + where(pageLsn));
        }
        layout = WalLayout.of(version);
        return true;
    }

    /** What no end of WAL explains: the file is of another cluster, or of a server that was built otherwise. */
    private void checkLongHeader(long pageLsn, WalBytes page) {
        long found = page.u64(WalStructs.XLP_SYSID_AT);
        if (systemIdentifier == 0) {
            systemIdentifier = found;
        } else if (found != systemIdentifier) {
            throw damage(
                    pageLsn,
                    "xlp_sysid " + Long.toUnsignedString(found) + ", wanted " + Long.toUnsignedString(systemIdentifier)
                            + ": the file is of another database cluster");
        }
        if (page.u32(WalStructs.XLP_SEG_SIZE_AT) != segmentSize) {
            throw damage(pageLsn, "xlp_seg_size " + page.u32(WalStructs.XLP_SEG_SIZE_AT) + ", wanted " + segmentSize);
        }
        if (page.u32(WalStructs.XLP_XLOG_BLCKSZ_AT) != PAGE_SIZE) {
            throw new UnsupportedWalException(
                    pageLsn,
                    "xlp_xlog_blcksz " + page.u32(WalStructs.XLP_XLOG_BLCKSZ_AT) + ", wanted " + PAGE_SIZE
                            + ": the server was built with another WAL block size" + where(pageLsn));
        }
    }

    /** Whether what follows the header of the page is what the page before led to. */
    private boolean continueOnPage(long pageLsn) {
        int info = pageHeaderBytes.u16(WalStructs.XLP_INFO_AT);
        long remLen = pageHeaderBytes.u32(WalStructs.XLP_REM_LEN_AT);
        boolean continues = (info & WalStructs.XLP_FIRST_IS_CONTRECORD) != 0;
        boolean overwrites = (info & layout.overwriteContrecordFlag()) != 0;
        if (continues && overwrites) {
            return sign(
                    pageLsn,
                    "xlp_info " + hex(info)
                            + " has both XLP_FIRST_IS_CONTRECORD and XLP_FIRST_IS_OVERWRITE_CONTRECORD");
        }
        switch (state) {
            case FIRST_PAGE:
                if (continues) {
                    state = State.SKIPPING;
                    remaining = remLen;
                    return remLen != 0 || noRemLen(pageLsn);
                }
                break;
            case SKIPPING:
                if (!overwrites) {
                    return checkContinued(pageLsn, continues, remLen, remaining, Lsn.INVALID);
                }
                break;
            case COLLECTING:
                if (!overwrites) {
                    return checkContinued(pageLsn, continues, remLen, wanted - collected, recordLsn);
                }
                overwrittenLsn = recordLsn;
                break;
            default:
                if (continues) {
                    return sign(
                            pageLsn,
                            "xlp_info " + hex(info)
                                    + " has XLP_FIRST_IS_CONTRECORD, though the record before ended on the page before");
                }
        }
        state = State.AT_RECORD;
        cut = false;
        movePosition(lsn);
        return true;
    }

    private boolean checkContinued(long pageLsn, boolean continues, long remLen, long wanted, long from) {
        if (continues && remLen == wanted) {
            return true;
        }
        return sign(
                pageLsn,
                (continues ? "xlp_rem_len " + remLen : "no XLP_FIRST_IS_CONTRECORD in xlp_info")
                        + ", wanted " + (continues ? "" : "it with an xlp_rem_len of ") + wanted
                        + " as the rest of the record"
                        + (from == Lsn.INVALID ? " that began before" : " at " + Lsn.format(from)));
    }

    private boolean noRemLen(long pageLsn) {
        return sign(pageLsn, "xlp_rem_len 0, wanted the length of the rest that XLP_FIRST_IS_CONTRECORD tells of");
    }

    /** Skips the rest of a record that began before the first page. */
    private void skip() {
        int bytes = (int) Math.min(remaining, Math.min(leftOnPage(), inputEnd - inputAt));
        consume(bytes);
        remaining -= bytes;
        if (remaining == 0) {
            jumpTo(align(lsn));
            state = State.AT_RECORD;
            movePosition(lsn);
        }
    }

    /** The next record begins at {@code lsn}, or after the page header if that is the start of a page. */
    private void movePosition(long next) {
        long start = startAfter(next, segmentSize);
        if (Lsn.isBefore(position, start)) {
            position = start;
        }
    }

    // Records

    /** Length of the record, if it lies in the input as a whole and on one page; else 0, and another state. */
    private int lengthInPlace() {
        int available = Math.min(leftOnPage(), inputEnd - inputAt);
        if (available >= HEADER_SIZE) {
            long totalLength = WalBytes.u32(input, inputAt + WalStructs.XL_TOT_LEN_AT);
            if (totalLength <= available) {
                recordTimeline = timeline;
                return checkLength(lsn, totalLength) && checkHeader(input, inputAt, lsn, totalLength)
                        ? (int) totalLength
                        : 0;
            }
        }
        startCollecting();
        return 0;
    }

    private void startCollecting() {
        if (inputAt == inputEnd) {
            return;
        }
        state = State.COLLECTING;
        collected = 0;
        wanted = 0;
        cut = false;
        recordLsn = lsn;
        recordTimeline = timeline;
        if (buffer.length == 0 || buffer.length > KEPT_BUFFER) {
            buffer = new byte[FIRST_BUFFER];
        }
    }

    /** Takes what the input has of the record, up to the end of the page; its length when it is whole, else 0. */
    private int collect() {
        do {
            int target = wanted == 0 ? Integer.BYTES : collected < HEADER_SIZE ? HEADER_SIZE : wanted;
            int bytes = Math.min(target - collected, Math.min(leftOnPage(), inputEnd - inputAt));
            if (bytes == 0) {
                return 0;
            }
            if (cut && collected + bytes > keep) {
                pass(bytes);
            } else {
                makeRoom(collected + bytes);
                System.arraycopy(input, inputAt, buffer, collected, bytes);
            }
            consume(bytes);
            collected += bytes;
            if (collected < target) {
                continue;
            }
            long totalLength = WalBytes.u32(buffer, WalStructs.XL_TOT_LEN_AT);
            if (target == Integer.BYTES) {
                if (!checkLength(recordLsn, totalLength)) {
                    return 0;
                }
                // Not above the maximum until the rest of the header has been checked; only compared until then.
                wanted = (int) Math.min(totalLength, Integer.MAX_VALUE);
                continue;
            }
            if (target == HEADER_SIZE) {
                if (!checkHeader(buffer, 0, recordLsn, totalLength)) {
                    return 0;
                }
                cut = wanted > keep && (buffer[WalStructs.XL_RMID_AT] & 0xFF) != Rmgr.XACT.id();
            }
            if (collected == wanted) {
                state = State.AT_RECORD;
                return wanted;
            }
        } while (!isAtPageStart());
        return 0;
    }

    /** Takes bytes of which all or some are not kept. */
    private void pass(int bytes) {
        int kept = Math.max(0, keep - collected);
        if (kept > 0) {
            makeRoom(keep);
            System.arraycopy(input, inputAt, buffer, collected, kept);
        }
        if (collected <= keep) {
            crc.begin(buffer, HEADER_SIZE, keep - HEADER_SIZE);
        }
        crc.goOn(input, inputAt + kept, bytes - kept);
    }

    /** Makes room for bytes that are there already: the buffer never gets longer than twice what was collected. */
    private void makeRoom(int size) {
        if (size > buffer.length) {
            byte[] longer =
                    new byte[(int) Math.min(Math.max(2L * buffer.length, size), Math.max(cut ? keep : wanted, size))];
            System.arraycopy(buffer, 0, longer, 0, collected);
            buffer = longer;
        }
    }

    private boolean checkLength(long start, long totalLength) {
        if (totalLength >= HEADER_SIZE) {
            return true;
        }
        return sign(
                start,
                "xl_tot_len " + totalLength
                        + (totalLength == 0
                                ? ", wanted a record: nothing was written here"
                                : " is below the " + HEADER_SIZE + "-byte record header"));
    }

    private boolean checkHeader(byte[] bytes, int at, long start, long totalLength) {
        int rmgrId = bytes[at + WalStructs.XL_RMID_AT] & 0xFF;
        if (!Rmgr.isValidId(layout, rmgrId)) {
            return sign(
                    start,
                    "xl_rmid " + rmgrId + " is no resource manager of PostgreSQL "
                            + layout.version().major());
        }
        long prev = WalBytes.u64(bytes, at + WalStructs.XL_PREV_AT);
        long before = Lsn.isBefore(start, startLsn) ? previousLsn : previousLsn();
        if (before != Lsn.INVALID ? prev != before : !Lsn.isBefore(prev, start)) {
            return sign(
                    start,
                    "xl_prev " + Lsn.format(prev) + ", wanted "
                            + (before != Lsn.INVALID ? Lsn.format(before) : "an LSN before the record"));
        }
        if (totalLength > layout.maxRecordSize()) {
            return sign(start, "xl_tot_len " + totalLength + " is above the maximum of " + layout.maxRecordSize());
        }
        return true;
    }

    private boolean checkCrc(byte[] bytes, int at, int length, long start) {
        if (!cut) {
            crc.begin(bytes, at + HEADER_SIZE, length - HEADER_SIZE);
        }
        return crc.endsWith(bytes, at) || wrongCrc((int) WalBytes.u32(bytes, at + WalStructs.XL_CRC_AT), start);
    }

    private boolean wrongCrc(int found, long start) {
        return sign(
                start,
                "xl_crc " + hex(Integer.toUnsignedLong(found)) + ", wanted "
                        + hex(Integer.toUnsignedLong(crc.wanted(found))) + " as computed from the record");
    }

    /** The record is whole and its last byte is before {@code end}; moves behind it, and tells if it is to be given. */
    private boolean finish(WalRecord record, byte[] bytes, int at, int length, long start, long end) {
        if (!checkCrc(bytes, at, length, start)) {
            return false;
        }
        decodeHeader(record, bytes, at, length, start);
        decode(record, bytes, at, length, start);
        long next = align(end);
        if (length == HEADER_SIZE && record.rmgrId == 0 && record.rmgrInfo() == WalStructs.XLOG_SWITCH) {
            next = (end - 1 | segmentSize - 1) + 1;
        } else if (overwrittenLsn != Lsn.INVALID) {
            checkOverwritten(record);
        }
        record.endLsn = next;
        cut = false;
        jumpTo(next);
        previousLsn = start;
        movePosition(next);
        if (!Lsn.isBefore(start, startLsn)) {
            return true;
        }
        if (!Lsn.isBefore(startAfter(next, segmentSize), startLsn)) {
            previousLsn = previousLsn();
        }
        return false;
    }

    private void checkOverwritten(WalRecord record) {
        if (record.rmgrId != 0 || record.rmgrInfo() != WalStructs.XLOG_OVERWRITE_CONTRECORD) {
            throw damage(
                    record.lsn,
                    record.rmgrName() + " " + record.typeName()
                            + ", wanted OVERWRITE_CONTRECORD after a page that gives up the record at "
                            + Lsn.format(overwrittenLsn));
        }
        long found = record.mainData(Long.BYTES, "xl_overwrite_contrecord").u64(0);
        if (found != overwrittenLsn) {
            throw damage(record.lsn, "overwritten_lsn " + Lsn.format(found) + ", wanted " + Lsn.format(overwrittenLsn));
        }
        overwrittenLsn = Lsn.INVALID;
    }

    private void decodeHeader(WalRecord record, byte[] bytes, int at, int length, long start) {
        record.lsn = start;
        record.xid = WalBytes.u32(bytes, at + WalStructs.XL_XID_AT);
        record.prevLsn = WalBytes.u64(bytes, at + WalStructs.XL_PREV_AT);
        record.crc = (int) WalBytes.u32(bytes, at + WalStructs.XL_CRC_AT);
        record.info = bytes[at + WalStructs.XL_INFO_AT] & 0xFF;
        record.rmgrId = bytes[at + WalStructs.XL_RMID_AT] & 0xFF;
        record.totalLength = length;
        record.timeline = recordTimeline;
        // They mostly stay; storing a reference costs a barrier of the garbage collector.
        if (record.layout != layout) {
            record.layout = layout;
        }
        if (record.bytes != bytes) {
            record.bytes = bytes;
        }
    }

    /** Takes a record apart whose CRC is right: what is wrong from here on is no end of WAL. */
    private void decode(WalRecord record, byte[] bytes, int at, int length, long start) {
        int end = at + length;
        int cursor = at + HEADER_SIZE;
        int payload = 0;
        int images = 0;
        long mainLength = 0;
        int maxBlockId = -1;
        long inUse = 0;
        record.items = 0;
        BlockRef before = null;
        while (end - cursor > payload) {
            int id = bytes[cursor] & 0xFF;
            if (id <= WalRecord.MAX_BLOCK_ID) {
                if (id <= maxBlockId) {
                    throw damage(start, "block_id " + id + " follows block_id " + maxBlockId);
                }
                BlockRef block = record.blocks[id];
                cursor = decodeBlock(block, before, bytes, cursor + 1, end);
                block.payloadAt = payload;
                payload += block.dataLength;
                if (block.hasImage()) {
                    images += block.imageLength;
                    payload += block.imageLength;
                }
                maxBlockId = id;
                inUse |= 1L << id;
                before = block;
            } else if (id == WalStructs.XLR_BLOCK_ID_DATA_SHORT) {
                checkLeft(start, "the main data length", end - cursor - 1, 1);
                mainLength = bytes[cursor + 1] & 0xFF;
                cursor += 2;
                break;
            } else if (id == WalStructs.XLR_BLOCK_ID_DATA_LONG) {
                checkLeft(start, "the main data length", end - cursor - 1, Integer.BYTES);
                mainLength = WalBytes.u32(bytes, cursor + 1);
                cursor += 1 + Integer.BYTES;
                break;
            } else {
                cursor = decodeItem(record, id, bytes, cursor + 1, end);
            }
        }
        if (end - cursor != payload + mainLength) {
            throw damage(
                    start,
                    "xl_tot_len " + length + " leaves " + (end - cursor) + " bytes for images and data, wanted "
                            + (payload + mainLength) + " as the headers in the record tell");
        }
        record.maxBlockId = maxBlockId;
        record.inUse = inUse;
        record.fpiLength = images;
        record.payloadAt = cursor;
        record.mainAt = cursor + payload;
        record.mainLength = (int) mainLength;
        record.mainKept = cut ? Math.min(record.mainLength, keep - record.mainAt) : record.mainLength;
    }

    /** Reads what follows the id of an item that is rare; gives the position behind it. */
    private int decodeItem(WalRecord record, int id, byte[] bytes, int cursor, int end) {
        if (cut && cursor > LAST_ITEM) {
            throw damage(record.lsn, "items of more than " + LAST_ITEM + " bytes before images and data");
        }
        if (id == WalStructs.XLR_BLOCK_ID_ORIGIN) {
            checkLeft(record.lsn, "the replication origin", end - cursor, Short.BYTES);
            record.items |= WalRecord.ORIGIN;
            record.origin = WalBytes.u16(bytes, cursor);
            return cursor + Short.BYTES;
        }
        if (id == WalStructs.XLR_BLOCK_ID_TOPLEVEL_XID && layout.hasTopLevelXidItem()) {
            checkLeft(record.lsn, "the top-level xid", end - cursor, Integer.BYTES);
            record.items |= WalRecord.TOP_LEVEL_XID;
            record.topLevelXid = WalBytes.u32(bytes, cursor);
            return cursor + Integer.BYTES;
        }
        throw damage(record.lsn, "block_id " + id + " is none, wanted at most " + WalRecord.MAX_BLOCK_ID);
    }

    /** Reads what follows the id of a block reference; gives the position behind it. */
    private int decodeBlock(BlockRef block, BlockRef before, byte[] bytes, int from, int end) {
        int cursor = from;
        checkLeft(block, "the block reference", end - cursor, 3);
        int flags = bytes[cursor] & 0xFF;
        int dataLength = WalBytes.u16(bytes, cursor + 1);
        cursor += 3;
        if (!Fork.isValid(flags & BlockRef.FORK_MASK)) {
            throw damage(block, "fork_flags " + hex(flags) + " is of no fork");
        }
        if ((flags & BlockRef.HAS_DATA) != 0 != dataLength > 0) {
            throw damage(block, "fork_flags " + hex(flags) + " and data_length " + dataLength + " disagree");
        }
        block.forkFlags = flags;
        block.dataLength = dataLength;
        if ((flags & BlockRef.HAS_IMAGE) != 0) {
            cursor = decodeImage(block, bytes, cursor, end);
        }
        if ((flags & BlockRef.SAME_REL) == 0) {
            checkLeft(block, "the RelFileLocator", end - cursor, WalStructs.LOCATOR_SIZE);
            block.spcAndDb = WalBytes.u64(bytes, cursor);
            block.relNumber = WalBytes.u32(bytes, cursor + 8);
            cursor += WalStructs.LOCATOR_SIZE;
        } else if (before != null) {
            block.spcAndDb = before.spcAndDb;
            block.relNumber = before.relNumber;
        } else {
            throw damage(block, "BKPBLOCK_SAME_REL, though it is the first block reference");
        }
        checkLeft(block, "the block number", end - cursor, Integer.BYTES);
        block.blockNumber = WalBytes.u32(bytes, cursor);
        return cursor + Integer.BYTES;
    }

    private int decodeImage(BlockRef block, byte[] bytes, int from, int end) {
        int cursor = from;
        checkLeft(block, "the image header", end - cursor, 5);
        int imageLength = WalBytes.u16(bytes, cursor);
        int holeOffset = WalBytes.u16(bytes, cursor + 2);
        int info = bytes[cursor + 4] & 0xFF;
        cursor += 5;
        boolean hasHole = (info & WalStructs.BKPIMAGE_HAS_HOLE) != 0;
        ImageCompression compression = compression(block, info);
        int holeLength = 0;
        if (compression == ImageCompression.NONE) {
            holeLength = WalStructs.FULL_PAGE - imageLength;
        } else if (hasHole) {
            checkLeft(block, "hole_length", end - cursor, Short.BYTES);
            holeLength = WalBytes.u16(bytes, cursor);
            cursor += Short.BYTES;
        }
        if (hasHole
                ? holeOffset == 0 || holeLength <= 0 || holeOffset + holeLength > WalStructs.FULL_PAGE
                : holeOffset != 0 || holeLength != 0) {
            throw damage(
                    block,
                    "bimg_info " + hex(info) + ", hole_offset " + holeOffset + ", hole_length " + holeLength
                            + " and an image of " + imageLength + " bytes disagree");
        }
        if (compression != ImageCompression.NONE && imageLength >= WalStructs.FULL_PAGE - holeLength) {
            throw damage(
                    block,
                    "bimg_len " + imageLength + " of a compressed image, wanted less than the "
                            + (WalStructs.FULL_PAGE - holeLength) + " bytes without compression");
        }
        block.imageLength = imageLength;
        block.holeOffset = holeOffset;
        block.holeLength = holeLength;
        block.imageInfo = info;
        block.imageApplies = (info & layout.imageAppliesBit()) != 0;
        block.imageCompression = compression;
        return cursor;
    }

    private ImageCompression compression(BlockRef block, int info) {
        int bits = info & ~(WalStructs.BKPIMAGE_HAS_HOLE | layout.imageAppliesBit());
        if (bits == 0) {
            return ImageCompression.NONE;
        }
        for (ImageCompression each : ImageCompression.COMPRESSED) {
            if (bits == each.bit(layout)) {
                return each;
            }
        }
        throw damage(
                block,
                "bimg_info " + hex(info) + " tells of no one way of compression of PostgreSQL "
                        + layout.version().major());
    }

    private void checkLeft(BlockRef block, String what, int left, int needed) {
        if (left < needed) {
            checkLeft(block.lsn(), what, left, needed);
        }
    }

    private void checkLeft(long start, String what, int left, int needed) {
        if (left < needed) {
            throw damage(start, "xl_tot_len ends in " + what + ": " + left + " bytes are left, wanted " + needed);
        }
    }

    // What is told when something is wrong; all of it is cold

    /** A sign of the end of WAL, or damage if WAL is known to go on; always false. */
    private boolean sign(long at, String message) {
        if (hasLimit) {
            throw damage(at, message);
        }
        endReason = message + where(at);
        state = State.ENDED;
        return false;
    }

    private WalFormatException damage(long at, String message) {
        return new WalFormatException(at, message + where(at));
    }

    private WalFormatException damage(BlockRef block, String message) {
        return damage(block.lsn(), "block reference " + block.blockId() + ": " + message);
    }

    private String where(long at) {
        WalSegmentName segment = WalSegmentName.of(timeline, at, segmentSize);
        return " (LSN " + Lsn.format(at) + ", segment "
                + (timeline == 0 ? "*" + segment.toString().substring(8) : segment) + ")";
    }

    private static String hex(long value) {
        return String.format(Locale.ROOT, "0x%04X", value);
    }
}
