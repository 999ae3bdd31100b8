package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Lists invalidation messages: {@code SharedInvalidationMessage}, storage/sinval.h. */
final class Invalidations {
    private static final int MESSAGE_SIZE = 16;
    private static final int ID_AT = 0;
    private static final int DB_ID_AT = 4;
    private static final int REL_ID_AT = 8;

    private Invalidations() {}

    /**
     * Appends messages; nothing if there are none.
     *
     * @param at where they stand in the main data, which holds them as its view has checked
     * @param initFile whether the file of relation descriptors goes, that of the database that follows
     */
    static void append(StringBuilder out, WalRecord record, int at, int count, boolean initFile, long dbId, long tsId) {
        if (count == 0) {
            return;
        }
        if (initFile) {
            out.append("; relcache init file inval dbid ")
                    .append(dbId)
                    .append(" tsid ")
                    .append(tsId);
        }
        out.append("; inval msgs:");
        boolean relsync = Wording.of(record).hasRelsync;
        for (int i = 0; i < count; i++) {
            appendMessage(out, record.mainData(), at + MESSAGE_SIZE * i, relsync);
        }
    }

    private static void appendMessage(StringBuilder out, WalBytes data, int at, boolean relsync) {
        int id = data.s8(at + ID_AT);
        long relation = data.u32(at + REL_ID_AT);
        switch (id) {
            case -1 -> out.append(" catalog ").append(relation);
            case -2 -> out.append(" relcache ").append(relation);
            case -3 -> out.append(" smgr");
            case -4 -> out.append(" relmap db ").append(data.u32(at + DB_ID_AT));
            case -5 -> out.append(" snapshot ").append(relation);
            default -> {
                if (id >= 0) {
                    out.append(" catcache ").append(id);
                } else if (id == -6 && relsync) {
                    out.append(" relsync ").append(relation);
                } else {
                    out.append(" unrecognized id ").append(id);
                }
            }
        }
    }
}
