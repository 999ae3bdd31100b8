package dev.walker.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://h/db?user=u&password=s3cret&ssl=true",
                "jdbc:postgresql://h/db?password=s3cret",
                "jdbc:postgresql://h/db?sslpassword=s3cret&user=u",
                "postgresql://u:s3cret@h:5432/db",
                "postgresql://u:s3cr@s3cret@h/db",
                "host=h password=s3cret user=u",
                "host=h password='a s3cret' user=u",
                "Unable to parse URL \"jdbc:postgresql://h/db?PASSWORD=s3cret\" at 5"
            })
    void passwordsAreMasked(String text) {
        String masked = Secrets.mask(text);
        assertTrue(!masked.contains("s3cr") && !masked.contains("a s3"), masked);
        assertTrue(masked.contains("***"), masked);
    }

    @Test
    void otherTextStaysAsItIs() {
        for (String text : new String[] {
            "jdbc:postgresql://h1:5432,h2:5433/db?user=u&targetServerType=primary",
            "FATAL: password authentication failed for user \"u\"",
            "walking from 0/1234",
            "jdbc:postgresql://[::1]:5432/db"
        }) {
            assertEquals(text, Secrets.mask(text));
        }
        assertEquals(null, Secrets.mask(null));
    }

    @Test
    void knownPasswordIsMaskedWhereverItStands() {
        assertEquals("it was ***!", Secrets.mask("it was hush!", "hush"));
        assertEquals("it was hush!", Secrets.mask("it was hush!", ""));
    }
}
