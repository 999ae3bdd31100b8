package dev.walker.host;

/** The command line: {@code java -jar walker.jar COMMAND}. */
public final class Main {
    private Main() {}

    /** Runs a command. */
    public static void main(String[] args) {
        System.exit(2);
    }
}
