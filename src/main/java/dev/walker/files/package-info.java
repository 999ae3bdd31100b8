/**
 * WAL in files, without a server: segments of any size, whole or {@code .partial}, plain or compressed, in a directory or
 * in tar files, of one timeline and those it came from.
 *
 * <table>
 * <caption>Files that are looked at</caption>
 * <tr><th>name</th><th>what</th></tr>
 * <tr><td>{@code TTTTTTTTXXXXXXXXYYYYYYYY}</td><td>a segment of timeline T</td></tr>
 * <tr><td>{@code ....partial}</td><td>a segment that was not finished; taken when there is no other</td></tr>
 * <tr><td>{@code ....gz}, {@code ....lz4}, {@code ....zst}</td><td>compressed by gzip, lz4 (frame), zstd; before or after
 * {@code .partial}</td></tr>
 * <tr><td>{@code TTTTTTTT.history}</td><td>from which timelines T came, and at which LSN; may be compressed too</td></tr>
 * <tr><td>{@code *.tar}</td><td>all of these in a tar file, which may be compressed as a whole; in a directory, read only
 * if it has no segment</td></tr>
 * </table>
 *
 * <p>{@link dev.walker.files.WalFiles} is the list, {@link dev.walker.files.FileWalReader} gives records in order,
 * {@link dev.walker.files.SegmentScan} reads segments in parallel, {@link dev.walker.files.FileWalSource} gives bytes.
 */
package dev.walker.files;
