/**
 * WAL pages and records, whatever their resource manager: from bytes to {@link dev.walker.wal.WalRecord}.
 *
 * <p><b>Pages.</b> WAL is a sequence of pages of 8192 bytes in segment files of one size. Each begins with a header
 * ({@code XLogPageHeaderData}, access/xlog_internal.h), the first of a segment with the long one. Byte positions from the
 * start of the page:
 *
 * <pre>
 *  0  2  xlp_magic         tells the major
 *  2  2  xlp_info          1 the page begins with the rest of a record, 2 long header, 8 that record was given up
 *  4  4  xlp_tli           timeline
 *  8  8  xlp_pageaddr      LSN of the page
 * 16  4  xlp_rem_len       bytes of the record that are still to come, with those on this page
 * 20  4  (padding)
 * 24  8  xlp_sysid         long header: system identifier
 * 32  4  xlp_seg_size      long header: bytes of a segment
 * 36  4  xlp_xlog_blcksz   long header: bytes of a page
 * </pre>
 *
 * <p><b>Records.</b> A record begins at a multiple of 8 and goes on over pages, after their headers. Byte positions from
 * the start of the record ({@code XLogRecord}, access/xlogrecord.h):
 *
 * <pre>
 *  0  4  xl_tot_len        bytes of the record, without padding and page headers
 *  4  4  xl_xid            transaction
 *  8  8  xl_prev           LSN of the record before
 * 16  1  xl_info           upper four bits: record type
 * 17  1  xl_rmid           resource manager
 * 20  4  xl_crc            CRC-32C of bytes from 24 on, then of bytes 0 to 19
 * 24  …  items, each begun by a byte: 0 to 32 block reference, 253 replication origin, 252 top-level XID,
 *        255 and 254 length of the main data (1 and 4 bytes), which is the last item
 *     …  for each block reference its image and its data, then the main data
 * </pre>
 *
 * <p>After {@code XLOG_SWITCH} the rest of the segment is zeros, page headers too. A record that a crash cut off is given
 * up: the next page tells so, and begins with {@code XLOG_OVERWRITE_CONTRECORD}.
 *
 * <p><b>Changed.</b> 14: item 252 is new. 15: {@code bimg_info} has bits for three ways of compression, and the bit that
 * tells whether redo restores the image moved from 0x04 to 0x02; resource managers of extensions. 16: records have at
 * most 1020 MiB.
 */
package dev.walker.wal;
