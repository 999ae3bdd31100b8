package dev.walker.remote;

import dev.walker.jdbc.Jdbc;
import java.net.SocketTimeoutException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.core.BaseConnection;
import org.postgresql.util.HostSpec;

/**
 * How a server is reached: a URL, and for what the URL leaves open the environment that libpq knows ({@code PGHOST} and so
 * on). {@code ~/.pgpass}, {@code PGPASSFILE}, service files and hosts that are tried in turn are pgjdbc's own.
 */
public final class ServerAddress {
    private static final String JDBC = "jdbc:";
    private static final String SCHEME = "postgresql:";
    /**
     * What a server, a role or a database may have set: a path to the functions of others, times after which work is ended,
     * transactions that do not see what others commit, how names, arrays and comparisons are read, and compilation of short
     * queries.
     */
    private static final String SETTINGS = "SELECT pg_catalog.set_config(s.name, s.value, false) FROM (VALUES"
            + " ('search_path', 'pg_catalog'), ('statement_timeout', '0'), ('lock_timeout', '0'),"
            + " ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),"
            + " ('idle_session_timeout', '0'), ('default_transaction_isolation', 'read committed'),"
            + " ('default_transaction_read_only', 'off'), ('array_nulls', 'on'), ('quote_all_identifiers', 'off'),"
            + " ('transform_null_equals', 'off'), ('standard_conforming_strings', 'on'), ('jit', 'off')) s (name, value)"
            + " WHERE pg_catalog.current_setting(s.name, true) IS NOT NULL";

    /** What the environment gives where the URL has nothing. */
    private static final Map<String, PGProperty> ENVIRONMENT = Map.ofEntries(
            Map.entry("PGUSER", PGProperty.USER),
            Map.entry("PGPASSWORD", PGProperty.PASSWORD),
            Map.entry("PGOPTIONS", PGProperty.OPTIONS),
            Map.entry("PGSSLMODE", PGProperty.SSL_MODE),
            Map.entry("PGSSLROOTCERT", PGProperty.SSL_ROOT_CERT),
            Map.entry("PGSSLCERT", PGProperty.SSL_CERT),
            Map.entry("PGSSLKEY", PGProperty.SSL_KEY),
            Map.entry("PGCONNECT_TIMEOUT", PGProperty.CONNECT_TIMEOUT),
            Map.entry("PGGSSENCMODE", PGProperty.GSS_ENC_MODE),
            Map.entry("PGCHANNELBINDING", PGProperty.CHANNEL_BINDING));

    /** Names of libpq that pgjdbc has other names for. */
    private static final Map<String, PGProperty> LIBPQ = Map.of(
            "connect_timeout", PGProperty.CONNECT_TIMEOUT,
            "application_name", PGProperty.APPLICATION_NAME,
            "target_session_attrs", PGProperty.TARGET_SERVER_TYPE,
            "channel_binding", PGProperty.CHANNEL_BINDING,
            "gssencmode", PGProperty.GSS_ENC_MODE);

    private static final Map<String, String> SERVER_TYPES = Map.of(
            "any", "any",
            "read-write", "primary",
            "primary", "primary",
            "read-only", "secondary",
            "standby", "secondary",
            "prefer-standby", "preferSecondary");

    private final String url;
    private final boolean passwordInUrl;
    private final Map<String, String> environment;
    private final Properties defaults = new Properties();

    private ServerAddress(String url, boolean passwordInUrl, Map<String, String> environment) {
        this.url = url;
        this.passwordInUrl = passwordInUrl;
        this.environment = environment;
    }

    /**
     * An address, of which nothing is looked up yet.
     *
     * @param option name of the option that gave the URL, for messages
     * @param url {@code jdbc:postgresql://HOST:PORT/DATABASE?user=USER}, also without {@code jdbc:} and with {@code
     *     USER:PASSWORD@} as libpq has it; null or empty if the environment says it all
     * @param environment variables by name
     * @throws IllegalArgumentException if this is no such URL, with a message that shows no password
     */
    public static ServerAddress of(String option, String url, Map<String, String> environment) {
        String wanted = "; wanted jdbc:postgresql://HOST:PORT/DATABASE?user=USER";
        String plain = url == null ? "" : url.startsWith(JDBC) ? url.substring(JDBC.length()) : url;
        if (plain.startsWith("postgres:")) {
            plain = SCHEME + plain.substring("postgres:".length());
        }
        if (plain.isEmpty()) {
            plain = environment.containsKey("PGSERVICE") && !environment.containsKey("PGHOST")
                    ? SCHEME + "//?service=" + encode(environment.get("PGSERVICE"))
                    : SCHEME + "//" + hosts(environment) + "/" + encode(environment.getOrDefault("PGDATABASE", ""));
        }
        if (!plain.startsWith(SCHEME)) {
            throw new IllegalArgumentException(option + " is \"" + Secrets.mask(url) + "\"" + wanted);
        }
        UserInfo userInfo = UserInfo.of(plain.substring(SCHEME.length()));
        String jdbcUrl = JDBC + SCHEME + withPgjdbcNames(option, userInfo.rest);
        ServerAddress address = new ServerAddress(
                jdbcUrl, userInfo.password.isPresent() || hasParameter(userInfo.rest, "password"), environment);
        userInfo.user.ifPresent(user -> address.defaults.setProperty(PGProperty.USER.getName(), user));
        userInfo.password.ifPresent(given -> address.defaults.setProperty(PGProperty.PASSWORD.getName(), given));
        Properties own = Driver.parseURL(jdbcUrl, address.defaults);
        if (own == null) {
            throw new IllegalArgumentException(option + " is \"" + Secrets.mask(url)
                    + "\", which is no URL that pgjdbc understands, or names a service that is in no service file"
                    + wanted);
        }
        address.addEnvironment(own);
        return address;
    }

