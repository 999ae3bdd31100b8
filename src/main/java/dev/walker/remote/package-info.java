/**
 * How a server is walked from outside: its address, its replication stream, and the names of its relations.
 *
 * <p>{@link dev.walker.remote.ServerAddress} finds out what URL, environment and files say, and connects. {@link
 * dev.walker.remote.StreamWalSource} is the WAL of a server as its walsender pushes it; a thread of {@link
 * dev.walker.remote.WalStream} receives it into a bounded buffer.
 */
package dev.walker.remote;
