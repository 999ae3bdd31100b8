package dev.walker.heatmap;

import dev.walker.rmgr.heap.HeapPage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.roaringbitmap.RoaringBitmap;

/**
 * A set of items of a chunk, by {@link Chunk#key}. A sorted array while there are few, else some words of bits for each
 * block: two, or if an item number needs it as many as the highest possible one does, since most blocks have few items and
 * what is small stays in the caches of the processor. Stored as a RoaringBitmap.
 */
final class ItemSet {
    private static final int FEW = 32;
    /** With fewer than this {@link #compact} goes back to the array. */
    private static final int VERY_FEW = 24;

    private static final int LEAST_WORDS = 2;
    /** As many as the highest item number needs. */
    static final int MOST_WORDS = (HeapPage.MAX_OFFNUM >>> 6) + 1;

    private static final int OFFNUM_MASK = (1 << Chunk.OFFNUM_BITS) - 1;

    // Of a serialized RoaringBitmap that is one sorted array: see https://github.com/RoaringBitmap/RoaringFormatSpec.
    private static final int COOKIE_WITHOUT_RUNS = 12346;
    private static final int ARRAY_AT = 16;
    private static final int MOST_IN_ARRAY = 4096;

    private char[] few = new char[4];
    /** Null while {@link #few} is used. */
    private long[] bits;
    /** How many {@link #bits} each block has. */
    private int words = LEAST_WORDS;

    private int count;

    int count() {
        return count;
    }

    /** Where the bit of an item is, or would be if its block {@link #hasWord} for it. */
    private int word(int key) {
        return (key >>> Chunk.OFFNUM_BITS) * words + ((key & OFFNUM_MASK) >>> 6);
    }

    private boolean hasWord(int key) {
        return (key & OFFNUM_MASK) >>> 6 < words;
    }

    boolean contains(int key) {
        return bits != null ? hasWord(key) && (bits[word(key)] >>> key & 1) != 0 : indexOf(key) >= 0;
    }

    private int indexOf(int key) {
        return Arrays.binarySearch(few, 0, count, (char) key);
    }

    /** Tells whether it was not there before. */
    boolean add(int key) {
        if (bits == null) {
            if (count < FEW) {
                return addToFew(key);
            }
            spread();
        }
        if (!hasWord(key)) {
            widen();
        }
        int word = word(key);
        long bit = 1L << key;
        if ((bits[word] & bit) != 0) {
            return false;
        }
        bits[word] |= bit;
        count++;
        return true;
    }

    private boolean addToFew(int key) {
        int at = indexOf(key);
        if (at >= 0) {
            return false;
        }
        at = -at - 1;
        if (count == few.length) {
            few = Arrays.copyOf(few, count * 2);
        }
        System.arraycopy(few, at, few, at + 1, count - at);
        few[at] = (char) key;
        count++;
        return true;
    }

    /** Goes from the array to bits. */
    private void spread() {
        words = LEAST_WORDS;
        for (int i = 0; i < count; i++) {
            words = hasWord(few[i]) ? words : MOST_WORDS;
        }
        bits = new long[Chunk.BLOCKS * words];
        for (int i = 0; i < count; i++) {
            bits[word(few[i])] |= 1L << few[i];
        }
        few = null;
    }

    private void widen() {
        long[] wider = new long[Chunk.BLOCKS * MOST_WORDS];
        for (int block = 0; block < Chunk.BLOCKS; block++) {
            System.arraycopy(bits, block * words, wider, block * MOST_WORDS, words);
        }
        bits = wider;
        words = MOST_WORDS;
    }

    /** Tells whether it was there. */
    boolean remove(int key) {
        if (bits == null) {
            int at = indexOf(key);
            if (at < 0) {
                return false;
            }
            System.arraycopy(few, at + 1, few, at, count - at - 1);
        } else {
            int word = word(key);
            long bit = 1L << key;
            if (!hasWord(key) || (bits[word] & bit) == 0) {
                return false;
            }
            bits[word] ^= bit;
        }
        count--;
        return true;
    }

    /** How many items there are of a block. */
    int countOn(int block) {
        int sum = 0;
        if (bits == null) {
            for (int at = firstFrom(Chunk.key(block, 0)); at < count && few[at] >>> Chunk.OFFNUM_BITS == block; at++) {
                sum++;
            }
            return sum;
        }
        for (int word = block * words, end = word + words; word < end; word++) {
            sum += Long.bitCount(bits[word]);
        }
        return sum;
    }

    /** How many blocks have items. */
    int blocks() {
        int sum = 0;
        if (bits == null) {
            for (int at = 0; at < count; at++) {
                sum += at == 0 || few[at] >>> Chunk.OFFNUM_BITS != few[at - 1] >>> Chunk.OFFNUM_BITS ? 1 : 0;
            }
            return sum;
        }
        for (int block = 0; block < Chunk.BLOCKS; block++) {
            sum += countOn(block) == 0 ? 0 : 1;
        }
        return sum;
    }

