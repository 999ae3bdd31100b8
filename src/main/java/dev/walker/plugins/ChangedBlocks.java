package dev.walker.plugins;

import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/** The blocks of a fork that a range of WAL has changed, in parts of {@link #PART} blocks, and how far the fork was cut. */
final class ChangedBlocks {
    /** Blocks of a part. */
    static final int PART = 8192;
    /** The fork was not cut. */
    static final long NO_LIMIT = -1;

    private final RoaringBitmap blocks = new RoaringBitmap();
    /** Parts that differ from what is stored. */
    private final RoaringBitmap unsaved = new RoaringBitmap();
    /** Parts that have a row. */
    private final RoaringBitmap stored = new RoaringBitmap();

    private long limit = NO_LIMIT;
    private boolean limitSaved = true;

    /** Takes what has happened to parts and limit to the store. */
    interface Store {
        /** The blocks of a part: first and last of each run, counted from the begin of the part. */
        void put(int part, short[] runs);

        /** The part has no changed block any more. */
        void delete(int part);

        /** The lowest block that the fork was cut to. */
        void limit(long block);
    }

    /** A block was changed; false if that was known. */
    boolean add(long block) {
        if (!blocks.checkedAdd((int) block)) {
            return false;
        }
        unsaved.add((int) (block / PART));
        return true;
    }

    /** The fork was cut to so many blocks, made anew, or dropped: what was behind is gone. */
    boolean cut(long toBlocks) {
        PeekableIntIterator behind = blocks.getIntIterator();
        behind.advanceIfNeeded((int) toBlocks);
        boolean gone = behind.hasNext();
        while (behind.hasNext()) {
            int part = (int) (Integer.toUnsignedLong(behind.next()) / PART);
            unsaved.add(part);
            behind.advanceIfNeeded((part + 1) * PART);
        }
        if (gone) {
            blocks.remove(toBlocks, 1L << 32);
        }
        if (limit != NO_LIMIT && limit <= toBlocks) {
            return gone;
        }
        limit = toBlocks;
        limitSaved = false;
        return true;
    }

    /** The lowest block that the fork was cut to, {@link #NO_LIMIT} for none. */
    long limit() {
        return limit;
    }

    /** A part as it is stored. */
    void loadPart(int part, short[] runs) {
        addPart(part, runs);
        stored.add(part);
    }

    /** The limit as it is stored. */
    void loadLimit(long block) {
        limit = block;
    }

    /** Adds the blocks of a part of a later range. */
    void addLaterPart(int part, short[] runs) {
        addPart(part, runs);
        unsaved.add(part);
    }

    private void addPart(int part, short[] runs) {
        long begin = (long) part * PART;
        for (int i = 0; i < runs.length; i += 2) {
            blocks.add(begin + runs[i], begin + runs[i + 1] + 1);
        }
    }

    /** Writes what has changed. */
    void save(Store store) {
        unsaved.forEach((org.roaringbitmap.IntConsumer) part -> {
            short[] runs = runs(part);
            if (runs.length > 0) {
                store.put(part, runs);
                stored.add(part);
            } else if (stored.checkedRemove(part)) {
                store.delete(part);
            }
        });
        unsaved.clear();
        if (!limitSaved) {
            store.limit(limit);
            limitSaved = true;
        }
    }

    private short[] runs(int part) {
        short[] runs = new short[16];
        int length = 0;
        int begin = part * PART;
        PeekableIntIterator next = blocks.getIntIterator();
        next.advanceIfNeeded(begin);
        while (next.hasNext()) {
            int at = next.next() - begin;
            if (at < 0 || at >= PART) {
                break;
            }
            if (length > 0 && runs[length - 1] == at - 1) {
                runs[length - 1]++;
                continue;
            }
            if (length == runs.length) {
                runs = java.util.Arrays.copyOf(runs, 2 * length);
            }
            runs[length++] = (short) at;
            runs[length++] = (short) at;
        }
        return java.util.Arrays.copyOf(runs, length);
    }
}
