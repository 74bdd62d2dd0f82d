package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A phone with one transaction to send, and a ternd of its own: what tests of syncs begin with. */
abstract class SyncTestCase {
    @TempDir
    Path folder;
    Server server;
    Replica phone;
    String token;

    @BeforeEach
    void open() throws Exception {
        server = new Server(folder);
        phone = Fixture.options(folder, "phone").open();
        token = server.token(Fixture.PATIENT);
        Fixture.insertUser(phone, Fixture.PATIENT);
    }

    @AfterEach
    void close() throws Exception {
        phone.close();
        server.close();
    }

    /** A server that accepts and never answers. */
    static final class Mute implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final List<Socket> accepted = new ArrayList<>();

        Mute() throws IOException {
        }

        String url() {
            return "https://localhost:" + listener.getLocalPort();
        }

        /** Waits until an exchange has begun to speak. */
        Socket hear() throws IOException {
            Socket socket = listener.accept();
            accepted.add(socket);
            assertTrue(socket.getInputStream().read() >= 0);
            return socket;
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : accepted) {
                socket.close();
            }
            listener.close();
        }
    }

    static CompletableFuture<SyncProgress> start(SyncCall call) {
        return call.start(body -> new Thread(body).start());
    }

    static void isCancelled(CompletableFuture<SyncProgress> future) {
        Throwable why = assertThrows(ExecutionException.class,
            () -> future.get(20, TimeUnit.SECONDS)).getCause();
        assertEquals(ErrorCode.CANCELLED, assertInstanceOf(TernException.class, why).code());
    }
}