    private static String hosts(Map<String, String> environment) {
        String hosts = environment.getOrDefault("PGHOST", "localhost");
        for (String host : hosts.split(",", -1)) {
            if (host.startsWith("/") || host.startsWith("@")) {
                throw new IllegalArgumentException("PGHOST is \"" + host
                        + "\", a socket directory, which pgjdbc cannot use; wanted a host name or an address");
            }
        }
        return hosts(hosts, environment.getOrDefault("PGPORT", "5432"));
    }

    /** As a URL has them: a port for each host. */
    private static String hosts(String hostList, String portList) {
        String[] hosts = hostList.split(",", -1);
        String[] ports = portList.split(",", -1);
        List<String> list = new ArrayList<>();
        for (int i = 0; i < hosts.length; i++) {
            boolean bare = hosts[i].contains(":") && !hosts[i].startsWith("[");
            list.add((bare ? "[" + hosts[i] + "]" : hosts[i]) + ":"
                    + (ports.length == hosts.length ? ports[i] : ports[0]));
        }
        return String.join(",", list);
    }

    /** Whether an environment names a server or a database, so that no URL is wanted. */
    public static boolean isInEnvironment(Map<String, String> environment) {
        return environment.containsKey("PGHOST")
                || environment.containsKey("PGPORT")
                || environment.containsKey("PGSERVICE")
                || environment.containsKey("PGDATABASE");
    }

    /** {@code USER:PASSWORD@} of a URL, which pgjdbc does not know. */
    private record UserInfo(Optional<String> user, Optional<String> password, String rest) {
        static UserInfo of(String rest) {
            int question = rest.indexOf('?');
            String address = question < 0 ? rest : rest.substring(0, question);
            int at = address.lastIndexOf('@');
            if (!rest.startsWith("//") || at < 0) {
                return new UserInfo(Optional.empty(), Optional.empty(), rest);
            }
            String info = address.substring(2, at);
            int colon = info.indexOf(':');
            String user = colon < 0 ? info : info.substring(0, colon);
            return new UserInfo(
                    user.isEmpty() ? Optional.empty() : Optional.of(decode(user)),
                    colon < 0 ? Optional.empty() : Optional.of(decode(info.substring(colon + 1))),
                    "//" + rest.substring(at + 1));
        }
    }

