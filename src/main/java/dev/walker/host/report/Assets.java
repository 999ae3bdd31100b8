package dev.walker.host.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** Style sheets and scripts of the page, which are files of the jar. */
final class Assets {
    /** The charting library, from the WebJar {@code org.webjars.npm:uplot}; under the MIT License. */
    static final String CHARTS = text("uPlot.iife.min.js");

    static final String CHARTS_STYLE = text("uPlot.min.css");
    static final String CHARTS_LICENCE = text("LICENSE");
    static final String SCRIPT = text("report.js");
    static final String STYLE = text("report.css");

    private Assets() {}

    private static String text(String name) {
        try (InputStream stream = Assets.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("the jar has no dev/walker/host/report/" + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read dev/walker/host/report/" + name + " of the jar", e);
        }
    }

    /** A script as it may stand between tags: it cannot end its element. */
    static String inScript(String script) {
        return script.replace("</script", "<\\/script").replace("<!--", "<\\!--");
    }

    /** How a content security policy names a script. */
    static String hash(String script) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