    /** How many items there are of each block. */
    short[] countsByBlock() {
        short[] counts = new short[Chunk.BLOCKS];
        if (bits == null) {
            for (int at = 0; at < count; at++) {
                counts[few[at] >>> Chunk.OFFNUM_BITS]++;
            }
        } else {
            for (int block = 0; block < Chunk.BLOCKS; block++) {
                counts[block] = (short) countOn(block);
            }
        }
        return counts;
    }

    /**
     * Removes items of a block; tells how many were there.
     *
     * @param offnums a bit for each item number, in {@link #MOST_WORDS} words
     */
    int removeOn(int block, long[] offnums) {
        if (bits == null) {
            return removeFew(block, offnums);
        }
        int first = block * words;
        int removed = removeWord(first, offnums[0]) + removeWord(first + 1, offnums[1]);
        if (words > LEAST_WORDS) {
            removed += removeWord(first + 2, offnums[2])
                    + removeWord(first + 3, offnums[3])
                    + removeWord(first + 4, offnums[4]);
        }
        count -= removed;
        return removed;
    }

    /** Without a branch: whether there is something to remove is not to be foreseen. */
    private int removeWord(int word, long wanted) {
        long hit = bits[word] & wanted;
        bits[word] ^= hit;
        return Long.bitCount(hit);
    }

    private int removeFew(int block, long[] offnums) {
        int before = count;
        int at = firstFrom(Chunk.key(block, 0));
        int kept = at;
        for (; at < count; at++) {
            int offnum = few[at] & OFFNUM_MASK;
            if (few[at] >>> Chunk.OFFNUM_BITS != block || (offnums[offnum >>> 6] >>> offnum & 1) == 0) {
                few[kept++] = few[at];
            }
        }
        count = kept;
        return before - count;
    }

    /** Where the first item from a key on is, or would be, in {@link #few}. */
    private int firstFrom(int key) {
        int at = 0;
        while (at < count && few[at] < key) {
            at++;
        }
        return at;
    }

    /** The lowest key from {@code from} on, -1 if there is none. */
    int next(int from) {
        if (bits == null) {
            int at = indexOf(from);
            at = at < 0 ? -at - 1 : at;
            return at < count ? few[at] : -1;
        }
        int offnum = from & OFFNUM_MASK;
        int block = from >>> Chunk.OFFNUM_BITS;
        if (offnum >= words << 6) {
            block++;
            offnum = 0;
        }
        int word = block * words + (offnum >>> 6);
        if (word >= bits.length) {
            return -1;
        }
        long rest = bits[word] & -1L << offnum;
        while (rest == 0) {
            if (++word == bits.length) {
                return -1;
            }
            rest = bits[word];
        }
        return Chunk.key(word / words, word % words << 6 | Long.numberOfTrailingZeros(rest));
    }

    /** Takes less memory if items were removed. */
    void compact() {
        if (bits != null && count < VERY_FEW) {
            char[] array = new char[Math.max(4, count)];
            int n = 0;
            for (int key = next(0); key >= 0; key = next(key + 1)) {
                array[n++] = (char) key;
            }
            few = array;
            bits = null;
        }
    }

    /** About how many bytes of memory it takes. */
    int memory() {
        return 48 + (bits != null ? Long.BYTES * bits.length : Character.BYTES * few.length);
    }

    /** As it is stored: a serialized RoaringBitmap with what is shortest; null if there is nothing. */
    byte[] toBytes() {
        if (count == 0) {
            return null;
        }
        ByteBuffer array = ByteBuffer.allocate(ARRAY_AT + Short.BYTES * count).order(ByteOrder.LITTLE_ENDIAN);
        array.putInt(COOKIE_WITHOUT_RUNS).putInt(1).putShort((short) 0).putShort((short) (count - 1));
        array.putInt(ARRAY_AT);
        int runs = 0;
        int before = -1;
        for (int key = next(0); key >= 0; key = next(key + 1)) {
            array.putShort((short) key);
            runs += key == before + 1 ? 0 : 1;
            before = key;
        }
        // Nearly all are sparse, so that neither runs nor a bitmap would be shorter.
        return count <= MOST_IN_ARRAY && count <= 2 * runs ? array.array() : toShortestBytes();
    }

    private byte[] toShortestBytes() {
        RoaringBitmap bitmap = toBitmap();
        bitmap.runOptimize();
        ByteBuffer bytes = ByteBuffer.allocate(bitmap.serializedSizeInBytes());
        bitmap.serialize(bytes);
        return bytes.array();
    }

    RoaringBitmap toBitmap() {
        RoaringBitmap bitmap = new RoaringBitmap();
        for (int key = count == 0 ? -1 : next(0); key >= 0; key = next(key + 1)) {
            bitmap.add(key);
        }
        return bitmap;
    }

    /**
     * The set that was stored.
     *
     * @throws IllegalArgumentException if an item is none of a chunk
     */
    static ItemSet of(RoaringBitmap bitmap) {
        ItemSet set = new ItemSet();
        bitmap.forEach((int key) -> {
            int offnum = key & OFFNUM_MASK;
            if (key < 0 || key >= Chunk.KEYS || offnum == 0 || offnum > HeapPage.MAX_OFFNUM) {
                throw new IllegalArgumentException("item " + Integer.toUnsignedString(key) + " is none of a chunk");
            }
            set.add(key);
        });
        return set;
    }
}
