package dev.walker.host;

import dev.walker.describe.Descriptions;
import dev.walker.rmgr.Rmgr;
import dev.walker.version.WalLayout;
import dev.walker.wal.BlockRef;
import dev.walker.wal.Fork;
import dev.walker.wal.ImageCompression;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import java.nio.charset.StandardCharsets;

/** The pieces of text that all formats of records share, as bytes that are made once. */
final class RecordTexts {
    private static final int PAGE_SIZE = 8192;
    private static final byte[][] FORKS = new byte[Fork.values().length][];
    private static final byte[] BLKREF = ByteOutput.ascii("blkref #");
    private static final byte[] REL = ByteOutput.ascii(": rel ");
    private static final byte[] FORK = ByteOutput.ascii(" fork ");
    private static final byte[] BLK = ByteOutput.ascii(" blk ");
    private static final byte[] FPW = ByteOutput.ascii(" (FPW)");
    private static final byte[] FPW_VERIFY = ByteOutput.ascii(" (FPW for WAL verification)");
    private static final byte[] HOLE_OFFSET = ByteOutput.ascii("; hole: offset: ");
    private static final byte[] HOLE_LENGTH = ByteOutput.ascii(", length: ");
    private static final byte[] SAVED = ByteOutput.ascii(", compression saved: ");
    private static final byte[] METHOD = ByteOutput.ascii(", method: ");

    static {
        for (Fork fork : Fork.values()) {
            FORKS[fork.number()] = ByteOutput.ascii(fork.shortName());
        }
    }

    private final RelationNames names;
    private final Descriptions descriptions;
    private final byte[][] rmgrNames = new byte[Rmgr.MAX_ID + 1][];
    private final byte[][] typeNames = new byte[Rmgr.MAX_ID + 1 << 4][];
    private WalLayout typesOf;
    private final RelationText[] relations = new RelationText[256];

    private final StringBuilder description = new StringBuilder(512);

    RecordTexts(RelationNames names, Descriptions descriptions) {
        this.names = names;
        this.descriptions = descriptions;
        for (int id = 0; id <= Rmgr.MAX_ID; id++) {
            rmgrNames[id] = ByteOutput.ascii(Rmgr.name(id));
        }
    }

    byte[] rmgrName(WalRecord record) {
        return rmgrNames[record.rmgrId()];
    }

    byte[] typeName(WalRecord record) {
        if (typesOf != record.layout()) {
            typesOf = record.layout();
            for (int i = 0; i < typeNames.length; i++) {
                typeNames[i] = Rmgr.typeName(typesOf, i >> 4, (i & 0x0F) << 4).getBytes(StandardCharsets.US_ASCII);
            }
        }
        return typeNames[record.rmgrId() << 4 | record.info() >> 4];
    }

    /** The description, or what is wrong with the payload; valid until the next call. */
    StringBuilder description(WalRecord record) {
        description.setLength(0);
        try {
            descriptions.describe(record, description);
        } catch (WalFormatException e) {
            // Whoever looks at such a record wants to see it, and those that follow.
            description.setLength(0);
            description.append("malformed: ").append(e.getMessage());
        }
        return description;
    }

    static byte[] forkName(BlockRef block) {
        return FORKS[block.forkFlags() & BlockRef.FORK_MASK];
    }

    /** Name or numbers of the relation. */
    void putRelation(BlockRef block, ByteOutput out) {
        // Records of a few relations come in turns.
        int slot = (int) block.relNumber() & relations.length - 1;
        RelationText known = relations[slot];
        if (known == null || !known.isOf(block) || names != RelationNames.NONE) {
            known = new RelationText(block, relationText(block));
            relations[slot] = known;
        }
        out.put(known.text);
    }

    private String relationText(BlockRef block) {
        String name = names.nameOf(block.spcOid(), block.dbOid(), block.relNumber());
        return name.isEmpty() ? block.spcOid() + "/" + block.dbOid() + "/" + block.relNumber() : name;
    }

    /** What a relation is called. */
    private static final class RelationText {
        private final long spcOid;
        private final long dbOid;
        private final long relNumber;
        private final byte[] text;

        RelationText(BlockRef block, String text) {
            this.spcOid = block.spcOid();
            this.dbOid = block.dbOid();
            this.relNumber = block.relNumber();
            this.text = text.getBytes(StandardCharsets.UTF_8);
        }

        boolean isOf(BlockRef block) {
            return relNumber == block.relNumber() && spcOid == block.spcOid() && dbOid == block.dbOid();
        }
    }

    /** A block reference up to the number of the block, the fork only if wanted or not the main one. */
    void putBlock(BlockRef block, boolean withFork, ByteOutput out) {
        out.put(BLKREF).putDecimal(block.blockId()).put(REL);
        putRelation(block, out);
        if (withFork || !block.isMainFork()) {
            out.put(FORK).put(forkName(block));
        }
        out.put(BLK).putDecimal(block.blockNumber());
    }

    /** A block reference in the long form, with all there is to know of its image. */
    void putBlockInDetail(BlockRef block, ByteOutput out) {
        putBlock(block, true, out);
        if (!block.hasImage()) {
            return;
        }
        out.put(block.imageApplies() ? FPW : FPW_VERIFY)
                .put(HOLE_OFFSET)
                .putDecimal(block.holeOffset())
                .put(HOLE_LENGTH)
                .putDecimal(block.holeLength());
        if (block.imageCompression() != ImageCompression.NONE) {
            out.put(SAVED)
                    .putDecimal(PAGE_SIZE - block.holeLength() - block.imageLength())
                    .put(METHOD)
                    .put(block.imageCompression().shortName());
        }
    }
}
