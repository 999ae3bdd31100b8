package dev.walker.wal;

import dev.walker.bytes.WalBytes;
import dev.walker.rmgr.Rmgr;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import java.util.Optional;

/**
 * Counts the records of a segment, page by page, where nothing else is wanted of them.
 *
 * <p>It checks what {@link WalReader} checks, the CRC of each record too, but keeps nothing of a record and tells nothing of
 * what it finds: where anything is not as it should be it gives up, and a {@code WalReader} is to read on. So it is a few
 * small methods, which a JVM compiles soon, and takes the same memory for a record of any length.
 */
public final class PageTally {
    private static final int PAGE_SIZE = WalReader.PAGE_SIZE;
    private static final int HEADER_SIZE = WalRecord.HEADER_SIZE;
    /** What is kept of a record that spans pages: all items before its images and data are in these bytes. */
    private static final int HEAD = 1024;

    // Kinds of images, by bimg_info
    private static final byte WRONG_IMAGE = 0;
    private static final byte PLAIN_IMAGE = 1;
    private static final byte COMPRESSED_IMAGE = 2;

    /** Instead of a size. */
    private static final int WRONG = -1;

    private enum State {
        COUNTING,
        DONE,
        GAVE_UP
    }

    private final int segmentSize;
    private final long systemIdentifier;
    private final RecordCrc crc = new RecordCrc();
    private final byte[] head = new byte[HEAD];
    private final byte[] imageKinds = new byte[256];

    private RecordCounts counts;
    private WalLayout layout;
    private State state = State.GAVE_UP;
    /** Where pages end that are to be looked at in the array; 0 after the end. */
    private int pagesEnd;

    private long until;
    private boolean isFirstPage;
    private int timeline;
    /** LSN of the next page. */
    private long pageLsn;

    /** Bytes to come of a record that began on an earlier page, or in an earlier segment. */
    private long left;
    /** Start of the record that is being put together; 0 if none is. */
    private long spanningLsn;

    private long spanningLength;
    /** Bytes of {@link #head} that are filled. */
    private int headLength;

    private long firstLsn;
    private long firstPrevLsn;
    private long lastLsn;
    private long endLsn;

    /**
     * For segments of one cluster.
     *
     * @param segmentSize in bytes, a power of two from 1 MiB to 1 GiB
     * @param systemIdentifier that the long page headers must have
     */
    public PageTally(int segmentSize, long systemIdentifier) {
        WalSegmentName.checkSegmentSize(segmentSize);
        this.segmentSize = segmentSize;
        this.systemIdentifier = systemIdentifier;
    }

    /**
     * Begins with the first record of a segment.
     *
     * @param segmentStart LSN of its first byte
     * @param target counts to add to
     */
    public void begin(long segmentStart, RecordCounts target) {
        counts = target;
        state = State.COUNTING;
        until = segmentStart + segmentSize;
        isFirstPage = true;
        timeline = 0;
        pageLsn = segmentStart;
        left = 0;
        spanningLsn = Lsn.INVALID;
        spanningLength = 0;
        firstLsn = Lsn.INVALID;
        firstPrevLsn = Lsn.INVALID;
        lastLsn = Lsn.INVALID;
        endLsn = segmentStart;
    }

    /** LSN of the page to add next: after the segment as long as its last record goes on there. */
    public long wantedLsn() {
        return pageLsn;
    }

    /**
     * Counts the records on pages that follow; what comes after the last record of the segment is not looked at.
     *
     * @param pages array that holds whole pages from its start
     * @param length bytes of these
     * @return whether more pages are wanted
     */
    public boolean add(byte[] pages, int length) {
        pagesEnd = length;
        for (int page = 0; page < pagesEnd; page += PAGE_SIZE) {
            page(pages, page);
            pageLsn += PAGE_SIZE;
            if (pageLsn == until && (left == 0 || spanningLsn == Lsn.INVALID)) {
                stop(State.DONE);
            }
        }
        if (firstLsn != Lsn.INVALID) {
            counts.extend(layout, firstLsn, endLsn);
        }
        return state == State.COUNTING;
    }

    /** Whether all records of the segment were counted; if not, those up to {@link #lastLsn} were. */
    public boolean isDone() {
        return state == State.DONE;
    }

    /** LSN of the first record; 0 if there was none. */
    public long firstLsn() {
        return firstLsn;
    }

    /** {@code xl_prev} of the first record. */
    public long firstPrevLsn() {
        return firstPrevLsn;
    }

