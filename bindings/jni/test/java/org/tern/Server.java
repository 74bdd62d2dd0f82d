package org.tern;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** A ternd of a test's own, with throwaway certificates, on a free port of the loopback. */
final class Server implements AutoCloseable {
    private final Path folder;
    /** Of the next start. */
    Path schema = Fixture.ROOT.resolve("schemas/dastern.json");
    private Process process;
    /** Bound and not listening, beside which a ternd may listen: while there is none, nobody else is given its port. */
    private final Socket place = new Socket();

    Server(Path folder) throws Exception {
        this.folder = folder;
        run(Fixture.ROOT.resolve("tests/fixtures/tls/make-certificates").toString(), folder.toString());
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        StringBuilder text = new StringBuilder();
        for (byte b : key) {
            text.append(String.format("%02x", b));
        }
        Files.write(folder.resolve("token.key"), text.toString().getBytes(StandardCharsets.US_ASCII));
        place.setReuseAddress(true);
        place.bind(new InetSocketAddress("127.0.0.1", 0));
        start();
    }

    private static Process launch(Path errors, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(
            ProcessBuilder.Redirect.appendTo(errors.toFile()));
        builder.environment().remove("LD_PRELOAD");
        builder.environment().remove("ASAN_OPTIONS");
        return builder.start();
    }

    private String run(String... command) throws Exception {
        Process child = launch(folder.resolve("errors.log"), command);
        StringBuilder said = new StringBuilder();
        byte[] chunk = new byte[4096];
        try (InputStream out = child.getInputStream()) {
            for (int size = out.read(chunk); size >= 0; size = out.read(chunk)) {
                said.append(new String(chunk, 0, size, StandardCharsets.UTF_8));
            }
        }
        if (child.waitFor() != 0) {
            throw new AssertionError(Arrays.toString(command) + ": "
                + new String(Files.readAllBytes(folder.resolve("errors.log")), StandardCharsets.UTF_8));
        }
        return said.toString().trim();
    }

    /** Runs the tern command. */
    String tern(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(Arrays.asList(arguments));
        command.add(0, Fixture.BUILD.resolve("cli/tern").toString());
        return run(command.toArray(new String[0]));
    }

    String token(UUID user, String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(Arrays.asList("token", "--user", user.toString(), "--key",
            folder.resolve("token.key").toString()));
        arguments.addAll(Arrays.asList(flags));
        return tern(arguments.toArray(new String[0]));
    }

    /** Also again after {@link #stop}, on the same port and database. */
    void start() throws Exception {
        Path portFile = folder.resolve("server.port");
        Files.deleteIfExists(portFile);
        process = launch(folder.resolve("server.log"), Fixture.BUILD.resolve("server/ternd").toString(),
            "--database", folder.resolve("server.db").toString(),
            "--schema", schema.toString(),
            "--certificate", folder.resolve("server.pem").toString(),
            "--private-key", folder.resolve("server.key").toString(),
            "--token-key", folder.resolve("token.key").toString(),
            "--port", Integer.toString(place.getLocalPort()), "--port-file", portFile.toString());
        for (int i = 0; i < 6000 && process.isAlive(); i++) {
            if (Files.exists(portFile)) {
                return;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("ternd does not start: "
            + new String(Files.readAllBytes(folder.resolve("server.log")), StandardCharsets.UTF_8));
    }

    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }

    String url() {
        return "https://localhost:" + place.getLocalPort();
    }

    /** Trusts the authority of the certificate named and no other. */
    SSLSocketFactory trust(String authority) throws Exception {
        return trustFile(folder.resolve(authority + ".pem"));
    }

    static SSLSocketFactory trustFile(Path authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority)) {
            Certificate certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
            store.setCertificateEntry("ca", certificate);
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    UrlTransport transport() throws Exception {
        return new UrlTransport(url(), trust("ca"));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        stop();
        place.close();
    }
}
