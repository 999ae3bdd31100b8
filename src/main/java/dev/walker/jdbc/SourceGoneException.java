package dev.walker.jdbc;

import dev.walker.spi.StateException;

/** The row of {@code walker.source} that is walked was deleted: a walk has nowhere left to keep what it finds. */
public class SourceGoneException extends StateException {
    private static final long serialVersionUID = 1L;

    /**
     * Tells what is gone, and what may be left.
     *
     * @param sourceId of the row that is not there
     * @param slot what is known of the replication slot of the walk, see {@link ReplicationSlot#describe}; empty if it has
     *     none
     */
    SourceGoneException(int sourceId, String slot) {
        super(message(sourceId, slot));
    }

    /** Without a look at the slot. */
    public SourceGoneException(int sourceId) {
        this(sourceId, "");
    }

    private static String message(int sourceId, String slot) {
        return "the source that is walked (source_id " + sourceId
                + ") was deleted from walker.source, and with it all that"
                + " was known of it, so the walk ends. Started again it begins anew"
                + (slot.isEmpty()
                        ? ""
                        : "; " + slot + ". If it is not to be walked any more, drop the slot with"
                                + " pg_drop_replication_slot()");
    }
}
