package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Plain arguments mean what the library for command lines makes of them; all others are left to it. */
class PlainArgumentsTest {
    private static PlainArguments.Command command(String name) {
        return name.equals("dump") ? new DumpCommand() : new StatsCommand();
    }

    /** The values of all fields that options set. */
    private static Map<String, String> fields(Object command) throws IllegalAccessException {
        Map<String, String> values = new TreeMap<>();
        for (Field field : command.getClass().getDeclaredFields()) {
            field.setAccessible(true);
            if (field.isAnnotationPresent(CommandLine.Mixin.class)) {
                fields(field.get(command)).forEach((name, value) -> values.put(field.getName() + "." + name, value));
            } else if (field.isAnnotationPresent(CommandLine.Option.class)
                    || field.isAnnotationPresent(CommandLine.Parameters.class)) {
                values.put(field.getName(), String.valueOf(field.get(command)));
            }
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stats",
                "stats --path a",
                "stats --path=a --stats=record",
                "stats --stats=rmgr -p a/b",
                "stats --stats record --path a",
                "stats -p=a -s=0/1 -e 1/2",
                "stats --by relation --top=10 --path a",
                "stats --start 0/1000028 --path x --end=0/2000000 --by=transaction --top 0",
                "dump",
                "dump --path a --quiet",
                "dump -q -p a -s 0/1 -e=0/2 -n 5",
                "dump --limit=7 --start=0/1 --end 0/2 --path=a"
            })
    void meanTheSame(String line) throws IllegalAccessException {
        String[] args = line.split(" ");
        PlainArguments.Command plain = command(args[0]);
        assertTrue(PlainArguments.read(args, plain));
        PlainArguments.Command parsed = command(args[0]);
        new CommandLine(parsed).parseArgs(java.util.Arrays.copyOfRange(args, 1, args.length));
        assertEquals(fields(parsed), fields(plain));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stats a",
                "stats --help",
                "stats -z",
                "stats --stats",
                "stats --by=nothing",
                "stats --path",
                "stats --path=",
                "stats --path -p",
                "stats --path @file",
                "stats --path a --path b",
                "stats --path a -p b",
                "stats --start 0/1 -s 0/2",
                "stats -pa",
                "stats --threads 2",
                "stats --path 'a'",
                "dump --quiet -q",
                "dump -qp a",
                "dump --quiet=true",
                "dump --limit=1 -n 2",
                "dump --nothing",
                "dump -- a"
            })
    void areLeftToTheLibrary(String line) {
        String[] args = line.split(" ");
        assertFalse(PlainArguments.read(args, command(args[0])));
    }
}
