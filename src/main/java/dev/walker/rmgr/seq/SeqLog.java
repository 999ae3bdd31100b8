package dev.walker.rmgr.seq;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A sequence went on: {@code xl_seq_rec}, commands/sequence.h, and the tuple of the sequence,
 * {@code FormData_pg_sequence_data}. The server logs 32 values ahead. Valid until the next record.
 */
public final class SeqLog {
    /** Byte position of the locator (spcOid, dbOid, relNumber, 4 bytes each) in the main data. */
    public static final int LOCATOR_AT = 0;
    /** Byte position of the tuple, from its header ({@code HeapTupleHeaderData}) on, in the main data. */
    public static final int TUPLE_AT = 12;

    private static final int T_HOFF_AT = TUPLE_AT + 22;
    private static final int TUPLE_HEADER_SIZE = 23;
    private static final int LAST_VALUE_AT = 0;
    private static final int LOG_CNT_AT = 8;
    private static final int IS_CALLED_AT = 16;
    private static final int VALUES_SIZE = 17;

    private WalBytes data;
    private int valuesAt;

    /** A view without a record. */
    public SeqLog() {}

    /**
     * Moves to a record of type LOG.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or has no tuple of a sequence
     */
    public SeqLog wrap(WalRecord record) {
        data = record.mainData(TUPLE_AT + TUPLE_HEADER_SIZE, "xl_seq_rec with its tuple");
        int hoff = data.u8(T_HOFF_AT);
        valuesAt = TUPLE_AT + hoff;
        if (hoff < TUPLE_HEADER_SIZE || valuesAt + VALUES_SIZE > data.length()) {
            throw record.malformed(
                    "t_hoff of the tuple of a sequence is " + hoff + " in " + data.length() + " bytes of main data");
        }
        return this;
    }

    /** Tablespace. */
    public long spcOid() {
        return data.u32(LOCATOR_AT);
    }

    /** Database. */
    public long dbOid() {
        return data.u32(LOCATOR_AT + 4);
    }

    /** Relfilenode. */
    public long relNumber() {
        return data.u32(LOCATOR_AT + 8);
    }

    /** {@code last_value}: what the sequence goes on from after a crash. */
    public long lastValue() {
        return data.u64(valuesAt + LAST_VALUE_AT);
    }

    /** {@code log_cnt}: how many values may be given out before the next record. */
    public long logCount() {
        return data.u64(valuesAt + LOG_CNT_AT);
    }

    /** {@code is_called}: whether {@link #lastValue} was given out. */
    public boolean isCalled() {
        return data.u8(valuesAt + IS_CALLED_AT) != 0;
    }
}
