package dev.walker.host.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class PageTest {
    private static final String HOSTILE = "</script><!--<b a=\"'&\u0001\u2028\u00e4";

    @Test
    void textIsNeverMarkup() throws IOException {
        StringWriter out = new StringWriter();
        new Html(out).element("td", HOSTILE);
        assertEquals("<td>&lt;/script&gt;&lt;!--&lt;b a=&quot;'&amp;\uFFFD\u2028\u00e4</td>", out.toString());
    }

    /** A name from right to left, or a mark of such, would turn round what follows it. */
    @Test
    void namesKeepTheirDirectionToThemselves() throws IOException {
        StringWriter out = new StringWriter();
        new Html(out).name("\u05d0<\u202e");
        assertEquals("<bdi>\u05d0&lt;\u202e</bdi>", out.toString());
        out.getBuffer().setLength(0);
        new Html(out).quoting("VACUUM \"a\u202e\"\"b\", c; CALL f('it''s \u202e')");
        assertEquals(
                "VACUUM <bdi>&quot;a\u202e&quot;&quot;b&quot;</bdi>, c; CALL f(<bdi>'it''s \u202e'</bdi>)",
                out.toString());
    }

    @Test
    void dataCannotEndItsElement() throws IOException {
        StringWriter out = new StringWriter();
        Json.element(new Html(out), "x", json -> json.writeString(HOSTILE));
        assertEquals(
                "<script type=\"application/json\" id=\"x\">\"\\u003c/script\\u003e\\u003c!--\\u003cb a=\\\"'\\u0026\\u0001"
                        + "\\u2028\\u00E4\"</script>\n",
                out.toString());
    }

    @Test
    void scriptsCannotEndTheirElement() {
        assertEquals("a(\"<\\/script>\") <\\!-- b", Assets.inScript("a(\"</script>\") <!-- b"));
        assertFalse(Assets.inScript(Assets.CHARTS).contains("</script"));
    }

    @Test
    void numbersAreForPeople() {
        assertEquals("1,234,567", Format.count(1_234_567));
        assertEquals("1.0 kB", Format.size(1024));
        assertEquals("123 MB", Format.size(123L << 20));
        assertEquals("0 bytes", Format.size(0));
        assertEquals("0.5%", Format.percent(1, 200));
        assertEquals("50%", Format.percent(0.5));
        assertEquals("", Format.percent(0, 0));
    }
}
