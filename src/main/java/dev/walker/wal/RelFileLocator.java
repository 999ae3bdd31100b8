package dev.walker.wal;

/**
 * Where the files of a relation are: {@code RelFileLocator}, storage/relfilelocator.h ({@code RelFileNode} up to 15).
 *
 * @param spcOid tablespace, unsigned 32-bit; 1663 is pg_default, 1664 is pg_global
 * @param dbOid database, unsigned 32-bit; 0 for a shared catalog
 * @param relNumber the relfilenode, unsigned 32-bit; not an OID
 */
public record RelFileLocator(long spcOid, long dbOid, long relNumber) {
    /** As pg_waldump prints it: {@code spcOid/dbOid/relNumber}. */
    @Override
    public String toString() {
        return spcOid + "/" + dbOid + "/" + relNumber;
    }
}