    /** LSN of the last record; 0 if there was none. */
    public long lastLsn() {
        return lastLsn;
    }

    /** LSN after the last record. */
    public long endLsn() {
        return endLsn;
    }

    /** Where the record after the last one begins. */
    public long position() {
        return WalReader.startAfter(endLsn, segmentSize);
    }

    // Pages

    private void page(byte[] pages, int page) {
        int headerSize = WalReader.pageHeaderSize(pageLsn, segmentSize);
        boolean continues = (pages[page + WalStructs.XLP_INFO_AT] & WalStructs.XLP_FIRST_IS_CONTRECORD) != 0;
        if (!isGoodHeader(pages, page, headerSize == WalReader.LONG_PAGE_HEADER)
                || !isExpected(continues, WalBytes.u32(pages, page + WalStructs.XLP_REM_LEN_AT))) {
            stop(State.GAVE_UP);
            return;
        }
        int at = page + headerSize;
        int end = page + PAGE_SIZE;
        if (continues) {
            at = goOn(pages, at, end);
        }
        long base = pageLsn - page;
        at = records(pages, at, end, base);
        if (at < end) {
            rest(pages, at, end, base);
        }
    }

    /** Whether a page begins with the rest of a record just where one is to come, and of that length. */
    private boolean isExpected(boolean continues, long rest) {
        if (isFirstPage) {
            isFirstPage = false;
            left = continues ? rest : 0;
        }
        return continues ? left > 0 && left == rest : left == 0;
    }

    /** Takes the next piece of a record; where the record after it begins, the end of the page if not on this page. */
    private int goOn(byte[] pages, int from, int end) {
        int piece = (int) Math.min(left, end - from);
        left -= piece;
        if (spanningLsn != Lsn.INVALID) {
            span(pages, from, piece);
        }
        if (left > 0) {
            return end;
        }
        if (spanningLsn != Lsn.INVALID && !countSpanning()) {
            stop(State.GAVE_UP);
            return end;
        }
        int at = from + align(piece);
        endLsn = pageLsn + PAGE_SIZE - (end - at);
        boolean isBeyond = !Lsn.isBefore(pageLsn, until);
        if (spanningLength == HEADER_SIZE && isSwitch(head, 0)) {
            endLsn = isBeyond ? until + segmentSize : until;
            stop(State.DONE);
            return end;
        }
        if (isBeyond) {
            stop(isFollowed(pages, at, end) ? State.DONE : State.GAVE_UP);
            return end;
        }
        return at;
    }

    /** Ends for good. */
    private void stop(State how) {
        if (state == State.COUNTING) {
            state = how;
            pagesEnd = 0;
        }
    }

    private boolean isGoodHeader(byte[] pages, int page, boolean mustBeLong) {
        int magic = WalBytes.u16(pages, page + WalStructs.XLP_MAGIC_AT);
        if (isFirstPage && !setLayout(magic)) {
            return false;
        }
        int info = WalBytes.u16(pages, page + WalStructs.XLP_INFO_AT);
        int found = (int) WalBytes.u32(pages, page + WalStructs.XLP_TLI_AT);
        boolean good = magic == layout.version().pageMagic()
                && (info & ~layout.pageInfoMask()) == 0
                && (info & layout.overwriteContrecordFlag()) == 0
                && (info & WalStructs.XLP_LONG_HEADER) != 0 == mustBeLong
                && WalBytes.u64(pages, page + WalStructs.XLP_PAGEADDR_AT) == pageLsn
                && Integer.compareUnsigned(found, timeline) >= 0
                && (!mustBeLong || isGoodLongHeader(pages, page));
        timeline = found;
        return good;
    }

    private boolean isGoodLongHeader(byte[] pages, int page) {
        return WalBytes.u64(pages, page + WalStructs.XLP_SYSID_AT) == systemIdentifier
                && WalBytes.u32(pages, page + WalStructs.XLP_SEG_SIZE_AT) == segmentSize
                && WalBytes.u32(pages, page + WalStructs.XLP_XLOG_BLCKSZ_AT) == PAGE_SIZE;
    }

