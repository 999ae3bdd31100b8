package dev.walker.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The order of the packages: each may use only those before it. */
class PackageOrderTest {
    private static final String ROOT = "dev.walker.";

    /** Names in one line are alternatives that do not see each other; a name stands for its own classes only. */
    private static final List<List<String>> ORDER = List.of(
            List.of("bytes"),
            List.of("version"),
            List.of("rmgr"),
            List.of("wal"),
            List.of("fpi"),
            List.of(
                    "rmgr.btree",
                    "rmgr.clog",
                    "rmgr.committs",
                    "rmgr.dbase",
                    "rmgr.heap",
                    "rmgr.logicalmsg",
                    "rmgr.multixact",
                    "rmgr.relmap",
                    "rmgr.replorigin",
                    "rmgr.seq",
                    "rmgr.smgr",
                    "rmgr.standby",
                    "rmgr.xact",
                    "rmgr.xlog"),
            List.of("describe"),
            List.of("spi"),
            List.of("engine", "heatmap", "plugins", "files"),
            List.of("jdbc"),
            List.of("remote"),
            List.of("sql", "host"));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.walker");

    @Test
    void everyPackageHasItsPlace() {
        Set<String> found = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> name.startsWith(ROOT))
                .map(name -> place(name.substring(ROOT.length())))
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(
                found.containsAll(Set.of("bytes", "version", "rmgr", "wal", "fpi", "spi", "host")), found.toString());
        found.removeIf(name -> ORDER.stream().anyMatch(level -> level.contains(name)));
        assertEquals(Set.of(), found, "packages without a place in the order");
    }

    /** Subpackages belong to the package above them, unless the order names them. */
    private static String place(String name) {
        for (List<String> level : ORDER) {
            if (level.contains(name)) {
                return name;
            }
        }
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : place(name.substring(0, dot));
    }

    @Test
    void eachUsesOnlyThoseBeforeIt() {
        List<String> violations = new ArrayList<>();
        for (int level = 0; level < ORDER.size(); level++) {
            for (String name : ORDER.get(level)) {
                List<String> forbidden = new ArrayList<>();
                for (int other = level; other < ORDER.size(); other++) {
                    for (String later : ORDER.get(other)) {
                        if (!later.equals(name)) {
                            forbidden.add(later);
                        }
                    }
                }
                EvaluationResult result = noClasses()
                        .that(new InPlace(name))
                        .should()
                        .dependOnClassesThat(new InPlaces(forbidden))
                        .allowEmptyShould(true)
                        .evaluate(CLASSES);
                violations.addAll(result.getFailureReport().getDetails());
            }
        }
        assertEquals(List.of(), violations);
    }

    @Test
    void librariesStayWhereTheyBelong() {
        for (String library : List.of("io.airlift", "org.postgresql", "picocli")) {
            List<String> allowed = library.equals("io.airlift")
                    ? List.of("fpi", "files", "host")
                    : library.equals("picocli") ? List.of("host") : List.of("jdbc", "remote", "host");
            noClasses()
                    .that(DescribedPredicate.not(new InPlaces(allowed)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(library + "..")
                    .check(CLASSES);
        }
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.walker.host.metrics..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.prometheus..")
                .check(CLASSES);
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("sun.misc.Unsafe")
                .check(CLASSES);
    }

    private static final class InPlace extends DescribedPredicate<JavaClass> {
        private final String name;

        InPlace(String name) {
            super("are in " + ROOT + name);
            this.name = name;
        }

        @Override
        public boolean test(JavaClass each) {
            return each.getPackageName().startsWith(ROOT)
                    && place(each.getPackageName().substring(ROOT.length())).equals(name);
        }
    }

    private static final class InPlaces extends DescribedPredicate<JavaClass> {
        private final List<String> names;

        InPlaces(List<String> names) {
            super("are in one of " + names);
            this.names = names;
        }

        @Override
        public boolean test(JavaClass each) {
            return each.getPackageName().startsWith(ROOT)
                    && names.contains(place(each.getPackageName().substring(ROOT.length())));
        }
    }
}
