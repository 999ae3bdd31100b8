package dev.walker.engine;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings {@code walker.*}, read from wherever the host keeps them and checked here, since PostgreSQL takes any
 * text for a setting of an extension that has no C code.
 */
public final class Settings {
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,15})\\s*([A-Za-z]*)");

    private final Function<String, Optional<String>> lookup;

    /**
     * Settings from a look-up.
     *
     * @param lookup gives the text of a setting by its full name, empty if it is not set
     */
    public Settings(Function<String, Optional<String>> lookup) {
        this.lookup = lookup;
    }

    /** The text of a setting, without blanks around; empty if it is not set or has no text. */
    public Optional<String> text(String name) {
        return lookup.apply(name).map(String::strip).filter(text -> !text.isEmpty());
    }

    /**
     * {@code walker.plugins}: names in the order in which they are called.
     *
     * @throws SettingException if there is none
     */
    public List<String> plugins() {
        List<String> names = Arrays.stream(text("walker.plugins").orElse("").split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
        for (int i = 0; i < names.size(); i++) {
            if (names.indexOf(names.get(i)) != i) {
                throw new SettingException("walker.plugins names \"" + names.get(i) + "\" twice");
            }
        }
        return names;
    }

    /** {@code walker.slot}: name of the replication slot that keeps the WAL; empty if it is set to nothing. */
    public Optional<String> slot() {
        Optional<String> value = lookup.apply("walker.slot").map(String::strip);
        String slot = value.orElse("walker");
        if (!slot.isEmpty() && !slot.matches("[a-z0-9_]{1,63}")) {
            throw new SettingException("walker.slot is \"" + slot
                    + "\"; wanted the name of a replication slot: up to 63 lower-case letters, digits and _");
        }
        return slot.isEmpty() ? Optional.empty() : Optional.of(slot);
    }

    /** {@code walker.mode}: how the remote host reads WAL: {@code auto}, {@code stream} or {@code file}. */
    public String mode() {
        String mode = text("walker.mode").orElse("auto");
        if (!List.of("auto", "stream", "file").contains(mode)) {
            throw new SettingException("walker.mode is \"" + mode + "\"; wanted auto, stream or file");
        }
        return mode;
    }

    /** {@code walker.naptime}: milliseconds between two looks for new WAL. */
    public int naptimeMillis() {
        return (int) millis("walker.naptime", 200, 10, 1000);
    }

    /** {@code walker.flush_interval}: milliseconds between two commits of state while there is something to save. */
    public long flushIntervalMillis() {
        return millis("walker.flush_interval", 1000, 0, 600_000);
    }

    /** {@code walker.plugin_timeout}: milliseconds after which a plugin that does not come back is named in the log. */
    public long pluginTimeoutMillis() {
        return millis("walker.plugin_timeout", 30_000, 100, 86_400_000);
    }

    /** {@code walker.batch_bytes}: bytes of WAL that are walked in one transaction. */
    public long batchBytes() {
        return bytes("walker.batch_bytes", 4L << 20, 64L << 10, 1L << 30);
    }

    /** {@code walker.max_lag}: bytes of WAL that the slot may keep; {@link Long#MAX_VALUE} if it is 0, for any. */
    public long maxLagBytes() {
        long most = bytes("walker.max_lag", 10L << 30, 0, Long.MAX_VALUE >> 1);
        return most == 0 ? Long.MAX_VALUE : most;
    }

    /** {@code walker.max_lag_action}: whether the slot is to be dropped, and the walk to end, beyond that. */
    public boolean dropsSlotBeyondMaxLag() {
        String action = text("walker.max_lag_action").orElse("drop_slot");
        return switch (action) {
            case "drop_slot" -> true;
            case "warn" -> false;
            default ->
                throw new SettingException("walker.max_lag_action is \"" + action + "\"; wanted drop_slot or warn");
        };
    }

    /**
     * Reads all settings of the walker itself; those of plugins are theirs to check.
     *
     * @throws SettingException if one is wrong
     */
    public void check() {
        plugins();
        slot();
        mode();
        naptimeMillis();
        flushIntervalMillis();
        pluginTimeoutMillis();
        batchBytes();
        maxLagBytes();
        dropsSlotBeyondMaxLag();
    }

    private long millis(String name, long preset, long least, long most) {
        return amount(name, preset, least, most, "milliseconds, or a number with ms, s or min", unit -> switch (unit) {
            case "", "ms" -> 1L;
            case "s" -> 1000L;
            case "min" -> 60_000L;
            default -> 0L;
        });
    }

    private long bytes(String name, long preset, long least, long most) {
        return amount(name, preset, least, most, "bytes, or a number with kB, MB, GB or TB", unit -> switch (unit) {
            case "", "B" -> 1L;
            case "kB" -> 1L << 10;
            case "MB" -> 1L << 20;
            case "GB" -> 1L << 30;
            case "TB" -> 1L << 40;
            default -> 0L;
        });
    }

    private long amount(
            String name, long preset, long least, long most, String wanted, Function<String, Long> factorOfUnit) {
        Optional<String> text = text(name);
        if (text.isEmpty()) {
            return preset;
        }
        Matcher matcher = AMOUNT.matcher(text.get());
        long factor = matcher.matches() ? factorOfUnit.apply(matcher.group(2)) : 0;
        long number = factor == 0 ? 0 : Long.parseLong(matcher.group(1));
        if (factor == 0 || number > most / factor || number * factor < least) {
            throw new SettingException(
                    name + " is \"" + text.get() + "\"; wanted " + wanted + ", from " + least + " to " + most);
        }
        return number * factor;
    }
}
