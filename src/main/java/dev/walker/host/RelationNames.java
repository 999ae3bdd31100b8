package dev.walker.host;

/** Names of relations for their locators. */
interface RelationNames {
    /** The name, such as {@code public.accounts}; empty if it is not known. */
    String nameOf(long spcOid, long dbOid, long relNumber);

    /** No names at all. */
    RelationNames NONE = (spcOid, dbOid, relNumber) -> "";
}
