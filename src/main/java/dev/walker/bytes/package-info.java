/** Bytes to numbers: little-endian, unsigned, checked. All other packages read numbers through this one. */
package dev.walker.bytes;
