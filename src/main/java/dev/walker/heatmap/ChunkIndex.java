package dev.walker.heatmap;

import java.util.Arrays;

/** The chunks of a relation that are in memory, by their number: two steps instead of a search. */
final class ChunkIndex {
    /** Little, since most relations have few chunks. */
    private static final int GROUP_BITS = 3;

    private static final int GROUP = 1 << GROUP_BITS;
    private static final Chunk[][] NONE = {};

    private Chunk[][] groups = NONE;

    /** The chunk with a number, or null. */
    Chunk get(int number) {
        int at = number >>> GROUP_BITS;
        if (at >= groups.length) {
            return null;
        }
        Chunk[] group = groups[at];
        return group == null ? null : group[number & GROUP - 1];
    }

    /** Adds a chunk whose number is free. */
    void add(Chunk chunk) {
        int at = chunk.number >>> GROUP_BITS;
        if (at >= groups.length) {
            groups = Arrays.copyOf(groups, Math.max(at + 1, groups.length + (groups.length >> 1)));
        }
        if (groups[at] == null) {
            groups[at] = new Chunk[GROUP];
        }
        groups[at][chunk.number & GROUP - 1] = chunk;
    }

    /** Removes a chunk that is there. */
    void remove(Chunk chunk) {
        groups[chunk.number >>> GROUP_BITS][chunk.number & GROUP - 1] = null;
    }
}
