package dev.walker.heatmap;

import java.util.function.Consumer;

/** Relations by their locator, without an object for the key. */
final class RelationMap {
    private Relation[] places = new Relation[64];
    private int size;

    private static int hash(long spcOid, long dbOid, long relNumber) {
        long h = (relNumber ^ dbOid << 32 ^ spcOid << 17) * 0x9E37_79B9_7F4A_7C15L;
        return (int) (h >>> 32 ^ h >>> 52);
    }

    private static int hash(Relation relation) {
        return hash(relation.spcOid, relation.dbOid, relation.relNumber);
    }

    int size() {
        return size;
    }

    /** The relation, or null. */
    Relation get(long spcOid, long dbOid, long relNumber) {
        int mask = places.length - 1;
        int at = hash(spcOid, dbOid, relNumber) & mask;
        while (places[at] != null && !places[at].is(spcOid, dbOid, relNumber)) {
            at = at + 1 & mask;
        }
        return places[at];
    }

    /** Adds a relation whose locator is not there. */
    void add(Relation relation) {
        if (++size * 2 > places.length) {
            Relation[] old = places;
            places = new Relation[old.length * 2];
            for (Relation other : old) {
                if (other != null) {
                    place(other);
                }
            }
        }
        place(relation);
    }

    private void place(Relation relation) {
        int mask = places.length - 1;
        int at = hash(relation) & mask;
        while (places[at] != null) {
            at = at + 1 & mask;
        }
        places[at] = relation;
    }

    /** Removes a relation that is there. */
    void remove(Relation relation) {
        int mask = places.length - 1;
        int hole = hash(relation) & mask;
        while (places[hole] != relation) {
            hole = hole + 1 & mask;
        }
        size--;
        for (int at = hole + 1 & mask; places[at] != null; at = at + 1 & mask) {
            int home = hash(places[at]) & mask;
            if ((at - home & mask) >= (at - hole & mask)) {
                places[hole] = places[at];
                hole = at;
            }
        }
        places[hole] = null;
    }

    /** Gives each relation; the map must not be changed meanwhile. */
    void forEach(Consumer<Relation> consumer) {
        for (Relation relation : places) {
            if (relation != null) {
                consumer.accept(relation);
            }
        }
    }
}
