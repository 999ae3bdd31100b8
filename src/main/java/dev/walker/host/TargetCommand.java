package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** A command that prints what a database with schema {@code walker} says. */
abstract class TargetCommand implements Callable<Integer> {
    @ParentCommand
    private Main main;

    @Mixin
    private TargetOptions target;

    @Mixin
    private RowPrinter printer;

    TargetCommand() {}

    /** Prints. */
    abstract void print(Connection connection, ByteOutput out) throws SQLException;

    @Override
    public Integer call() throws SQLException {
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            print(connection, out);
        }
        return 0;
    }

    final Main main() {
        return main;
    }

    /** Where schema {@code walker} is, and of which server it is asked. */
    final TargetOptions target() {
        return target;
    }

    /** How rows are printed. */
    final RowPrinter printer() {
        return printer;
    }
}
