package dev.walker.contract;

import dev.walker.testing.TestServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The tables and transactions of pgbench, so that servers without pgbench can be loaded too. */
final class Bank {
    private static final int ACCOUNTS = 20_000;
    private static final int CLIENTS = 4;
    /** In milliseconds, so that the walker, and other tests, have some of the processor too. */
    private static final int LONGEST_PAUSE = 3;

    private final TestServer server;
    private final List<Future<Integer>> clients = new ArrayList<>();
    private ExecutorService threads;
    private volatile boolean running;

    Bank(TestServer server) {
        this.server = server;
    }

    void create() throws SQLException {
        server.execute(
                "DROP TABLE IF EXISTS branches, tellers, accounts, history",
                "CREATE TABLE branches (bid int PRIMARY KEY, balance int, filler char(88)) WITH (fillfactor = 90)",
                "CREATE TABLE tellers (tid int PRIMARY KEY, balance int, filler char(84))",
                "CREATE TABLE accounts (aid int PRIMARY KEY, balance int, filler char(84))",
                "CREATE TABLE history (tid int, bid int, aid int, delta int, at timestamptz, filler char(22))",
                "INSERT INTO branches SELECT i, 0 FROM generate_series(1, 2) i",
                "INSERT INTO tellers SELECT i, 0 FROM generate_series(1, 20) i",
                "INSERT INTO accounts SELECT i, 0 FROM generate_series(1, " + ACCOUNTS + ") i");
    }

    /** Lets clients work until {@link #end}, or until their connections break. */
    void begin(long seed) {
        running = true;
        threads = Executors.newFixedThreadPool(CLIENTS);
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(seed + i);
            clients.add(threads.submit(() -> client(random)));
        }
    }

    private int client(Random random) throws SQLException, InterruptedException {
        int transactions = 0;
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // Each makes one at least, however late the machine lets it begin.
            do {
                transaction(statement, random);
                if (random.nextInt(10) == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                }
                transactions++;
                Thread.sleep(random.nextInt(LONGEST_PAUSE + 1));
            } while (running);
        } catch (SQLException e) {
            if (!isBroken(e)) {
                throw e;
            }
        }
        return transactions;
    }

    private static void transaction(Statement statement, Random random) throws SQLException {
        int account = 1 + random.nextInt(ACCOUNTS);
        int teller = 1 + random.nextInt(20);
        int delta = random.nextInt(10_000) - 5000;
        statement.execute("UPDATE accounts SET balance = balance + " + delta + " WHERE aid = " + account);
        statement.execute("SELECT balance FROM accounts WHERE aid = " + account);
        statement.execute("UPDATE tellers SET balance = balance + " + delta + " WHERE tid = " + teller);
        statement.execute("UPDATE branches SET balance = balance + " + delta + " WHERE bid = " + (1 + teller % 2));
        statement.execute("INSERT INTO history VALUES (" + teller + ", " + (1 + teller % 2) + ", " + account + ", "
                + delta + ", now())");
    }

    /** The server went away, as class 08 and 57P01 to 57P03 say. */
    private static boolean isBroken(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("08") || state.startsWith("57P");
    }

    /** Ends the clients; how many transactions they made. */
    int end() throws InterruptedException, ExecutionException {
        running = false;
        int transactions = 0;
        for (Future<Integer> client : clients) {
            transactions += client.get();
        }
        clients.clear();
        threads.shutdown();
        return transactions;
    }
}
