package dev.walker.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * A reusable window over an array of bytes, the only place where bytes become numbers.
 *
 * <p>All numbers are little-endian. Unsigned 32-bit values are returned as {@code long}, unsigned 16-bit and 8-bit
 * values as {@code int}. Positions count in bytes from the start of the window and are checked: reading outside of it
 * throws {@link IndexOutOfBoundsException}, which means a defect in the caller, never bad input.
 *
 * <p>A window is not thread safe, and its content belongs to whoever lent it.
 */
public final class WalBytes {
    private static final VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] NOTHING = new byte[0];

    private byte[] array = NOTHING;
    private int start;
    private int length;

    /** An empty window. */
    public WalBytes() {}

    /** A window over a whole array. */
    public static WalBytes of(byte[] array) {
        return new WalBytes().wrap(array, 0, array.length);
    }

    /** Unsigned 16-bit value at position {@code at} of an array, for readers that check lengths themselves. */
    public static int u16(byte[] array, int at) {
        return (short) U16.get(array, at) & 0xFFFF;
    }

    /** Unsigned 32-bit value at position {@code at} of an array. */
    public static long u32(byte[] array, int at) {
        return (int) U32.get(array, at) & 0xFFFF_FFFFL;
    }

    /** 64-bit value at position {@code at} of an array. */
    public static long u64(byte[] array, int at) {
        return (long) U64.get(array, at);
    }

    /** Moves this window over {@code length} bytes of {@code array} that begin at {@code start}; returns this. */
    public WalBytes wrap(byte[] array, int start, int length) {
        Objects.checkFromIndexSize(start, length, array.length);
        // Windows mostly stay on their array; storing a reference costs a barrier of the garbage collector.
        if (this.array != array) {
            this.array = array;
        }
        this.start = start;
        this.length = length;
        return this;
    }

    /** Moves this window over a part of another one; returns this. */
    public WalBytes wrap(WalBytes other, int at, int length) {
        Objects.checkFromIndexSize(at, length, other.length);
        return wrap(other.array, other.start + at, length);
    }

    /** Makes this window empty; returns this. */
    public WalBytes clear() {
        return wrap(NOTHING, 0, 0);
    }

    /** Length of the window in bytes. */
    public int length() {
        return length;
    }

    /** Whether the window has no bytes. */
    public boolean isEmpty() {
        return length == 0;
    }

    /** Unsigned 8-bit value at byte position {@code at}. */
    public int u8(int at) {
        Objects.checkIndex(at, length);
        return array[start + at] & 0xFF;
    }

    /** Signed 8-bit value at byte position {@code at}. */
    public int s8(int at) {
        Objects.checkIndex(at, length);
        return array[start + at];
    }

    /** Unsigned 16-bit value at byte position {@code at}. */
    public int u16(int at) {
        Objects.checkFromIndexSize(at, Short.BYTES, length);
        return (short) U16.get(array, start + at) & 0xFFFF;
    }

    /** Unsigned 32-bit value at byte position {@code at}. */
    public long u32(int at) {
        Objects.checkFromIndexSize(at, Integer.BYTES, length);
        return (int) U32.get(array, start + at) & 0xFFFF_FFFFL;
    }

    /** Signed 32-bit value at byte position {@code at}. */
    public int s32(int at) {
        Objects.checkFromIndexSize(at, Integer.BYTES, length);
        return (int) U32.get(array, start + at);
    }

    /** 64-bit value at byte position {@code at}; an LSN or another unsigned value is to be compared as unsigned. */
    public long u64(int at) {
        Objects.checkFromIndexSize(at, Long.BYTES, length);
        return (long) U64.get(array, start + at);
    }

    /** Copies {@code count} bytes from byte position {@code at} into {@code target}. */
    public void copyTo(int at, byte[] target, int targetAt, int count) {
        Objects.checkFromIndexSize(at, count, length);
        System.arraycopy(array, start + at, target, targetAt, count);
    }

    /** A copy of the content. */
    public byte[] toArray() {
        return Arrays.copyOfRange(array, start, start + length);
    }

    /** The array below this window, for codecs and checksums that want arrays; not to be written to. */
    public byte[] array() {
        return array;
    }

    /** Where this window starts in {@link #array()}. */
    public int arrayOffset() {
        return start;
    }
}
