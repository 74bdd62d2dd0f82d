package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.function.Executable;

/** What the tests share: the schema document, people, and how a failure is looked at. */
final class Fixture {
    static final UUID PATIENT = UUID.fromString("0a1b0000-0000-4000-8000-00000000000a");
    static final UUID NEIGHBOUR = UUID.fromString("0a1b0000-0000-4000-8000-00000000000b");
    static final String SYNC_TYPE = "application/vnd.tern.sync+ndjson; version=1";
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

    /** A sync that neither waits nor tries again. */
    static SyncOptions once() {
        return new SyncOptions().maxAttempts(1).waitLimit(Duration.ZERO);
    }

    /** A POST of the sync, packed as the bridge packs it. */
    static HttpTransport.Request request(String contentType, @Nullable String bodyCoding, String codings, @Nullable String token,
                                         String body, long limitBytes, long timeoutMs, boolean cancelled) {
        ByteBuffer step = ByteBuffer.allocate(1024 + 4 * body.length()).order(ByteOrder.nativeOrder());
        for (String text : new String[] {"/v1/sync", contentType, bodyCoding, codings, token, body}) {
            byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
            step.putInt(text == null ? -1 : bytes.length).put(bytes);
        }
        step.putLong(limitBytes).putLong(timeoutMs);
        return new HttpTransport.Request(Unpack.inside(step.array()), () -> cancelled);
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