    /** A name as a URL has it, whatever characters are in it. */
    private static String encode(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static boolean hasParameter(String rest, String name) {
        int question = rest.indexOf('?');
        return question >= 0
                && Arrays.stream(rest.substring(question + 1).split("&")).anyMatch(each -> each.startsWith(name + "="));
    }

    private static String withPgjdbcNames(String option, String rest) {
        int question = rest.indexOf('?');
        if (question < 0) {
            return rest;
        }
        List<String> parameters = new ArrayList<>();
        for (String each : rest.substring(question + 1).split("&")) {
            int equals = each.indexOf('=');
            PGProperty known = equals < 0 ? null : LIBPQ.get(each.substring(0, equals));
            if (known == null) {
                parameters.add(each);
            } else if (known == PGProperty.TARGET_SERVER_TYPE) {
                parameters.add(known.getName() + "=" + serverType(option, each.substring(equals + 1)));
            } else {
                parameters.add(known.getName() + each.substring(equals));
            }
        }
        return rest.substring(0, question + 1) + String.join("&", parameters);
    }

    private static String serverType(String where, String attributes) {
        String type = SERVER_TYPES.get(attributes);
        if (type == null) {
            throw new IllegalArgumentException(where + ": target_session_attrs is \"" + attributes
                    + "\"; wanted one of "
                    + String.join(", ", SERVER_TYPES.keySet().stream().sorted().toList()));
        }
        return type;
    }

    /** As with libpq, the URL and a service come before the environment. */
    private void addEnvironment(Properties own) {
        ENVIRONMENT.forEach((name, property) -> {
            String value = environment.get(name);
            if (value != null && !value.isEmpty() && !own.containsKey(property.getName())) {
                defaults.setProperty(property.getName(), value);
            }
        });
        String attributes = environment.get("PGTARGETSESSIONATTRS");
        String type = PGProperty.TARGET_SERVER_TYPE.getName();
        if (attributes != null && !attributes.isEmpty() && !own.containsKey(type)) {
            defaults.setProperty(type, serverType("PGTARGETSESSIONATTRS", attributes));
        }
        defaults.setProperty(PGProperty.APPLICATION_NAME.getName(), "walker");
        defaults.setProperty(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
    }

    /** Whether the URL itself has a password, so that it is in the list of processes if it came from the command line. */
    public boolean hasPasswordInUrl() {
        return passwordInUrl;
    }

    /** Host and port of the first host, for people. */
    public String hostAndPort() {
        Properties properties = properties();
        return properties.getProperty(PGProperty.PG_HOST.getName()).split(",")[0] + ":"
                + properties.getProperty(PGProperty.PG_PORT.getName()).split(",")[0];
    }

    /** Connects. */
    public Connection connect() throws SQLException {
        return connect(new Properties());
    }

    /**
     * Connects for a program that runs by itself: its operators and functions are PostgreSQL's own, whatever others have made
     * in schemas that are on the {@code search_path} of this user or database, and it takes the time it takes.
     */
    public Connection connectForWalk() throws SQLException {
        return prepared(connect());
    }

    private static Connection prepared(Connection fresh) throws SQLException {
        try {
            Jdbc.all(fresh, SETTINGS, row -> row.getString(1));
            return fresh;
        } catch (SQLException e) {
            try (fresh) {
                throw e;
            }
        }
    }

    /**
     * Connects as {@link #connectForWalk}, for questions that are answered soon: where the network is gone without a word, an answer fails to come.
     *
     * @param seconds how long to wait for one, unless the URL has a {@code socketTimeout}
     */
    public Connection connect(int seconds) throws SQLException {
        String name = PGProperty.SOCKET_TIMEOUT.getName();
        Properties timeout = new Properties();
        timeout.setProperty(name, properties().getProperty(name, Integer.toString(seconds)));
        return prepared(connect(timeout));
    }

    /** Connects as {@link #connectForWalk} to the server that a connection has found among several hosts, but to another of its
     * databases. */
    public Connection connectLike(Connection found, String database) throws SQLException {
        Properties properties = sameServer(found);
        properties.setProperty(PGProperty.PG_DBNAME.getName(), database);
        return prepared(connect(properties));
    }

    /** Connects in replication mode to the server that a connection has found among several hosts. */
    Connection connectForReplication(Connection found, String applicationName) throws SQLException {
        Properties properties = sameServer(found);
        properties.setProperty(PGProperty.REPLICATION.getName(), "true");
        properties.setProperty(PGProperty.PREFER_QUERY_MODE.getName(), "simple");
        properties.setProperty(PGProperty.ASSUME_MIN_SERVER_VERSION.getName(), "15");
        properties.setProperty(PGProperty.APPLICATION_NAME.getName(), applicationName);
        return connect(properties);
    }

    private static Properties sameServer(Connection found) throws SQLException {
        HostSpec host = found.unwrap(BaseConnection.class).getQueryExecutor().getHostSpec();
        Properties properties = new Properties();
        properties.setProperty(PGProperty.PG_HOST.getName(), host.getHost());
        properties.setProperty(PGProperty.PG_PORT.getName(), Integer.toString(host.getPort()));
        properties.setProperty(PGProperty.TARGET_SERVER_TYPE.getName(), "any");
        return properties;
    }

    /** All properties of pgjdbc that URL, service and environment give. */
    Properties properties() {
        Properties parsed = Driver.parseURL(url, defaults);
        Properties properties = new Properties();
        for (String name : parsed.stringPropertyNames()) {
            properties.setProperty(name, parsed.getProperty(name));
        }
        return properties;
    }

    /** Connects with some properties in place of those of the URL. */
    private Connection connect(Properties instead) throws SQLException {
        Properties properties = properties();
        properties.putAll(instead);
        try {
            return DriverManager.getConnection(JDBC + SCHEME + "//" + urlHosts(properties) + "/", properties);
        } catch (SQLException e) {
            throw explained(e, urlHosts(properties));
        }
    }

    private static String urlHosts(Properties properties) {
        return hosts(
                properties.getProperty(PGProperty.PG_HOST.getName()),
                properties.getProperty(PGProperty.PG_PORT.getName()));
    }

    /** Says which server, since there may be two, and no password. */
    private SQLException explained(SQLException thrown, String hosts) {
        String known = properties().getProperty(PGProperty.PASSWORD.getName());
        String message = Secrets.mask(thrown.getMessage(), known) + because(thrown.getCause());
        String explained = message.contains(hosts) ? message : hosts + ": " + message;
        boolean isSecret =
                !Secrets.mask(String.valueOf(thrown.getMessage()), known).equals(thrown.getMessage());
        // Without the cause, whose message has the password.
        return isSecret
                ? new SQLException(explained, thrown.getSQLState())
                : new SQLException(explained, thrown.getSQLState(), thrown);
    }

    /** pgjdbc says of a name that there is not just that the attempt failed. */
    private static String because(Throwable cause) {
        return cause instanceof UnknownHostException || cause instanceof SocketTimeoutException
                ? " (" + cause + ")"
                : "";
    }

    /** The URL without a password. */
    @Override
    public String toString() {
        return Secrets.mask(url);
    }
}