    private boolean setLayout(int magic) {
        if (layout != null && magic == layout.version().pageMagic()) {
            return true;
        }
        Optional<PgVersion> version = PgVersion.byPageMagic(magic);
        if (version.isEmpty()) {
            return false;
        }
        layout = WalLayout.of(version.get());
        for (int info = 0; info < imageKinds.length; info++) {
            int bits = info & ~(WalStructs.BKPIMAGE_HAS_HOLE | layout.imageAppliesBit());
            imageKinds[info] = bits == 0 ? PLAIN_IMAGE : WRONG_IMAGE;
            for (ImageCompression each : ImageCompression.COMPRESSED) {
                if (bits != 0 && bits == each.bit(layout)) {
                    imageKinds[info] = COMPRESSED_IMAGE;
                }
            }
        }
        return true;
    }

    /** Whether what follows the last record of the segment, on a page of the next one, is of the record after it. */
    private boolean isFollowed(byte[] pages, int at, int end) {
        return end - at >= HEADER_SIZE
                && WalBytes.u32(pages, at + WalStructs.XL_TOT_LEN_AT) >= HEADER_SIZE
                && WalBytes.u64(pages, at + WalStructs.XL_PREV_AT) == lastLsn;
    }

    private static int align(int value) {
        return value + 7 & -8;
    }

    // Records

    /** Counts the records from one position up to the end of the page; {@code base} is the LSN of the array's start. */
    private int records(byte[] pages, int from, int end, long base) {
        int at = from;
        while (end - at >= HEADER_SIZE) {
            int length = (int) WalBytes.u32(pages, at + WalStructs.XL_TOT_LEN_AT);
            // What is less than a header is a lot here.
            if (Integer.compareUnsigned(length - HEADER_SIZE, end - at - HEADER_SIZE) > 0) {
                break;
            }
            long start = base + at;
            int images =
                    crc.isGood(pages, at, length) ? images(pages, at + HEADER_SIZE, at + length, at + length) : WRONG;
            if (images < 0 || !count(pages, at, start, length, images)) {
                stop(State.GAVE_UP);
                return end;
            }
            at += align(length);
            endLsn = base + at;
        }
        return at;
    }

    /** Begins with a record that goes on on the next page, if the last one on this page was not the end of the segment. */
    private void rest(byte[] pages, int at, int end, long base) {
        int lastAt = at - HEADER_SIZE;
        if (lastLsn == base + lastAt && isSwitch(pages, lastAt)) {
            endLsn = until;
            stop(State.DONE);
        } else {
            beginSpanning(pages, at, end - at, base + at);
        }
    }

    private static boolean isSwitch(byte[] bytes, int at) {
        return bytes[at + WalStructs.XL_RMID_AT] == 0
                && (bytes[at + WalStructs.XL_INFO_AT] & WalRecord.RMGR_INFO_MASK) == WalStructs.XLOG_SWITCH;
    }

    private boolean count(byte[] bytes, int at, long start, long length, int images) {
        long prev = WalBytes.u64(bytes, at + WalStructs.XL_PREV_AT);
        int rmgrId = bytes[at + WalStructs.XL_RMID_AT] & 0xFF;
        boolean follows = prev == lastLsn && prev != Lsn.INVALID || isFirst(prev, start);
        if (!follows || !Rmgr.isValidId(layout, rmgrId)) {
            return false;
        }
        lastLsn = start;
        counts.add(rmgrId, bytes[at + WalStructs.XL_INFO_AT] & 0xFF, length, images);
        return true;
    }

    private boolean isFirst(long prev, long start) {
        if (lastLsn != Lsn.INVALID || !Lsn.isBefore(prev, start)) {
            return false;
        }
        firstLsn = start;
        firstPrevLsn = prev;
        return true;
    }

    /**
     * Bytes of images of a record whose CRC is right; -1 where its headers are wrong.
     *
     * @param from where its items begin
     * @param limit where the bytes end that are there
     * @param end where the record ends, maybe behind that
     */
    private int images(byte[] bytes, int from, int limit, long end) {
        int at = from;
        int payload = 0;
        int images = 0;
        int maxBlockId = -1;
        while (end - at > payload) {
            if (at >= limit) {
                return WRONG;
            }
            int id = bytes[at] & 0xFF;
            if (id <= WalRecord.MAX_BLOCK_ID) {
                // Of these 8 bytes each block reference has at least 3 and then 4.
                if (id <= maxBlockId || limit - at < 8) {
                    return WRONG;
                }
                int flags = bytes[at + 1] & 0xFF;
                int data = WalBytes.u16(bytes, at + 2);
                boolean sameRel = (flags & BlockRef.SAME_REL) != 0;
                if (!Fork.isValid(flags & BlockRef.FORK_MASK)
                        || (flags & BlockRef.HAS_DATA) != 0 != data > 0
                        || sameRel && maxBlockId < 0) {
                    return WRONG;
                }
                maxBlockId = id;
                payload += data;
                at += 4;
                if ((flags & BlockRef.HAS_IMAGE) != 0) {
                    int size = limit - at < 7 ? WRONG : imageHeader(bytes, at);
                    if (size < 0) {
                        return WRONG;
                    }
                    int length = WalBytes.u16(bytes, at);
                    payload += length;
                    images += length;
                    at += size;
                }
                at += sameRel ? Integer.BYTES : WalStructs.LOCATOR_SIZE + Integer.BYTES;
            } else {
                return endsWell(bytes, at, limit, end - payload) ? images : WRONG;
            }
        }
        return at <= limit && end - at == payload ? images : WRONG;
    }

