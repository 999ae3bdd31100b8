/**
 * Full-page images: from what stands in a record to a page.
 *
 * <p>A page is stored without its hole (the unused bytes between {@code pd_lower} and {@code pd_upper}), and what is left
 * may be compressed: as a bare pglz stream, as an LZ4 block, or as a zstd frame (the latter two since 15). {@code
 * hole_length} is in the record only if the image is compressed; else it is 8192 less the length of the image.
 */
package dev.walker.fpi;
