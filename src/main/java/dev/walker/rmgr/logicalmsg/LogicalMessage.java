package dev.walker.rmgr.logicalmsg;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;
import java.nio.charset.StandardCharsets;

/**
 * What {@code pg_logical_emit_message} wrote: {@code xl_logical_message}, replication/message.h. Valid until the next
 * record.
 */
public final class LogicalMessage {
    /** Byte position of {@code dbId} (Oid, 4 bytes) in the main data. */
    public static final int DB_ID_AT = 0;
    /** Byte position of {@code transactional} (bool) in the main data. */
    public static final int TRANSACTIONAL_AT = 4;
    /** Byte position of {@code prefix_size} (Size, 8 bytes) in the main data. */
    public static final int PREFIX_SIZE_AT = 8;
    /** Byte position of {@code message_size} (Size, 8 bytes) in the main data. */
    public static final int MESSAGE_SIZE_AT = 16;
    /** Byte position of the prefix, which ends with a zero byte, in the main data; the message follows it. */
    public static final int PREFIX_AT = 24;

    private final WalBytes message = new WalBytes();
    private WalBytes data;
    private int prefixLength;

    /** A view without a record. */
    public LogicalMessage() {}

    /**
     * Moves to a record of type MESSAGE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its lengths do not fit
     */
    public LogicalMessage wrap(WalRecord record) {
        data = record.mainData(PREFIX_AT, "xl_logical_message");
        long prefixSize = data.u64(PREFIX_SIZE_AT);
        long messageSize = data.u64(MESSAGE_SIZE_AT);
        int rest = data.length() - PREFIX_AT;
        if (prefixSize < 1 || prefixSize > rest || messageSize < 0 || messageSize != rest - prefixSize) {
            throw record.malformed("xl_logical_message has prefix_size " + Long.toUnsignedString(prefixSize)
                    + " and message_size " + Long.toUnsignedString(messageSize) + " in " + data.length()
                    + " bytes of main data");
        }
        prefixLength = (int) prefixSize - 1;
        if (data.u8(PREFIX_AT + prefixLength) != 0) {
            throw record.malformed("the prefix of xl_logical_message ends with byte "
                    + data.u8(PREFIX_AT + prefixLength) + ", wanted 0");
        }
        message.wrap(data, PREFIX_AT + prefixLength + 1, (int) messageSize);
        return this;
    }

    /** OID of the database. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** Whether the message counts only if the transaction commits. */
    public boolean isTransactional() {
        return data.u8(TRANSACTIONAL_AT) != 0;
    }

    /** Bytes of the prefix, which stands at {@link #PREFIX_AT}, without the zero byte at its end. */
    public int prefixLength() {
        return prefixLength;
    }

    /** The prefix, as a new object. */
    public String prefix() {
        byte[] bytes = new byte[prefixLength];
        data.copyTo(PREFIX_AT, bytes, 0, prefixLength);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** The message. */
    public WalBytes message() {
        return message;
    }
}
