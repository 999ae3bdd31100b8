package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Describes records of Generic: access/rmgrdesc/genericdesc.c. It lists pieces of pages in the main data: {@code offset}
 * (uint16), {@code length} (uint16) and the bytes of each. Core puts them into block data, where they are not described.
 */
final class GenericDescriptions {
    private GenericDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        WalBytes data = record.mainData();
        for (int at = 0; at < data.length(); ) {
            int left = data.length() - at;
            if (left < 4 || left - 4 < data.u16(at + 2)) {
                throw record.malformed("a piece of a page at byte " + at + " goes beyond the " + data.length()
                        + " bytes of main data");
            }
            int length = data.u16(at + 2);
            out.append("offset ").append(data.u16(at)).append(", length ").append(length);
            at += 4 + length;
            if (at < data.length()) {
                out.append("; ");
            }
        }
    }
}