    /**
     * Whether the items from a position on, none of them a block reference, and the main data fill the record. Apart from what
     * is above it, which a JVM puts into the loop over the records only if it is small.
     *
     * @param end where the main data ends, if images and data of blocks are left out
     */
    private boolean endsWell(byte[] bytes, int from, int limit, long end) {
        int at = from;
        while (end > at) {
            int id = at < limit ? bytes[at] & 0xFF : 0;
            int size = id == WalStructs.XLR_BLOCK_ID_DATA_SHORT ? 2 : id == WalStructs.XLR_BLOCK_ID_ORIGIN ? 3 : 5;
            if (limit - at < size) {
                return false;
            }
            if (id >= WalStructs.XLR_BLOCK_ID_DATA_LONG) {
                long main = size == 2 ? bytes[at + 1] & 0xFF : WalBytes.u32(bytes, at + 1);
                return end - at - size == main;
            }
            if (id != WalStructs.XLR_BLOCK_ID_ORIGIN
                    && (id != WalStructs.XLR_BLOCK_ID_TOPLEVEL_XID || !layout.hasTopLevelXidItem())) {
                return false;
            }
            at += size;
        }
        return end == at;
    }

    /** Bytes of the header of an image, of which 7 are there; -1 if it is wrong. */
    private int imageHeader(byte[] bytes, int at) {
        int length = WalBytes.u16(bytes, at);
        int holeOffset = WalBytes.u16(bytes, at + 2);
        int info = bytes[at + 4] & 0xFF;
        boolean hasHole = (info & WalStructs.BKPIMAGE_HAS_HOLE) != 0;
        int kind = imageKinds[info];
        int holeLength =
                kind == PLAIN_IMAGE ? WalStructs.FULL_PAGE - length : hasHole ? WalBytes.u16(bytes, at + 5) : 0;
        boolean good = hasHole
                ? holeOffset > 0 && holeLength > 0 && holeOffset + holeLength <= WalStructs.FULL_PAGE
                : holeOffset == 0 && holeLength == 0;
        if (!good || kind == WRONG_IMAGE || kind == COMPRESSED_IMAGE && length >= WalStructs.FULL_PAGE - holeLength) {
            return WRONG;
        }
        return kind == COMPRESSED_IMAGE && hasHole ? 7 : 5;
    }

    // Records that span pages: their CRC is computed piece by piece

    private void beginSpanning(byte[] pages, int at, int piece, long start) {
        long length = WalBytes.u32(pages, at + WalStructs.XL_TOT_LEN_AT);
        if (length < HEADER_SIZE || length > layout.maxRecordSize()) {
            stop(State.GAVE_UP);
            return;
        }
        spanningLsn = start;
        spanningLength = length;
        left = length - piece;
        headLength = 0;
        crc.begin(head, 0, 0);
        span(pages, at, piece);
    }

    /** Takes the next piece. */
    private void span(byte[] pages, int at, int piece) {
        int before = Math.min(piece, Math.max(0, HEADER_SIZE - headLength));
        int kept = Math.min(piece, HEAD - headLength);
        System.arraycopy(pages, at, head, headLength, kept);
        headLength += kept;
        crc.goOn(pages, at + before, piece - before);
    }

    /** Counts the record that is whole now; whether it is as it should be. */
    private boolean countSpanning() {
        if (!crc.endsWith(head, 0)) {
            return false;
        }
        int images = images(head, HEADER_SIZE, headLength, spanningLength);
        boolean good = images >= 0 && count(head, 0, spanningLsn, spanningLength, images);
        spanningLsn = Lsn.INVALID;
        return good;
    }
}
