package dev.walker.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A browser without a window, to see what it makes of a page. */
public final class Browser {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    /** What Chromium asks for by itself, whatever the page: the time, updates, accounts. */
    private static final Pattern OWN_REQUEST =
            Pattern.compile("^[A-Z]+ (https?://)?[a-z0-9.-]+\\.(google|googleapis|gvt1)\\.com[:/]");

    private final Path program;

    private Browser(Path program) {
        this.program = program;
    }

    /**
     * What came of a page.
     *
     * @param dom the document once its scripts have run
     * @param console what was written to the console, errors too
     * @param requests first lines of what was asked of the network
     */
    public record Page(String dom, List<String> console, List<String> requests) {}

    /** A Chromium or Chrome on the PATH. */
    public static Optional<Browser> installed() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Browser::new);
    }

    /**
     * Opens a file. All requests go to a proxy that notes and refuses them.
     *
     * @param profile where the browser keeps its files, to be deleted by the caller
     */
    public Page open(Path file, Path profile) throws IOException, InterruptedException {
        Path out = Files.createTempFile("browser", ".html");
        Path err = Files.createTempFile("browser", ".log");
        try (Proxy proxy = new Proxy()) {
            Process process = new ProcessBuilder(
                            program.toString(),
                            "--headless",
                            "--no-sandbox",
                            "--disable-gpu",
                            "--no-first-run",
                            "--disable-background-networking",
                            "--disable-component-update",
                            "--disable-default-apps",
                            "--disable-extensions",
                            "--disable-sync",
                            "--user-data-dir=" + profile,
                            "--proxy-server=http://127.0.0.1:" + proxy.port(),
                            "--proxy-bypass-list=<-loopback>",
                            "--enable-logging=stderr",
                            "--virtual-time-budget=5000",
                            "--dump-dom",
                            file.toUri().toString())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IllegalStateException(program + " did not end: " + Files.readString(err));
            }
            List<String> console = Files.readAllLines(err, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.contains("CONSOLE"))
                    .toList();
            List<String> requests = proxy.requests().stream()
                    .filter(request -> !OWN_REQUEST.matcher(request).find())
                    .toList();
            return new Page(Files.readString(out), console, requests);
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    private static final class Proxy implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

        Proxy() throws IOException {
            Thread thread = new Thread(this::serve, "proxy");
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return socket.getLocalPort();
        }

        List<String> requests() {
            return List.copyOf(requests);
        }

        private void serve() {
            while (true) {
                try (Socket client = socket.accept()) {
                    client.setSoTimeout(20_000);
                    requests.add(String.valueOf(new BufferedReader(
                                    new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1))
                            .readLine()));
                } catch (SocketException e) {
                    if (socket.isClosed()) {
                        return;
                    }
                } catch (IOException e) {
                    requests.add(e.toString());
                }
            }
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
