package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.UUID;
import org.junit.jupiter.api.function.Executable;

/** What the tests share: the schema document, people, and how a failure is looked at. */
final class Fixture {
    static final UUID PATIENT = UUID.fromString("0a1b0000-0000-4000-8000-00000000000a");
    static final UUID NEIGHBOUR = UUID.fromString("0a1b0000-0000-4000-8000-00000000000b");
    static final Path ROOT = Paths.get(System.getProperty("tern.root"));
    static final Path BUILD = Paths.get(System.getProperty("tern.build"));

    private Fixture() {
    }

    static byte[] schema() {
        try {
            return Files.readAllBytes(ROOT.resolve("schemas/dastern.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Replica.Options options(Path folder) {
        return options(folder, "replica");
    }

    static Replica.Options options(Path folder, String name) {
        return new Replica.Options(folder.resolve(name + ".db").toString()).schema(schema()).user(PATIENT);
    }

    static Replica open(Path folder) {
        return options(folder).open();
    }

    static UUID insertUser(Replica replica, UUID id) {
        return replica.writeResult(tx -> tx.insert("users",
            new Cells().with("id", id).with("role", "PATIENT").with("full_name", "Sok Dara")));
    }

    /** As assertEquals, which does not know what to make of a generic result. */
    static void same(Object expected, Object actual) {
        assertEquals(expected, actual);
    }

    static TernException fails(ErrorCode code, Executable body) {
        TernException error = assertThrows(TernException.class, body);
        assertEquals(code, error.code(), error.getMessage());
        return error;
    }

    static TernException fails(Problem problem, Executable body) {
        TernException error = assertThrows(TernException.class, body);
        assertEquals(problem, error.problem(), error.getMessage());
        return error;
    }
}
